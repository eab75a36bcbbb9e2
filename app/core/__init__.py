"""The words of the program: plain values that need numpy and nothing else."""
