"""The plots of an evaluation, drawn with pyqtgraph; imported when they are first shown."""
