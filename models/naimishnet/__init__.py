"""The grey-scale CNN of seed 002, after the NaimishNet pattern."""
