"""Errors that a user can act on."""


class PfldLiveError(Exception):
    """Something that the user can mend.

    The message is one sentence that says what is wrong and what to do. The command line
    prints it and exits with code 2; the window shows it. Any other exception is a bug.
    """


class SourceError(PfldLiveError):
    """A camera, clip, image or stream cannot be opened or read."""


class ModelError(PfldLiveError):
    """A model file is missing, broken or disagrees with its own card."""


class OutputError(PfldLiveError):
    """A file that was asked for cannot be written."""
