"""The first process in a sandbox: does what the host asks for, and nothing else.

The host holds the other end of standard input; when it goes, the runner ends, and with it
everything inside. Commands inherit neither that connection nor the runner's environment.

Standard library only, Python >= 3.8, and quick to start. What the runner says is as hostile as
the agent: the host must believe none of it.
"""

import _signal
import os
import resource
import sys

import files
import kernel
from command import Watch
from frames import CHUNK, LENGTH, Control, pack_fields
from relay import Relay


class Limits:
    """The resource limits of every command, as `name=value` words (`NOFILE=256`)."""

    def __init__(self, words):
        pairs = (word.split("=") for word in words)
        self._limits = [(getattr(resource, "RLIMIT_" + name), int(value)) for name, value in pairs]

    def apply(self):
        """Bind this process, for good, and whatever it starts."""
        for limit, value in self._limits:
            resource.setrlimit(limit, (value, value))


class Outgoing:
    """Gathers small pieces into frames of a decent size."""

    def __init__(self, control):
        self._control = control
        self._pieces = bytearray()

    def send(self, piece):
        """Take one piece."""
        self._pieces += piece
        if len(self._pieces) >= CHUNK:
            self.flush()

    def flush(self):
        """Send what was gathered."""
        self._control.send(b"d", bytes(self._pieces))
        self._pieces.clear()


class Runner:
    """Answers the host's requests, one after the other."""

    def __init__(self, control, watch, way):
        self._control, self._watch, self._way = control, watch, way
        self._jobs = {b"P": self._put, b"X": watch.run, b"C": self._collect, b"R": self._read}

    def serve(self):
        """Answer requests until the host goes away."""
        while True:
            kind, fields = self._control.receive()
            try:
                answer = self._jobs[kind](fields)
            except (OSError, ValueError, RuntimeError) as error:
                self._control.send(b"e", str(error).encode(errors="replace"))
            else:
                self._control.send(b"k", answer)

    def _put(self, fields):
        files.unpack(fields[1], bytes(fields[0]))
        return b""

    def _collect(self, fields):
        kernel.kill_all(self._way)
        outgoing = Outgoing(self._control)
        try:
            files.pack(bytes(fields[0]), outgoing.send)
        finally:
            outgoing.flush()  # what came before a failure may tell the host why
        return b""

    def _read(self, fields):
        content = files.read(bytes(fields[0]), LENGTH.unpack(fields[1])[0])
        return b"" if content is None else pack_fields(content)


def _take_control():
    """Move the connection away from standard input, so that no command can inherit it."""
    fd = os.dup(0)
    nowhere = os.open("/dev/null", os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    return Control(fd)


def main(way, port, socket, *limits):
    """Serve the host; `way` is a way of killing, `port` is empty when no model is wanted."""
    _signal.signal(_signal.SIGINT, _signal.SIG_IGN)  # Python's own handler would end the runner
    complaints = os.dup(2)  # no command inherits it
    control = _take_control()
    relay = Relay(int(port), socket) if port else None
    control.send(b"k", pack_fields(b"%d" % relay.port if relay else b""))
    try:
        kernel.guard()
    except (ImportError, OSError) as error:
        control.send(b"e", str(error).encode())
        raise
    watch = Watch(control, relay, Limits(limits), way)
    try:
        Runner(control, watch, way).serve()
    except EOFError:
        os._exit(0)
    except BaseException as error:
        os.write(complaints, b"the runner failed: " + repr(error).encode(errors="replace"))
        raise


if __name__ == "__main__":
    main(*sys.argv[1:])
