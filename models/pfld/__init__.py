"""PFLD: a fast landmark network with a loss weighted by attribute and pose (seed 000)."""
