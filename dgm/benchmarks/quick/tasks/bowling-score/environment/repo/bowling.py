"""Score a game of ten-pin bowling.

A frame is two rolls at ten pins, or a single one if it brings all ten down (a strike). A strike
counts ten and the next two rolls; a spare (ten pins with two rolls) counts ten and the next roll.
In the tenth frame a strike or a spare earns extra rolls, up to three in all; they count only there.
"""

PINS = 10
FRAMES = 10


class BadGame(ValueError):
    """These rolls are not possible."""


def read(text):
    """Turn a score sheet such as `X 9/ -7 81` into rolls; spaces do not matter.

    `X` is a strike, `/` the second roll of a spare, `-` a miss.
    """
    rolls = []
    for mark in text.replace(" ", ""):
        if mark == "X":
            rolls.append(PINS)
        elif mark == "-":
            rolls.append(0)
        elif mark == "/" and rolls:
            rolls.append(PINS - rolls[-1])
        elif mark.isdigit():
            rolls.append(int(mark))
        else:
            raise BadGame(f"unknown mark: {mark}")
    return rolls


def frame_length(rolls, start, is_last):
    """How many rolls the frame that begins at an index takes once it is complete."""
    if is_last:
        return 3 if sum(rolls[start : start + 2]) >= PINS else 2
    return 1 if rolls[start] == PINS else 2


def frames(rolls):
    """Split rolls into frames, each a list; the last one may be incomplete.

    Raises BadGame for rolls after the end, and for frames that knock down more than ten pins.
    """
    found = []
    start = 0
    while start < len(rolls):
        if len(found) == FRAMES:
            raise BadGame("too many rolls")
        is_last = len(found) == FRAMES - 1
        length = frame_length(rolls, start, is_last)
        frame = rolls[start : start + length]
        if not is_last and sum(frame) > PINS or max(frame) > PINS:
            raise BadGame(f"more than ten pins in frame {len(found) + 1}")
        found.append(frame)
        start += length
    return found


def frame_score(split, index):
    """The points of a frame with its bonus, or None as long as they are not known."""
    frame = split[index]
    if index == FRAMES - 1:
        return sum(frame)
    if sum(frame) < PINS:
        return sum(frame) if len(frame) == 2 else None
    if index + 1 == len(split):
        return None
    following = split[index + 1]
    if len(frame) == 1:
        return PINS + sum(following[:2])
    return PINS + following[0]


def running_scores(rolls):
    """The total after each frame, as far as it is known."""
    split = frames(rolls)
    totals = []
    for index in range(len(split)):
        points = frame_score(split, index)
        if points is None:
            break
        totals.append(points + (totals[-1] if totals else 0))
    return totals


def score(text):
    """The score of a score sheet so far."""
    totals = running_scores(read(text))
    return totals[-1] if totals else 0
