"""The one import of PyAV.

Its modules import each other in circles. Two threads that begin with different ones at the same
time would find one another's half made; behind this module the second waits for the first.
"""

import av
import av.codec.context
import av.container
import av.logging
import av.stream
import av.video.codeccontext
import av.video.frame
import av.video.stream

__all__ = ["av"]
