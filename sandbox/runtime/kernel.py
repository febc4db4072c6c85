"""What only the kernel can do for the runner: guard its memory, and kill all it started.

`ways` of killing: `namespace`, when the runner is the first process of its own pid namespace, and
`uid`, when its user id is nobody else's, both by one `kill(-1)` that no fork can outrun; `tree`,
when neither holds: the descendants, over and over, until none is left.
"""

import _signal
import os

_PR_SET_DUMPABLE = 4
_PR_SET_CHILD_SUBREAPER = 36


def guard():
    """Close /proc/<runner>/mem to its own user, and adopt every orphan below."""
    import _ctypes  # not needed before the host has been greeted; all of `ctypes` takes 4 ms

    prctl = _ctypes.dlsym(_ctypes.dlopen(None, 0), "prctl")
    for setting in ((_PR_SET_DUMPABLE, 0, 0, 0, 0), (_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)):
        _ctypes.call_cdeclfunction(prctl, setting)


def kill_all(way):
    """Kill everything in the sandbox but the runner, and wait until it is gone."""
    if way == "namespace" and os.getpid() != 1:
        raise RuntimeError("the runner is not the first process of its namespace")
    if way == "uid" and os.getuid() == 0:
        raise RuntimeError("the runner shares its user with the whole machine")
    kill = _kill_descendants if way == "tree" else _kill_everybody
    while True:
        kill()
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def reap(pid):
    """Collect ended children without waiting; return the wait status of `pid` if among them."""
    found = None
    while True:
        try:
            ended, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found
        if ended == 0:
            return found
        if ended == pid:
            found = status


def _kill_everybody():
    try:
        os.kill(-1, _signal.SIGKILL)
    except ProcessLookupError:
        return


def _kill_descendants():
    parents = _parents()
    for pid in parents:
        if _descends(pid, parents):
            try:
                os.kill(pid, _signal.SIGKILL)
            except ProcessLookupError:
                continue


def _descends(pid, parents):
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False


def _parents():
    """Return the parent of every process that can be seen."""
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/" + name + "/stat", "rb") as stat:
                    parents[int(name)] = int(stat.read().rsplit(b")", 1)[1].split()[1])
            except OSError:
                continue
    return parents
