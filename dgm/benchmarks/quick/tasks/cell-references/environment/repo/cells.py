"""References to the cells of a spreadsheet."""

import re
from collections import namedtuple

REFERENCE = re.compile(r"(\$?)([A-Z]+)(\$?)([1-9][0-9]*)")
IN_FORMULA = re.compile(r'"[^"]*"|(?<![A-Za-z0-9_$])' + REFERENCE.pattern + r"(?![A-Za-z0-9_(])")
BROKEN = "#REF!"

Ref = namedtuple("Ref", "column row column_fixed row_fixed")


class CellError(ValueError):
    """Text that is not a reference."""


def column_number(letters):
    """Return the number of a column: 1 for A, 26 for Z, 27 for AA."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def column_letters(number):
    """Return the letters of a column."""
    letters = ""
    while number > 0:
        number, place = divmod(number - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters


def from_match(match):
    column_mark, letters, row_mark, digits = match.groups()
    return Ref(column_number(letters), int(digits), column_mark == "$", row_mark == "$")


def parse(text):
    """Return the Ref of a text like `$B7`."""
    match = REFERENCE.fullmatch(text)
    if match is None:
        raise CellError("not a cell: %r" % text)
    return from_match(match)


def to_text(ref):
    """Return the text of a Ref, BROKEN if it is outside of the sheet."""
    if ref.column < 1 or ref.row < 1:
        return BROKEN
    column_mark = "$" if ref.column_fixed else ""
    row_mark = "$" if ref.row_fixed else ""
    return column_mark + column_letters(ref.column) + row_mark + str(ref.row)


def moved(ref, columns, rows):
    """Return a Ref moved to the right and down, but for its fixed parts."""
    column = ref.column if ref.column_fixed else ref.column + columns
    row = ref.row if ref.column_fixed else ref.row + rows
    return ref._replace(column=column, row=row)


def copy_formula(formula, columns, rows):
    """Return a formula with all references moved; quoted text stays as it is."""

    def move(match):
        if match.group().startswith('"'):
            return match.group()
        return to_text(moved(from_match(match), columns, rows))

    return IN_FORMULA.sub(move, formula)


def expand(text):
    """Return the names of the cells in a range like `A1:C2`, row by row.

    The corners may be given in any order.
    """
    corners = [parse(corner) for corner in text.split(":")]
    if len(corners) != 2:
        raise CellError("not a range: %r" % text)
    first_column, last_column = sorted(corner.column for corner in corners)
    first_row, last_row = sorted(corner.row for corner in corners)
    return [
        column_letters(column) + str(row)
        for row in range(first_row, last_row + 1)
        for column in range(first_column, last_column)
    ]
