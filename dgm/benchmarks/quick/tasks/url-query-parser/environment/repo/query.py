"""Read and write the query part of web addresses: `?name=Ann&tag=a&tag=b`."""

HEX = "0123456789abcdefABCDEF"
PLAIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"


def unquote(text):
    """Decode `+` as a space and `%41` as the byte 0x41; bytes are read as UTF-8.

    A percent sign without two hexadecimal digits stands for itself.
    """
    raw = bytearray()
    position = 0
    while position < len(text):
        char = text[position]
        digits = text[position + 1 : position + 3]
        if char == "%" and len(digits) == 2 and all(d in HEX for d in digits):
            raw.append(int(digits, 16))
            position += 3
            continue
        raw += b" " if char == "+" else char.encode("utf-8")
        position += 1
    return raw.decode("utf-8", errors="replace")


def quote(text):
    """The reverse of `unquote`: everything but plain letters, digits and -._~ is encoded."""
    parts = []
    for byte in text.encode("utf-8"):
        char = chr(byte)
        if char == " ":
            parts.append("+")
        elif char in PLAIN:
            parts.append(char)
        else:
            parts.append(f"%{byte:02X}")
    return "".join(parts)


def pairs(address):
    """Return the (name, value) pairs of an address or of a bare query, in order.

    A part without `=` has an empty value; empty parts are skipped; what follows `#` is no part of
    the query.
    """
    address = address.partition("#")[0]
    if "?" in address:
        address = address.partition("?")[2]
    found = []
    for part in address.split("&"):
        if not part:
            continue
        name, _, value = part.rpartition("=")
        found.append((unquote(name), unquote(value)))
    return found


def parse(address):
    """Return a dict of name -> list of values."""
    result = {}
    for name, value in pairs(address):
        result.setdefault(name, []).append(value)
    return result


def build(parameters):
    """Return the query for a dict whose values are texts or lists of texts."""
    parts = []
    for name, values in parameters.items():
        if isinstance(values, str):
            values = [values]
        for value in values:
            parts.append(quote(name) + "=" + quote(value))
    return "&".join(parts)
