"""Running one command: its own session, bounded output, a deadline, and nobody left behind."""

import _signal
import os
import select
import time

import kernel
from frames import LENGTH, pack_fields

_CHUNK = 64 * 1024
_GONE = select.POLLHUP | select.POLLERR | select.POLLNVAL


class Window:
    """The head and the tail of a stream of any length, in bounded memory."""

    def __init__(self, cap):
        self._half = cap // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.dropped = 0

    def add(self, chunk):
        """Take the next bytes of the stream."""
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        excess = len(self._tail) - self._half
        if excess > 0:
            del self._tail[:excess]
            self.dropped += excess

    def content(self):
        """Return what is kept; if bytes were dropped, a line in between says how many."""
        line = b"\n[... %d bytes dropped ...]\n" % self.dropped if self.dropped else b""
        return bytes(self._head + line + self._tail)


class Command:
    """A started command and the pipes it is watched through."""

    def __init__(self, fields, limits):
        timeout_ms, cap, argc = (LENGTH.unpack(field)[0] for field in fields[:3])
        cwd, stdin, *words = (bytes(field) for field in fields[3:])
        argv, env = words[:argc], dict(word.split(b"=", 1) for word in words[argc:])
        self.deadline = time.monotonic() + timeout_ms / 1000
        self.unsent = memoryview(stdin)
        theirs_in, self.stdin = os.pipe()
        stdout, theirs_out = os.pipe()
        stderr, theirs_err = os.pipe()
        self.windows = {stdout: Window(cap), stderr: Window(cap)}
        self.pid = os.fork()
        if self.pid == 0:
            _become(argv, env, cwd, (theirs_in, theirs_out, theirs_err), limits)
        for fd in (theirs_in, theirs_out, theirs_err):
            os.close(fd)
        for fd in (self.stdin, stdout, stderr):
            os.set_blocking(fd, False)

    def feed(self):
        """Write what fits of the input; False when no more is wanted or left."""
        try:
            self.unsent = self.unsent[os.write(self.stdin, self.unsent[:_CHUNK]) :]
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        return bool(self.unsent)

    def gather(self, fd):
        """Read what an output holds; False at its end."""
        try:
            chunk = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        self.windows[fd].add(chunk)
        return bool(chunk)

    def answer(self, status):
        """Return the answer's payload; no status means that the deadline came first."""
        code = b"" if status is None else str(_exit_code(status)).encode()
        dropped = sum(window.dropped for window in self.windows.values())
        outputs = (window.content() for window in self.windows.values())
        return pack_fields(code, str(dropped).encode(), *outputs)


class Watch:
    """Everything that can happen while a command runs, in one poll loop."""

    def __init__(self, control, relay, limits, way):
        self._control, self._relay, self._limits, self._way = control, relay, limits, way
        self._wakeup, wakes = os.pipe()
        for fd in (self._wakeup, wakes):
            os.set_blocking(fd, False)
        _signal.set_wakeup_fd(wakes)
        _signal.signal(_signal.SIGCHLD, lambda _number, _frame: None)

    def run(self, fields):
        """Run one command to its end or deadline; return the answer's payload."""
        command = Command(fields, self._limits)
        poller = self._poller(command)
        status = None
        while status is None:
            left = command.deadline - time.monotonic()
            if left <= 0:
                break
            for fd, event in poller.poll(left * 1000):
                self._handle(fd, event, command, poller)
            status = kernel.reap(command.pid)
        kernel.kill_all(self._way)
        self._finish(command)
        return command.answer(status)

    def _poller(self, command):
        poller = select.poll()
        poller.register(self._control.fd, 0)
        poller.register(self._wakeup, select.POLLIN)
        poller.register(command.stdin, select.POLLOUT)
        for fd in command.windows:
            poller.register(fd, select.POLLIN)
        if self._relay is not None:
            poller.register(self._relay.fileno(), select.POLLIN)
        return poller

    def _handle(self, fd, event, command, poller):
        if fd == self._control.fd:
            raise EOFError("the host is gone")
        if fd == self._wakeup:
            os.read(fd, _CHUNK)
        elif fd == command.stdin:
            if event & _GONE or not command.feed():
                poller.unregister(fd)
                os.close(fd)
                command.stdin = None
        elif fd in command.windows:
            if not command.gather(fd):
                poller.unregister(fd)
        else:
            self._relay.step()

    def _finish(self, command):
        """Take what is in the pipes, and close them: a socket may still hold a writing end."""
        for fd in command.windows:
            rest = select.poll()
            rest.register(fd, select.POLLIN)
            while rest.poll(0) and command.gather(fd):
                continue
            os.close(fd)
        if command.stdin is not None:
            os.close(command.stdin)
        if self._relay is not None:
            self._relay.hang_up()


def _become(argv, env, cwd, streams, limits):
    """Turn this forked process into the command; never return."""
    try:
        os.setsid()
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
        for number in (_signal.SIGINT, _signal.SIGPIPE, _signal.SIGXFSZ):
            _signal.signal(number, _signal.SIG_DFL)
        limits.apply()
        os.umask(0o022)
        os.chdir(cwd)
        os.execvpe(argv[0], argv, env)
    except FileNotFoundError as error:
        os.write(2, b"%s: %s\n" % (argv[0], str(error).encode()))
        os._exit(127)
    except OSError as error:
        os.write(2, b"%s: %s\n" % (argv[0], str(error).encode()))
        os._exit(126)
    finally:
        os._exit(125)


def _exit_code(status):
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
