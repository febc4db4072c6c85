"""The texts sent to models, one Markdown file each, filled in strictly."""

from importlib.resources import files
from string import Template


def load(name: str) -> str:
    """Return the text `<name>.md`. Raises: FileNotFoundError."""
    return files(__name__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def render(name: str, **values: str) -> str:
    """Fill the `$placeholders` of `<name>.md`; each must be given, and each given must be used.

    Raises: KeyError for a placeholder without a value, TypeError for a value without one.
    """
    template = Template(load(name))
    if unused := set(values) - set(template.get_identifiers()):
        raise TypeError(f"the prompt {name!r} has no place for {sorted(unused)}")
    return template.substitute(values)
