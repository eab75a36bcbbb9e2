"""From a frame to its faces."""
