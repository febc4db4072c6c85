"""Wrap text."""


def wrap(text, width):
    lines = []
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return lines


def indent(lines, by):
    return [" " * by + line for line in lines]


def center(line, width):
    left = (width - len(line)) // 2
    return " " * left + line
