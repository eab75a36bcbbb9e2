"""The zoo of models, and how each of them was made."""
