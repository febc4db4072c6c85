"""How independent units of work are spread over workers."""

from dgm.fanout.protocol import Done, FanOut
from dgm.fanout.threads import ThreadFanOut

__all__ = ["Done", "FanOut", "ThreadFanOut"]
