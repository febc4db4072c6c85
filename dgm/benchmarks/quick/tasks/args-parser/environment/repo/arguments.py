"""A small parser for command lines."""


class UsageError(ValueError):
    """The command line does not fit what the program takes."""


class Parser:
    """Takes flags (`--verbose`, `--no-verbose`, `-v`), options with values, and positionals."""

    def __init__(self):
        self._flags = {}
        self._options = {}
        self._short = {}
        self._positionals = []

    def flag(self, name, short=None, default=False):
        """Declare a switch, on with `--name` and off with `--no-name`."""
        self._flags[name] = default
        if short:
            self._short[short] = name

    def option(self, name, short=None, default=None, kind=str, many=False):
        """Declare an option with a value; with `many` it may be repeated and gives a list."""
        self._options[name] = (default, kind, many)
        if short:
            self._short[short] = name

    def positional(self, name):
        """Declare a required argument without dashes; their order counts."""
        self._positionals.append(name)

    def parse(self, arguments):
        """Return a dict of all declared names; what is left over is under `rest`, a list.

        After `--` everything is positional. Raises UsageError.
        """
        result = dict(self._flags)
        for name, (default, _, many) in self._options.items():
            result[name] = [] if many else default
        plain = []
        position = 0
        while position < len(arguments):
            argument = arguments[position]
            position += 1
            if argument == "--":
                plain.extend(arguments[position + 1 :])
                break
            if not argument.startswith("-") or argument == "-":
                plain.append(argument)
                continue
            name, value = self._split(argument)
            if self._switch(result, name, value):
                continue
            if value is None:
                if position == len(arguments):
                    raise UsageError(f"{argument} needs a value")
                value = arguments[position]
                position += 1
            self._store(result, name, value)
        if len(plain) < len(self._positionals):
            raise UsageError(f"missing: {self._positionals[len(plain)]}")
        result.update(zip(self._positionals, plain))
        result["rest"] = plain[len(self._positionals) :]
        return result

    def _split(self, argument):
        """Return (long name, value or None) for `--name`, `--name=value`, `-n` and `-nvalue`."""
        if argument.startswith("--"):
            name, equals, value = argument[2:].partition("=")
            return name, value if equals else None
        if argument[1] not in self._short:
            raise UsageError(f"unknown: {argument[:2]}")
        return self._short[argument[1]], argument[2:] or None

    def _switch(self, result, name, value):
        """Set a flag; return whether the name is one."""
        is_on = name in self._flags
        is_off = name.startswith("no-") and name[3:] in self._flags
        if not is_on and not is_off:
            return False
        if value is not None:
            raise UsageError(f"--{name} takes no value")
        result[name if is_on else name[3:]] = True
        return True

    def _store(self, result, name, value):
        if name not in self._options:
            raise UsageError(f"unknown: --{name}")
        _, kind, many = self._options[name]
        try:
            converted = kind(value)
        except ValueError:
            raise UsageError(f"--{name}: not a valid value: {value!r}") from None
        if many:
            result[name].append(converted)
        else:
            result[name] = converted
