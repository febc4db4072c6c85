"""Put meetings into rooms and find free time."""

import heapq
from dataclasses import dataclass


@dataclass(frozen=True)
class Meeting:
    """A meeting from `start` to `end`, in minutes from midnight; `end` is not part of it."""

    title: str
    start: int
    end: int


def minutes(clock):
    """Turn `9:30` into 570; ValueError for what is no time of day."""
    hour, colon, minute = clock.partition(":")
    if not (colon and hour.isdigit() and minute.isdigit() and len(minute) == 2):
        raise ValueError(f"not a time: {clock!r}")
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > 24 * 60:
        raise ValueError(f"not a time: {clock!r}")
    return total


def clock(minute):
    return f"{minute // 60}:{minute % 60:02}"


def meeting(title, start, end):
    """Make a meeting from times such as `9:30`; it must not end before it begins."""
    first, last = minutes(start), minutes(end)
    if last <= first:
        raise ValueError(f"{title} ends before it begins")
    return Meeting(title, first, last)


def allocate(meetings):
    """Return {title: room number} with as few rooms as possible.

    Meetings get their rooms in order of their start (then of their end); each takes the free room
    with the lowest number. Rooms are numbered from 1. A room is free again at the minute a meeting
    in it ends.
    """
    rooms = {}
    free = []
    busy = []
    opened = 0
    for item in sorted(meetings, key=lambda item: (item.start, item.end)):
        while busy and busy[0][0] <= item.start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        if free:
            number = heapq.heappop(free)
        else:
            opened += 1
            number = opened
        rooms[item.title] = number
        heapq.heappush(busy, (item.end, number))
    return rooms


def free_times(meetings, opens="8:00", closes="18:00", at_least=15):
    """The times, as texts such as `9:00-9:30`, when none of the meetings takes place.

    Gaps shorter than `at_least` minutes are left out.
    """
    gaps = []
    cursor, closing = minutes(opens), minutes(closes)
    for item in sorted(meetings, key=lambda item: item.start):
        gaps.append((cursor, min(item.start, closing)))
        cursor = max(cursor, item.end)
    gaps.append((cursor, closing))
    return [f"{clock(a)}-{clock(b)}" for a, b in gaps if b - a >= at_least]


def conflicts(meetings):
    """The pairs of titles of meetings that overlap, in the order of the list."""
    return [
        (one.title, other.title)
        for index, one in enumerate(meetings)
        for other in meetings[index + 1 :]
        if one.start < other.end and other.start < one.end
    ]
