"""The window's side of recording, snapshots and live data."""
