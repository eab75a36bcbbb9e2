"""The window's side of evaluation: choose, run, look at the plots, keep and compare."""
