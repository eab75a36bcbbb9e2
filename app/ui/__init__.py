"""The window: everything that is Qt, and nothing else is."""
