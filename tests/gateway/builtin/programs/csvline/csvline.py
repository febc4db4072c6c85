"""Split one line of comma separated values."""


def split(line, delimiter=","):
    fields = []
    current = []
    quoted = False
    at = 0
    while at < len(line):
        char = line[at]
        if quoted:
            if char == '"' and line[at + 1 : at + 2] == '"':
                current.append('"')
                at += 2
            elif char == '"':
                quoted = False
            else:
                current.append(char)
        elif char == '"':
            quoted = True
        elif char == delimiter:
            fields.append("".join(current))
            current = []
        else:
            current.append(char)
        at += 1
    fields.append("".join(current))
    return fields


def join(fields, delimiter=","):
    out = []
    for field in fields:
        if delimiter in field or '"' in field:
            field = '"' + field.replace('"', '""') + '"'
        out.append(field)
    return delimiter.join(out)
