"""The driver in the window: state, plots, events, calibration, alarm."""
