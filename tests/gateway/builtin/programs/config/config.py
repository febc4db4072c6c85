"""Read settings from text."""


def parse(text):
    section = ""
    result = {}
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        parts = line.split("=")
        key, value = parts[0], parts[1]
        result[(section, key.strip())] = convert(value.strip())
    return result


def convert(value):
    if value.lower() in ("true", "yes", "on"):
        return True
    if value.lower() in ("false", "no", "off"):
        return False
    try:
        return int(value)
    except ValueError:
        return value


def get(text, section, key, default=None):
    return parse(text).get((section, key), default)
