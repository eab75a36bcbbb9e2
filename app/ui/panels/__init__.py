"""The sections of the side panel."""
