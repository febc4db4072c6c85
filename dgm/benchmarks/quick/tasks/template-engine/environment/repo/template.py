"""A small template language; see the README for what it can do."""

import re

FOR = re.compile(r"\{% for (\w+) in ([\w.]+) %\}(.*?)\{% end %\}", re.DOTALL)
IF = re.compile(r"\{% if (not )?([\w.]+) %\}(.*?)(?:\{% else %\}(.*?))?\{% end %\}", re.DOTALL)
VALUE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
FILTERS = {"upper": str.upper, "lower": str.lower, "title": str.title, "trim": str.strip}


class TemplateError(ValueError):
    """A template that makes no sense."""


def lookup(values, path):
    """Return the value of a dotted name, None if it is not there."""
    found = values
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def show(values, expression):
    """Return the text of an expression such as `user.name|upper`."""
    path, *filters = [part.strip() for part in expression.split("|")]
    found = lookup(values, path)
    text = "" if found is None else str(found)
    for name in filters:
        if name not in FILTERS:
            raise TemplateError("unknown filter: %s" % name)
        text = FILTERS[name](text)
    return text


def repeated(values):
    """Return a function that gives the text of a matched for block."""

    def text(match):
        name, path, body = match.groups()
        items = lookup(values, path) or []
        return "".join(render(body, {**values, name: item}) for item in items)

    return text


def chosen(values):
    """Return a function that gives the text of a matched if block."""

    def text(match):
        negated, path, body, other = match.groups()
        holds = bool(lookup(values, path)) != bool(negated)
        return body if holds else other or ""

    return text


def render(template, values):
    """Return a template filled with values, a dictionary; TemplateError if it makes no sense."""
    text = FOR.sub(repeated(values), template)
    text = IF.sub(chosen(values), text)
    if "{%" in text:
        raise TemplateError("a block without a partner")
    return VALUE.sub(lambda match: show(values, match.group(1)), text)
