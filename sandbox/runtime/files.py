"""Files in and out as tar, written and read by hand: importing `tarfile` costs ten milliseconds.

What comes in was made by the host. What goes out is read there by a reader that trusts nothing;
links, devices and `.git` are sent as bare headers, so that the host can name what stayed behind.
"""

import os
import stat

from frames import CHUNK

_BLOCK = 512
_KINDS = {
    stat.S_IFREG: b"0",
    stat.S_IFLNK: b"2",
    stat.S_IFCHR: b"3",
    stat.S_IFBLK: b"4",
    stat.S_IFDIR: b"5",
    stat.S_IFIFO: b"6",
}


def unpack(archive, folder):
    """Unpack a tar the host made: files, folders and symbolic links."""
    os.makedirs(folder, exist_ok=True)
    at, long_name = 0, None
    while at + _BLOCK <= len(archive):
        block = bytes(archive[at : at + _BLOCK])
        if not block.strip(b"\0"):
            return
        kind, size = block[156:157], int(block[124:136].strip(b" \0") or b"0", 8)
        body = archive[at + _BLOCK : at + _BLOCK + size]
        at += _BLOCK + -(-size // _BLOCK) * _BLOCK
        if kind == b"L":
            long_name = bytes(body).rstrip(b"\0")
        elif kind == b"x":
            long_name = _pax_path(bytes(body)) or long_name
        elif kind != b"g":
            _place(os.path.join(folder, long_name or _name(block)), kind, block, body)
            long_name = None


def _name(block):
    name = block[:100].split(b"\0", 1)[0]
    prefix = block[345:500].split(b"\0", 1)[0] if block[257:263] == b"ustar\0" else b""
    return prefix + b"/" + name if prefix else name


def _pax_path(records):
    while records:
        length = int(records.split(b" ", 1)[0])
        key, value = records[:length].split(b" ", 1)[1][:-1].split(b"=", 1)
        if key == b"path":
            return value
        records = records[length:]
    return None


def _place(path, kind, block, body):
    if kind == b"5":
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == b"2":
        os.symlink(block[157:257].split(b"\0", 1)[0], path)
        return
    if kind not in (b"0", b"\0"):
        raise ValueError("an entry of kind %r cannot be unpacked" % kind)
    mode = 0o755 if int(block[100:108].strip(b" \0") or b"0", 8) & 0o100 else 0o644
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, mode)
    try:
        while body:
            body = body[os.write(fd, body) :]
    finally:
        os.close(fd)


def pack(folder, send):
    """Stream a folder as tar through `send(chunk)`: entries by name, then what is below them."""
    linked = set()
    waiting = [b""]
    while waiting:
        below = waiting.pop()
        here = os.path.join(folder, below)
        _open_up(here)
        names = [os.path.join(below, name) for name in sorted(os.listdir(here))]
        folders = [name for name in names if _send_entry(folder, name, linked, send)]
        waiting += reversed(folders)
    send(bytes(2 * _BLOCK))


def _send_entry(folder, name, linked, send):
    """Send one entry; True for a folder that is to be entered."""
    path = os.path.join(folder, name)
    status = os.lstat(path)
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), b"6")
    if kind == b"0" and status.st_nlink > 1:
        kind = b"1" if status.st_ino in linked else kind
        linked.add(status.st_ino)
    is_wanted = kind in b"05" and os.path.basename(name).lower() != b".git"
    size = status.st_size if kind == b"0" and is_wanted else 0
    if len(name) > 100:
        send(_header(b"././@LongLink", b"L", len(name), 0) + name + bytes(-len(name) % _BLOCK))
    send(_header(name[:100], kind, size, status.st_mode))
    if size:
        _send_content(path, size, send)
    return kind == b"5" and is_wanted


def _send_content(path, size, send):
    _open_up(path)
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        left = size
        while left:
            chunk = os.read(fd, min(CHUNK, left))
            if not chunk:
                raise OSError("a file shrank while it was read")
            send(chunk)
            left -= len(chunk)
    finally:
        os.close(fd)
    send(bytes(-size % _BLOCK))


def _open_up(path):
    """Give back the rights a command may have taken from its own files; links are not followed."""
    mode = os.lstat(path).st_mode
    needed = 0o700 if stat.S_ISDIR(mode) else 0o400
    if mode & needed != needed:
        os.chmod(path, stat.S_IMODE(mode) | needed)


def _header(name, kind, size, mode):
    block = bytearray(_BLOCK)
    block[: len(name)] = name
    block[100:108] = b"%07o\0" % (0o755 if mode & 0o100 else 0o644)
    block[108:124] = b"0000000\0" * 2
    block[124:136] = b"%011o\0" % size if size < 8**11 else b"\x80" + size.to_bytes(11, "big")
    block[136:148] = b"00000000000\0"
    block[156:157] = kind
    block[257:265] = b"ustar\x0000"
    block[148:156] = b" " * 8
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


def read(path, max_bytes):
    """Return the first `max_bytes` of a regular file, or None if there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = bytearray()
        while len(content) < max_bytes:
            chunk = os.read(fd, min(CHUNK, max_bytes - len(content)))
            if not chunk:
                break
            content += chunk
        return bytes(content)
    finally:
        os.close(fd)
