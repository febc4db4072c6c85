"""Read and write CSV text."""


class CsvError(ValueError):
    """Text that is not proper CSV."""


def split_records(text, delimiter=","):
    """Return the records of a text as lists of fields."""
    records = []
    for line in text.split("\n"):
        if line:
            records.append([field.strip('"') for field in line.split(delimiter)])
    return records


def read_csv(text, delimiter=","):
    """Return the records below the header as dictionaries from column to field."""
    records = split_records(text, delimiter)
    if not records:
        raise CsvError("there is no header")
    header = records[0]
    if len(set(header)) != len(header):
        raise CsvError("a column is named twice: %s" % header)
    rows = []
    for number, fields in enumerate(records[1:], 1):
        if len(fields) != len(header):
            raise CsvError(
                "record %d has %d fields instead of %d" % (number, len(fields), len(header))
            )
        rows.append(dict(zip(header, fields)))
    return rows


def quote(field, delimiter=","):
    """Return a field as it is written, in quotes only if it needs them."""
    if any(character in field for character in (delimiter, '"', "\n")):
        return '"' + field.replace('"', '""') + '"'
    return field


def to_csv(rows, delimiter=","):
    """Return dictionaries with the same keys as CSV text."""
    if not rows:
        return ""
    lines = [list(rows[0])] + [list(row.values()) for row in rows]
    return "".join(
        delimiter.join(quote(field, delimiter) for field in fields) + "\n" for fields in lines
    )


def column(rows, name):
    """Return the fields of one column."""
    return [row[name] for row in rows]
