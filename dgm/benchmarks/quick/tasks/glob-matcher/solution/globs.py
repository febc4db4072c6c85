"""Match paths against patterns with `*`, `?`, `[a-z]` and `**`."""


def read_class(pattern, start):
    """Read the character class that opens at pattern[start].

    Return (is_negated, members, end): the members are (low, high) ranges, and end is the index
    after the closing bracket. Return None if the class is never closed.
    """
    position = start + 1
    negated = pattern[position : position + 1] == "!"
    if negated:
        position += 1
    close = pattern.find("]", position + 1)
    if close < 0:
        return None
    members = []
    while position < close:
        low = pattern[position]
        if pattern[position + 1 : position + 2] == "-" and position + 2 < close:
            members.append((low, pattern[position + 2]))
            position += 3
        else:
            members.append((low, low))
            position += 1
    return negated, members, close + 1


def match_name(name, pattern):
    """Whether one part of a path matches one part of a pattern, both without slashes."""
    if not pattern:
        return not name
    first = pattern[0]
    if first == "*":
        return any(match_name(name[skip:], pattern[1:]) for skip in range(len(name) + 1))
    if not name:
        return False
    if first == "?":
        return match_name(name[1:], pattern[1:])
    found = read_class(pattern, 0) if first == "[" else None
    if found is None:
        return name[0] == first and match_name(name[1:], pattern[1:])
    negated, members, end = found
    inside = any(low <= name[0] <= high for low, high in members)
    return inside != negated and match_name(name[1:], pattern[end:])


def match(path, pattern):
    """Whether a path matches a pattern; `**` stands for any number of folders, also none."""
    return match_parts(path.split("/"), pattern.split("/"))


def match_parts(names, patterns):
    if not patterns:
        return not names
    if patterns[0] == "**":
        return any(match_parts(names[skip:], patterns[1:]) for skip in range(len(names) + 1))
    if not names:
        return False
    return match_name(names[0], patterns[0]) and match_parts(names[1:], patterns[1:])


def select(paths, rules):
    """The paths that rules choose; a later rule wins, one that begins with `!` takes away."""
    chosen = []
    for path in paths:
        wanted = False
        for rule in rules:
            takes_away = rule.startswith("!")
            if match(path, rule[1:] if takes_away else rule):
                wanted = not takes_away
        if wanted:
            chosen.append(path)
    return chosen
