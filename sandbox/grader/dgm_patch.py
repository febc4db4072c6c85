"""The process that imports the code under test, and does with it what the judge asks.

It knows no test, no expected value and no key: what is asked of it is all there is to see here.
"""

import _signal as signal
import _thread
import operator
import os
import resource
import sys

from dgm_pipes import Pipes
from dgm_values import Gone, TooSlow
from dgm_wire import Peer

_HERE = os.path.dirname(os.path.abspath(__file__))
_PLACES = 10
_VERBS = {
    "len": len, "iter": iter, "next": next, "bool": bool, "str": str, "repr": repr, "hash": hash,
    "int": int, "float": float, "complex": complex, "round": round, "abs": abs, "divmod": divmod,
    "reversed": reversed, "format": format, "isinstance": isinstance, "issubclass": issubclass,
    "get": getattr, "set": setattr, "del": delattr, "dir": dir, "pow": pow,
    **{name: getattr(operator, name) for name in (
        "eq ne lt le gt ge add sub mul truediv floordiv mod matmul lshift rshift and_ or_ xor "
        "iadd isub imul itruediv ifloordiv imod imatmul ilshift irshift iand ior ixor "
        "neg pos invert index contains getitem setitem delitem").split()},
}  # fmt: skip


class Callback:
    """A function of the tests."""

    def __init__(self, peer):
        self._peer = peer

    def __call__(self, *arguments, **named):
        return self._peer.outwards("call", self, arguments, named)


class Stream:
    """An iterator of the tests."""

    def __init__(self, peer):
        self._peer = peer

    def __iter__(self):
        return self

    def __next__(self):
        return self._peer.outwards("next", self)


class Patch(Peer):
    """The patch's end.

    One thread at a time has its turn with the pipes: this one, but for while it runs the code under
    test, or one that this code has started, from the call of a function of the tests to its end.
    """

    def __init__(self, incoming, outgoing, cpu_seconds):
        pipes = Pipes(incoming, outgoing)
        super().__init__(False, pipes.receive, pipes.send)
        self._cpu_seconds, self._pid = cpu_seconds, os.getpid()
        self._is_inside, self._mark = False, 0
        self._turn, self._calls, self._thread = _thread.RLock(), 0, _thread.get_ident()

    def run(self):
        """Serve until the judge has gone."""
        signal.signal(signal.SIGVTALRM, self._stop)
        self._turn.acquire()
        while True:
            _, number, body = self.unpack(self._receive())
            self._answer(number, body)

    def serve(self, verb, arguments):
        if verb == "begin":
            self._mark = self.keep()
            signal.setitimer(signal.ITIMER_VIRTUAL, self._cpu_seconds)
            return None
        if verb in ("end", "keep"):
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if verb == "end":
                self.forget(self._mark)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            return None
        if self._calls:  # this thread has its turn until that call has ended
            return self._run(verb, arguments)
        self._turn.release()
        try:
            return self._run(verb, arguments)
        finally:
            if os.getpid() == self._pid:
                self._turn.acquire()

    def _run(self, verb, arguments):
        self._mark_inside(True)
        try:
            return self._do(verb, arguments)
        finally:
            self._mark_inside(False)

    def _mark_inside(self, is_inside):
        if _thread.get_ident() == self._thread:  # signals are for it
            self._is_inside = is_inside

    def _do(self, verb, arguments):
        if verb == "call":
            function, arguments, named = arguments
            return function(*arguments, **named)
        if verb == "import":
            return __import__(arguments[0], {"__name__": "tests"}, None, arguments[1])
        if verb in ("enter", "exit"):
            value, *arguments = arguments
            return getattr(type(value), "__%s__" % verb)(value, *arguments)
        return _VERBS[verb](*arguments)

    def outwards(self, verb, *arguments):
        """Ask the judge, from inside of the code under test."""
        if os.getpid() != self._pid:
            raise RuntimeError("a function of the tests was called in another process")
        self._mark_inside(False)
        try:
            with self._turn:
                return self._ask(verb, arguments)
        finally:
            self._mark_inside(True)

    def _ask(self, verb, arguments):
        if id(arguments[0]) not in self._references:
            raise RuntimeError("a function of a test was called after the test had ended")
        self._calls += 1
        try:
            return self.request(verb, *arguments)
        finally:
            self._calls -= 1

    def _stop(self, *_):
        if not self._is_inside:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0.01)  # not while a message is made
            return
        raise TooSlow("took more than %s s of processor time" % self._cpu_seconds)

    def before_answer(self):
        """End a process that the code under test has forked and not ended: it answers nobody."""
        if os.getpid() != self._pid:
            _leave(0)

    def told(self, error):
        if os.getpid() != self._pid:
            code = error.code if isinstance(error, SystemExit) else 1
            if type(code) is not int:
                code = 0 if code is None else 1
            _leave(code & 255)
        try:
            text = str(error)[:4000]
        except Exception:
            text = ""
        yield type(error), error.args, text, _places(error), error
        yield type(error), (text,), text, _places(error), None
        yield from super().told(error)

    def kind_of(self, value):
        return None

    def proxy(self, kind):
        return Stream(self) if kind == "iterator" else Callback(self)

    def raised(self, body):
        known, arguments, *_ = body
        return known(*arguments)


def _places(error):
    lines, step = [], error.__traceback__
    while step is not None and len(lines) < _PLACES:
        code = step.tb_frame.f_code
        if not code.co_filename.startswith((_HERE, "<")):
            name = os.path.relpath(code.co_filename)
            lines.append("%s:%d in %s" % (name, step.tb_lineno, code.co_name))
        step = step.tb_next
    return () if isinstance(error, TooSlow) else tuple(lines)


def _leave(code):
    try:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    finally:
        os._exit(code)


def run(incoming, outgoing, output, cpu_seconds):
    """Be the patch's process; never return."""
    code = 0
    try:
        os.setsid()
        nowhere = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nowhere, 0)
        for fd in (1, 2):
            os.dup2(output, fd)
        os.close(output)
        os.close(nowhere)
        resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
        sys.path.insert(0, os.getcwd())
        Patch(incoming, outgoing, cpu_seconds).run()
    except Gone:
        pass
    except BaseException:
        code = 1
        sys.excepthook(*sys.exc_info())
    finally:
        _leave(code)
