"""Break text into lines of a given width."""


def cut_words(text, width):
    """Yield the words of a text, those wider than `width` in pieces."""
    for word in text.split():
        while len(word) > width:
            yield word[:width]
            word = word[width:]
        yield word


def fill(words, width):
    """Yield lines with as many words as fit; no word may be wider than `width`."""
    line = []
    used = 0
    for word in words:
        needed = used + 1 + len(word) if line else len(word)
        if needed > width:
            yield " ".join(line)
            line = [word]
            used = len(word)
        else:
            line.append(word)
            used = needed
    if line:
        yield " ".join(line)


def paragraphs(text):
    """Yield the paragraphs of a text, which empty lines separate."""
    lines = []
    for line in text.splitlines() + [""]:
        if line.strip():
            lines.append(line.strip())
        elif lines:
            yield " ".join(lines)
            lines = []


def wrap_item(text, width):
    """Return the lines of a list item: "- " before the first, two blanks before the others."""
    room = width - 2
    lines = list(fill(cut_words(text[2:], room), room))
    return [("- " if number == 0 else "  ") + line for number, line in enumerate(lines)]


def wrap(text, width):
    """Return the lines of a text, with an empty line between paragraphs.

    List items that follow each other have no empty line between them.
    """
    if width < 3:
        raise ValueError("the width must be 3 or more: %d" % width)
    lines = []
    after_item = False
    for paragraph in paragraphs(text):
        is_item = paragraph.startswith("- ")
        if lines and not (is_item and after_item):
            lines.append("")
        if is_item:
            lines.extend(wrap_item(paragraph, width))
        else:
            lines.extend(fill(cut_words(paragraph, width), width))
        after_item = is_item
    return lines


def justify(line, width):
    """Return a line spread to `width` by blanks between its words, more of them on the left."""
    words = line.split()
    if len(words) < 2:
        return line
    blanks = width - sum(len(word) for word in words)
    each, extra = divmod(blanks, len(words) - 1)
    spread = [word + " " * (each + (number < extra)) for number, word in enumerate(words[:-1])]
    return "".join(spread) + words[-1]
