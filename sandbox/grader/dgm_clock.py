"""The processor time of the patch's processes, read by the judge.

Covered: the process that imports the patch with its threads, children it has waited for, and every
living descendant of this process. Not covered: a child that nobody waits for, and that comes and
goes between two looks.
"""

import os
import resource
from time import clock_gettime

_TICKS = os.sysconf("SC_CLK_TCK")
_PARENT, _TIMES = 1, slice(11, 15)  # of /proc/<pid>/stat, behind the name; own and waited-for time


class Clock:
    """Reads on from `begin`. The caller adopts orphans (PR_SET_CHILD_SUBREAPER)."""

    def __init__(self, pid):
        self._pid, self._begun, self._others = pid, 0.0, 0.0
        self._clock = (~pid << 3) | 2  # CPUCLOCK_SCHED of a process, as in clock_getcpuclockid(3)

    def begin(self):
        """Begin to count."""
        self._begun = self._own() + self._others

    def spent(self, is_alone):
        """Return the seconds since `begin`; where it `is_alone`, of the patch's own process."""
        if not is_alone:
            waited = resource.getrusage(resource.RUSAGE_CHILDREN)
            self._others = waited.ru_utime + waited.ru_stime + self._ticks() / _TICKS
        return self._own() + self._others - self._begun

    def _own(self):
        try:
            return clock_gettime(self._clock)
        except OSError:  # it has ended
            return 0.0

    def _ticks(self):
        """Add up all that is not the patch's own process, whose clock is finer."""
        found = {}
        for name in os.listdir("/proc") if os.access("/proc", os.R_OK) else ():
            if name.isdigit():
                try:
                    with open("/proc/%s/stat" % name, "rb") as file:
                        found[int(name)] = file.read().rpartition(b")")[2].split()
                except OSError:  # it has ended
                    continue
        family = {os.getpid()}
        while True:
            more = {pid for pid, stat in found.items() if int(stat[_PARENT]) in family} - family
            if not more:
                break
            family |= more
        ticks = [[int(t) for t in found[pid][_TIMES]] for pid in family - {os.getpid(), self._pid}]
        own = [int(t) for t in found[self._pid][_TIMES][2:]] if self._pid in found else []
        return sum(own) + sum(map(sum, ticks))
