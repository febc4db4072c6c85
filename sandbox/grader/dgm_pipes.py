"""The pipes between the judge and the process of the patch."""

import os

from dgm_values import FRAME_BYTES, Broken, Gone


class Pipes:
    """Whole frames over two descriptors: eight hexadecimal digits, then so many bytes."""

    def __init__(self, incoming, outgoing, wait=lambda fd, is_write: None):
        self._incoming, self._outgoing, self._wait = incoming, outgoing, wait

    def send(self, frame):
        """Write a frame. Raises: Gone."""
        rest = memoryview(b"%08x" % len(frame) + frame)
        try:
            while rest:
                self._wait(self._outgoing, True)
                rest = rest[os.write(self._outgoing, rest) :]
        except OSError:
            raise Gone("it has ended") from None

    def receive(self):
        """Read a frame. Raises: Broken, Gone."""
        head = self._take(8)
        if len(head.strip(b"0123456789abcdef")) or int(head, 16) > FRAME_BYTES:
            raise Broken("something was written that is no message")
        return self._take(int(head, 16))

    def _take(self, count):
        pieces = []
        while count:
            self._wait(self._incoming, False)
            try:
                piece = os.read(self._incoming, min(count, 1 << 16))
            except OSError:
                piece = b""
            if not piece:
                raise Gone("it has ended")
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)
