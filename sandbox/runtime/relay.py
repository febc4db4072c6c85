"""The relay: a loopback port inside the sandbox, and behind it the model's Unix socket.

An ordinary SDK pointed at http://127.0.0.1:PORT reaches the gateway through it, unchanged. It
understands nothing of what it carries. `_socket` is the C half of `socket`: importing all of
`socket` would double the time a sandbox takes to start.
"""

import _socket
import select

MAX_CONNECTIONS = 64
MAX_WAITING = 256 * 1024
_CHUNK = 64 * 1024


class _End:
    """One end of a relayed connection; `waiting` holds bytes not yet sent to it."""

    def __init__(self, sock):
        self.sock = sock
        self.waiting = bytearray()
        self.has_ended = False
        self.peer = None

    def fileno(self):
        return self.sock.fileno()


class Relay:
    """Carries bytes whenever `step` is called; `fileno` becomes readable when it should be."""

    def __init__(self, port, path):
        self._path = path
        self._ends = {}
        self._listener = _socket.socket(_socket.AF_INET, _socket.SOCK_STREAM)
        self._listener.setsockopt(_socket.SOL_SOCKET, _socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))
        self._listener.listen(MAX_CONNECTIONS)
        self._listener.setblocking(False)
        self.port = self._listener.getsockname()[1]
        self._epoll = select.epoll()
        self._epoll.register(self._listener.fileno(), select.EPOLLIN)

    def fileno(self):
        """Return the descriptor to poll for reading."""
        return self._epoll.fileno()

    def step(self):
        """Accept, read and write whatever is ready, without waiting."""
        for fd, event in self._epoll.poll(0):
            if fd == self._listener.fileno():
                self._accept()
            elif fd in self._ends:
                self._carry(self._ends[fd], event)

    def hang_up(self):
        """Close all connections; new ones are still welcome."""
        while self._ends:
            self._close(next(iter(self._ends.values())))  # takes its peer along

    def _accept(self):
        try:
            fd, _ = self._listener._accept()  # noqa: SLF001 - the C half has no other name for it
        except OSError:
            return
        client = _End(_socket.socket(_socket.AF_INET, _socket.SOCK_STREAM, 0, fd))
        model = _End(_socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM))
        client.peer, model.peer = model, client
        if self._is_full() or not self._reaches(model):
            client.sock.close()
            model.sock.close()
            return
        for end in (client, model):
            end.sock.setblocking(False)
            self._ends[end.fileno()] = end
            self._epoll.register(end.fileno(), select.EPOLLIN)

    def _is_full(self):
        return len(self._ends) >= 2 * MAX_CONNECTIONS

    def _reaches(self, model):
        try:
            model.sock.setblocking(False)
            model.sock.connect(self._path)
        except OSError:
            return False
        return True

    def _carry(self, end, event):
        try:
            if event & select.EPOLLOUT:
                del end.waiting[: end.sock.send(end.waiting)]
            if event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                self._read(end)
            self._pass_on_the_end(end)
            self._pass_on_the_end(end.peer)
        except BlockingIOError:
            return
        except OSError:
            self._close(end)
            return
        if end.has_ended and end.peer.has_ended and not end.waiting and not end.peer.waiting:
            self._close(end)
            return
        self._watch(end)
        self._watch(end.peer)

    def _read(self, end):
        if end.has_ended:
            raise OSError("both directions are closed")
        chunk = end.sock.recv(_CHUNK)
        end.has_ended = not chunk
        end.peer.waiting += chunk

    def _pass_on_the_end(self, end):
        if end.peer.has_ended and not end.waiting:
            end.sock.shutdown(_socket.SHUT_WR)

    def _watch(self, end):
        reads = not end.has_ended and len(end.peer.waiting) < MAX_WAITING
        events = (select.EPOLLIN if reads else 0) | (select.EPOLLOUT if end.waiting else 0)
        self._epoll.modify(end.fileno(), events)

    def _close(self, end):
        for each in (end, end.peer):
            del self._ends[each.fileno()]
            each.sock.close()
