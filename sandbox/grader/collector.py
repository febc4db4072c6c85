"""Judge hidden tests from a process that never runs a line of the patch.

The grader puts this file in the place of a task's `check.py`, with the files `dgm_*.py` beside it,
writes a secret key to standard input, and reads the lines `dgm-hello` and `dgm-report` from
standard output. Each is signed with the key, which nobody else can read.

Two processes: this one runs the tests; the one it forks before it has read anything imports the
patch, and is asked over a pipe (`dgm_wire.py`). So the patch sees what it is called with, and never
a test, an expected value or the key. This process closes its memory before the patch is imported.

Standard library only, Python >= 3.8, few imports: the grader waits for this.
"""

import _signal as signal
import binascii
import os
import resource
import select
import sys
from _blake2 import blake2b  # `hashlib` takes milliseconds to import
from time import monotonic

sys.dont_write_bytecode = True  # nothing is left among the tests

import dgm_judge
import dgm_patch
from dgm_clock import Clock
from dgm_pipes import Pipes
from dgm_values import Gone, Spent, TooSlow

CPU_SECONDS = 0.2  # of the patch's process, for each test, by its own timer
SPENT_SECONDS = 0.4  # of all its processes and with the kernel's work, as this one reads it
LOOK_SECONDS = 0.05
JUDGE_SECONDS = 1.0  # of processor time of this one, for each test
WALL_SECONDS = 10.0
OUTPUT_BYTES = 1 << 13
WHY_CHARS = 16000
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36


class Line:
    """The pipes to the patch's process, read and written with limits of time; its output's head."""

    def __init__(self, incoming, outgoing, output, clock):
        self._clock, self._next_look = clock, 0.0
        self.pipes = Pipes(incoming, outgoing, self._wait)
        self.output = bytearray()
        self._fd, self.deadline = output, 0.0
        for fd in (incoming, outgoing, output):
            os.set_blocking(fd, False)
        self._readers, self._writers = select.poll(), select.poll()
        for poller, fd in ((self._readers, incoming), (self._writers, outgoing)):
            poller.register(fd, select.POLLOUT if fd == outgoing else select.POLLIN)
            poller.register(output, select.POLLIN)

    def begin(self):
        """Begin a test: it has all of its time."""
        now = monotonic()
        self.deadline, self._next_look = now + WALL_SECONDS, now + LOOK_SECONDS
        self._clock.begin()

    def look(self):
        """Read the clock of the patch's processes; all of them, now and then. Raises: Spent."""
        now = monotonic()
        is_alone = now < self._next_look
        if not is_alone:
            self._next_look = now + LOOK_SECONDS
        if self._clock.spent(is_alone) > SPENT_SECONDS:
            raise Spent("took more than %s s of processor time" % SPENT_SECONDS)

    def _wait(self, fd, is_write):
        """Wait until a pipe is ready; take what was printed meanwhile."""
        poller = self._writers if is_write else self._readers
        while True:
            left = self.deadline - monotonic()
            if self.deadline - left >= self._next_look:
                self.look()
            pause = max(0, int(min(left, LOOK_SECONDS) * 1000))
            ready = [found for found, _ in poller.poll(pause)]
            if self._fd in ready:
                self.gather()
            if fd in ready:
                return
            if left <= 0:
                raise Gone("it said nothing for %s s" % WALL_SECONDS)

    def gather(self):
        """Take what was printed; the end of it is left out."""
        try:
            piece = os.read(self._fd, 1 << 16)
        except OSError:
            return False
        if not piece:
            for poller in (self._readers, self._writers):
                poller.unregister(self._fd)
            self._fd = -1
        self.output += piece[: OUTPUT_BYTES - len(self.output)]
        return bool(piece)


def main():
    """Judge; the exit code is 0 if there are tests and all of them passed."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if folder not in (here, "", os.getcwd())]
    questions, questions_end = os.pipe()
    answers, answers_end = os.pipe()
    output, output_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        for fd in (questions_end, answers, output):
            os.close(fd)
        dgm_patch.run(questions, answers_end, output_end, CPU_SECONDS)
    for fd in (questions, answers_end, output_end):
        os.close(fd)
    _close_memory()
    resource.setrlimit(resource.RLIMIT_AS, (1 << 29, 1 << 29))
    sys.setrecursionlimit(3000)  # values that cross may be deep
    told = b"".join(iter(lambda: os.read(0, 1 << 16), b"")).decode().split("\n")
    key, own, added = bytes.fromhex(told[0]), told[1].split(), told[2].split()
    _say(b"dgm-hello", key, b"")
    sys.path[:] = [folder for folder in sys.path if not _is_below(folder, os.getcwd())]
    names = {*own, *(name for name in added if not _is_installed(name))}
    line = Line(answers, questions_end, output, Clock(pid))
    trial = Trial(line, _take_sources(here), names)
    try:
        trial.run()
    finally:
        _end(pid)
        while line.gather():
            pass
        fields = "\n".join(trial.told).encode(errors="replace"), bytes(line.output)
        _say(b"dgm-report", key, b" ".join(binascii.b2a_base64(f, newline=False) for f in fields))
    sys.exit(0 if trial.is_passed else 1)


def _take_sources(here):
    """Read the tests, and leave nothing of them behind to be read."""
    sources = {}
    for name in sorted(os.listdir(here)):
        if name.startswith("test_") and name.endswith(".py"):
            path = os.path.join(here, name)
            with open(path, encoding="utf-8") as file:
                sources[path] = file.read()
            os.unlink(path)
    return sources


def _is_below(path, folder):
    return (os.path.realpath(path) + os.sep).startswith(os.path.realpath(folder) + os.sep)


def _is_installed(name):
    """Whether Python finds a module where the patch has none: tests mean that one."""
    specs = (finder.find_spec(name, None) for finder in sys.meta_path)
    return any(spec is not None and spec.origin is not None for spec in specs)


def _close_memory():
    """Close /proc/<pid>/mem, fd and environ of this process to its own user; adopt orphans."""
    import ctypes  # after the fork: the patch's process prepares itself meanwhile

    prctl = ctypes.CDLL(None).prctl
    if prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
        raise OSError("this process cannot be closed to others")
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _say(head, key, body):
    mac = blake2b(head + body, key=key, digest_size=32).hexdigest().encode()
    line = b"\n" + head + b" " + mac + b" " + body + b"\n"
    while line:
        line = line[os.write(1, line) :]


def _end(pid):
    """End the patch's process, and what it has left in its session."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        os.kill(pid, signal.SIGKILL)  # it had no time to begin a session
    os.waitpid(pid, 0)


class Trial:
    """The hidden tests, run one after the other; `told` are lines of kind and text."""

    def __init__(self, line, sources, names):
        self.told, self.is_passed = [], False
        self._line, self._sources, self._names = line, sources, names
        self._judge = dgm_judge.Judge(line.pipes)

    def run(self):
        """Load every file, then run every test as `check.py` does; stop when nothing answers."""
        signal.signal(signal.SIGPROF, self._judge.hurry)
        tests, is_loaded = [], True
        for path, text in self._sources.items():
            file = os.path.basename(path)
            module, why = self._try(self._load, path, text, is_kept=True)
            if why:
                is_loaded = False
                self._tell("fail", "%s %s" % (file, why))
                continue
            found = [(n, f) for n, f in vars(module).items() if n.startswith("test_")]
            tests += [("%s::%s" % (file, name), test) for name, test in found if callable(test)]
        passed = 0
        for name, test in tests:
            why = self._try(test)[1]
            self._tell("fail" if why else "pass", "%s %s" % (name, why) if why else name)
            passed += not why
            if why.startswith(("TooSlow:", "Gone:", "Broken:")):
                self._tell("stop", name)
                break
        if self._judge.has_broken:
            self._tell("broken", self._judge.has_broken)
        self._tell("end", str(len(tests)))
        self.is_passed = is_loaded and 0 < len(tests) == passed

    def _load(self, path, text):
        return dgm_judge.load(path, text, self._judge, self._names)

    def _tell(self, kind, text):
        self.told.append("%s %s" % (kind, text.replace("\\", "\\\\").replace("\n", "\\n")))

    def _try(self, function, *arguments, is_kept=False):
        """Return (result, why it failed), with limits; what crossed is forgotten afterwards."""
        judge, result, why = self._judge, None, ""
        mark = judge.keep()
        self._line.begin()
        signal.setitimer(signal.ITIMER_PROF, JUDGE_SECONDS)
        try:
            judge.begin()
            result = function(*arguments)
            signal.setitimer(signal.ITIMER_PROF, 0)
            judge.confirm()
            self._line.look()
        except BaseException as error:  # whatever a test or the patch raises is a failure
            signal.setitimer(signal.ITIMER_PROF, 0)
            why = _explain(TooSlow(str(error)) if isinstance(error, Spent) else error)
        try:
            judge.request("keep" if is_kept else "end")
        except BaseException as error:
            why = why if why.startswith("TooSlow:") else _explain(error)
        if not is_kept:
            judge.forget(mark)
        return result, why[: max(80, WHY_CHARS // 20)]


def _explain(error):
    """Return the lines that say why a test failed, those of the patch's files last."""
    try:
        text = str(error)[:300]
    except BaseException:
        text = "?"
    lines, step = ["%s: %s" % (type(error).__name__, text)], error.__traceback__
    while step is not None and not isinstance(error, TooSlow):
        code = step.tb_frame.f_code
        if os.path.basename(code.co_filename).startswith("test_"):
            place = os.path.relpath(code.co_filename), step.tb_lineno, code.co_name
            lines.append("    %s:%d in %s" % place)
        step = step.tb_next
    lines += ["    " + place[:200] for place in dgm_judge.where(error)]
    return "\n".join(lines[:12])


if __name__ == "__main__":
    main()
