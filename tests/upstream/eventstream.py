"""Frames of `application/vnd.amazon.eventstream`, in which Amazon Bedrock streams its answers.

Source: AWS reference, "Event stream encoding": lengths, their CRC, headers, payload, CRC of it all.
"""

import base64
import json
import struct
import zlib

_TEXT = 7  # the type of a header's value


def event(data: bytes) -> bytes:
    """A piece of an answer: JSON as it stands in an event of Anthropic's own API."""
    payload = {"bytes": base64.b64encode(data).decode(), "p": "abcdefgh"}
    return frame("event", "chunk", payload)


def exception(kind: str, message: str) -> bytes:
    """An error after the beginning of an answer."""
    return frame("exception", kind, {"message": message})


def frame(message_type: str, kind: str, payload: object) -> bytes:
    headers = {f":{message_type}-type": kind, ":content-type": "application/json"}
    headers[":message-type"] = message_type
    head = b"".join(
        struct.pack(f"!B{len(name)}sBH", len(name), name.encode(), _TEXT, len(value))
        + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    lengths = struct.pack("!II", 16 + len(head) + len(body), len(head))
    whole = lengths + struct.pack("!I", zlib.crc32(lengths)) + head + body
    return whole + struct.pack("!I", zlib.crc32(whole))


def damaged(whole: bytes) -> bytes:
    """The same frame with one bit of its payload turned."""
    return whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
