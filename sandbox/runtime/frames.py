"""Length-prefixed frames between the host and the runner.

A frame is one byte of kind, four bytes of length, and the payload. A payload of fields is each
field's length in four bytes and then its bytes. No field is ever evaluated, by either side.
"""

import os
import struct

HEADER = struct.Struct("!cI")
LENGTH = struct.Struct("!I")
CHUNK = 256 * 1024


class Control:
    """The runner's end of the connection with the host."""

    def __init__(self, fd):
        self.fd = fd

    def receive(self):
        """Wait for one request; return its kind and its fields. Raises: EOFError."""
        kind, length = HEADER.unpack(self._read(HEADER.size))
        return kind, unpack_fields(self._read(length))

    def send(self, kind, payload=b""):
        """Send one frame."""
        unsent = memoryview(HEADER.pack(kind, len(payload)) + payload)
        while unsent:
            unsent = unsent[os.write(self.fd, unsent) :]

    def _read(self, length):
        parts = bytearray()
        while len(parts) < length:
            chunk = os.read(self.fd, min(CHUNK, length - len(parts)))
            if not chunk:
                raise EOFError("the host is gone")
            parts += chunk
        return parts


def unpack_fields(payload):
    """Split a payload into its fields, without copying them."""
    view = memoryview(payload)
    fields = []
    while view:
        (length,) = LENGTH.unpack(view[: LENGTH.size])
        fields.append(view[LENGTH.size : LENGTH.size + length])
        view = view[LENGTH.size + length :]
    return fields


def pack_fields(*fields):
    """Join fields into a payload."""
    return b"".join(LENGTH.pack(len(field)) + field for field in fields)
