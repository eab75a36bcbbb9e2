"""The label editor: frames one by one, points to drag, attributes to set."""
