"""A small template language; see the README for what it can do."""

import re

PIECES = re.compile(r"(\{\{.*?\}\}|\{%.*?%\})", re.DOTALL)
FOR = re.compile(r"for (\w+) in ([\w.]+)")
IF = re.compile(r"if (not )?([\w.]+)")
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


def read(pieces, depth=0):
    """Return the nodes up to the tag that ends a block, and that tag ("" at the end of all)."""
    nodes = []
    while pieces:
        piece = pieces.pop()
        tag = piece[2:-2].strip()
        if piece.startswith("{{"):
            nodes.append(("show", tag))
        elif not piece.startswith("{%"):
            nodes.append(("text", piece))
        elif tag in ("else", "end") and depth:
            return nodes, tag
        else:
            nodes.append(read_block(tag, pieces, depth + 1))
    if depth:
        raise TemplateError("a block without an end")
    return nodes, ""


def read_block(tag, pieces, depth):
    """Return the node of a block, given its first tag."""
    loop, condition = FOR.fullmatch(tag), IF.fullmatch(tag)
    if not loop and not condition:
        raise TemplateError("unknown or misplaced tag: %s" % tag)
    body, last = read(pieces, depth)
    other = []
    if last == "else" and condition:
        other, last = read(pieces, depth)
    if last != "end":
        raise TemplateError("misplaced tag: %s" % last)
    if loop:
        return ("for", loop.groups(), body)
    return ("if", condition.groups(), body, other)


def write(nodes, values):
    """Return the text of some nodes."""
    output = []
    for kind, argument, *bodies in nodes:
        if kind == "text":
            output.append(argument)
        elif kind == "show":
            output.append(show(values, argument))
        elif kind == "for":
            name, path = argument
            for item in lookup(values, path) or []:
                output.append(write(bodies[0], {**values, name: item}))
        else:
            negated, path = argument
            holds = bool(lookup(values, path)) != bool(negated)
            output.append(write(bodies[0] if holds else bodies[1], values))
    return "".join(output)


def render(template, values):
    """Return a template filled with values, a dictionary; TemplateError if it makes no sense."""
    nodes, _ = read(PIECES.split(template)[::-1])
    return write(nodes, values)
