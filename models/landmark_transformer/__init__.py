"""ResNet features as tokens of a Transformer encoder (seed 001)."""
