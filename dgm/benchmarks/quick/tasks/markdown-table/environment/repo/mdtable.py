"""Format Markdown tables."""

MIN_WIDTH = 3


class TableError(ValueError):
    """Text that is not a Markdown table."""


def split_row(line):
    r"""Return the cells of a row; `\|` is a bar inside a cell."""
    text = line.strip()
    if text.startswith("|"):
        text = text[1:]
    cells = [""]
    for position, character in enumerate(text):
        if character == "|" and text[position - 1 : position] != "\\":
            cells.append("")
        else:
            cells[-1] += character
    if len(cells) > 1 and not cells[-1].strip():
        cells.pop()
    return [cell.strip() for cell in cells]


def alignment(mark):
    """Return "left", "right" or "center" for a mark of the delimiter row such as `--:`."""
    if not mark.strip(":") or mark.strip(":").strip("-"):
        raise TableError("not a column mark: %r" % mark)
    if mark.startswith(":") and mark.endswith(":"):
        return "center"
    return "right" if mark.endswith(":") else "left"


def pad(text, width, align):
    """Return a text with blanks around it, `width` wide in all."""
    blanks = width - len(text)
    if align == "right":
        return " " * blanks + text
    if align == "center":
        left = blanks // 2
        return " " * left + text + " " * left
    return text + " " * blanks


def mark_for(width, align):
    """Return the mark of a column, as wide as its cells."""
    if align == "center":
        return ":" + "-" * (width - 2) + ":"
    return "-" * (width - 1) + (":" if align == "right" else "-")


def join_row(cells):
    return "| " + " | ".join(cells) + " |"


def format_table(text):
    """Return a table with aligned columns.

    Short rows are filled with empty cells; cells beyond the header are dropped.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) < 2:
        raise TableError("a table has a header and a delimiter row")
    header = split_row(lines[0])
    aligns = [alignment(mark) for mark in split_row(lines[1])]
    if len(aligns) != len(header):
        raise TableError("%d columns, but %d marks" % (len(header), len(aligns)))
    rows = [header]
    for line in lines[2:]:
        cells = split_row(line)[: len(header)]
        rows.append(cells + [""] * (len(header) - len(cells)))
    widths = [max(MIN_WIDTH, max(map(len, column))) for column in zip(*rows)]
    formatted = [join_row(map(pad, row, widths, aligns)) for row in rows]
    formatted.insert(1, join_row(map(mark_for, widths, aligns)))
    return "\n".join(formatted)
