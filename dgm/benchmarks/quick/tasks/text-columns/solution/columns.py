"""Lay out rows of text as a table with aligned columns."""

ELLIPSIS = "..."


def shortened(text, width):
    """The text itself if it fits, else its beginning and an ellipsis, `width` characters in all.

    Where not even the ellipsis fits, the text is simply cut.
    """
    if len(text) <= width:
        return text
    if width <= len(ELLIPSIS):
        return text[:width]
    return text[: width - len(ELLIPSIS)] + ELLIPSIS


def is_number(text):
    return text.replace(".", "", 1).replace("-", "", 1).isdigit()


def alignment(cells):
    """`right` for a column that holds only numbers (and perhaps empty cells), else `left`."""
    filled = [cell for cell in cells if cell]
    return "right" if filled and all(is_number(cell) for cell in filled) else "left"


def padded(text, width, align):
    return text.rjust(width) if align == "right" else text.ljust(width)


def completed(rows):
    """The rows, made equally long with empty cells."""
    longest = max((len(row) for row in rows), default=0)
    return [[str(cell) for cell in row] + [""] * (longest - len(row)) for row in rows]


def table(rows, header=None, max_width=20, gap=2):
    """Return the table as text; lines do not end in spaces.

    No column is wider than max_width: longer cells are shortened. A header is aligned as its
    column is and underlined with dashes.
    """
    body = completed(rows if header is None else [header, *rows])
    if not body:
        return ""
    columns = list(zip(*body))
    first = 0 if header is None else 1
    aligns = [alignment(column[first:]) for column in columns]
    widths = [min(max_width, max(len(cell) for cell in column)) for column in columns]
    if header is not None:
        body.insert(1, ["-" * width for width in widths])
    lines = []
    for row in body:
        cells = [
            padded(shortened(cell, width), width, align)
            for cell, width, align in zip(row, widths, aligns)
        ]
        lines.append((" " * gap).join(cells).rstrip())
    return "\n".join(lines)
