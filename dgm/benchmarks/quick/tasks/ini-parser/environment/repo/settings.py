"""Read settings from INI text."""

TRUE_WORDS = ("yes", "true", "on", "1")
FALSE_WORDS = ("no", "false", "off", "0")


class SettingsError(ValueError):
    """Text or a value that cannot be understood."""


def parse(text):
    """Return {section: {key: value}}, with section names and keys in small letters."""
    sections = {}
    current = key = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if raw[0] in " \t" and key is not None:
            current[key] = (current[key] + "\n" + line).strip()
        elif line[0] == "[":
            if line[-1] != "]" or not line[1:-1].strip():
                raise SettingsError("line %d: not a section: %s" % (number, line))
            current = sections[line[1:-1].strip().lower()] = {}
            key = None
        elif current is None:
            raise SettingsError("line %d: no section yet: %s" % (number, line))
        else:
            key, separator, value = line.partition("=")
            key = key.strip().lower()
            if not separator or not key:
                raise SettingsError("line %d: not a setting: %s" % (number, line))
            current[key] = value.strip()
    return sections


class Settings:
    """The settings of an INI text, with values of several types."""

    def __init__(self, text):
        self._sections = parse(text)

    def sections(self):
        """Return the names of the sections in the order of their first appearance."""
        return list(self._sections)

    def get(self, section, key, default=None):
        """Return a value as text, or the default."""
        return self._sections.get(section.lower(), {}).get(key.lower(), default)

    def get_int(self, section, key, default=0):
        """Return a value as an integer, or the default if it is not there."""
        value = self.get(section, key)
        if value is None:
            return default
        try:
            return int(value)
        except ValueError:
            raise SettingsError("%s.%s is no integer: %s" % (section, key, value)) from None

    def get_flag(self, section, key, default=False):
        """Return a value like yes or off as a boolean, or the default if it is not there."""
        value = self.get(section, key)
        if value is None:
            return default
        if value.lower() in TRUE_WORDS:
            return True
        if value.lower() in FALSE_WORDS:
            return False
        raise SettingsError("%s.%s is neither yes nor no: %s" % (section, key, value))

    def get_lines(self, section, key):
        """Return the lines of a value that are not empty."""
        return [line for line in (self.get(section, key) or "").split("\n") if line]
