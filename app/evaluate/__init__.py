"""Predictions against labels: the one definition of every error and of every attribute."""
