"""Summarise event logs.

A line looks like `10:04:31 ERROR payment card refused took=120`: time, level, source, message and,
where something was measured, its duration in milliseconds. Other lines are skipped.
"""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import Dict, Iterable, List, Optional, Tuple

LINE = re.compile(r"(\d\d):(\d\d):(\d\d) ([A-Z]+) (\S+) (.*?)(?: took=(\d+))?$")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True)
class Event:
    """One line of a log; `second` counts from midnight."""

    second: int
    level: str
    source: str
    message: str
    took: Optional[int] = None


def read(lines: Iterable[str]) -> List[Event]:
    """The events of a log in order of time; lines that are no events are skipped."""
    events = []
    for line in lines:
        match = LINE.match(line.strip())
        if match is None or match.group(4) not in LEVELS:
            continue
        hours, minutes, seconds, level, source, message, took = match.groups()
        second = int(hours) * 3600 + int(minutes) * 60 + int(seconds)
        events.append(Event(second, level, source, message, int(took) if took else None))
    return sorted(events, key=lambda event: event.second)


def at_least(events: Iterable[Event], level: str) -> List[Event]:
    """The events of this level or a more severe one."""
    return [event for event in events if LEVELS.index(event.level) >= LEVELS.index(level)]


def per_interval(events: Iterable[Event], seconds: int) -> Dict[str, int]:
    """Count events per interval, named by its start such as `10:05`; empty ones are left out."""
    counts = Counter(event.second // seconds * seconds for event in events)
    return {f"{s // 3600:02}:{s // 60 % 60:02}": counts[s] for s in sorted(counts)}


def mean_durations(events: Iterable[Event]) -> Dict[str, float]:
    """The mean duration per source, over those of its events that have one."""
    measured = defaultdict(list)
    for event in events:
        if event.took is not None:
            measured[event.source].append(event.took)
    return {source: sum(values) / len(values) for source, values in measured.items()}


def longest_error_run(events: Iterable[Event]) -> Tuple[int, Optional[str]]:
    """The most errors that one source reports in a row, and that source; (0, None) without errors.

    Events of other sources in between do not interrupt a run, events of the same source do. Of
    equally long runs the first to reach that length counts.
    """
    running: Dict[str, int] = defaultdict(int)
    best, best_source = 0, None
    for event in events:
        if event.level != "ERROR":
            running[event.source] = 0
            continue
        running[event.source] += 1
        if running[event.source] > best:
            best, best_source = running[event.source], event.source
    return best, best_source
