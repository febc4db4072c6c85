"""View, create and overwrite files."""

SPEC = {
    "name": "files",
    "description": "View a file with line numbers, create a new file, or overwrite an old one.",
    "input_schema": {
        "type": "object",
        "properties": {
            "action": {"type": "string", "enum": ["view", "create", "overwrite"]},
            "path": {"type": "string", "description": "relative to the repository"},
            "content": {"type": "string", "description": "the whole text to write"},
        },
        "required": ["action", "path"],
    },
}


def run(arguments, context):
    action = arguments["action"]
    path = context.path(arguments["path"])
    if action == "view":
        return view(path, context.settings["view_lines"])
    if action == "create" and path.exists():
        raise FileExistsError(f"{path} is there already: overwrite it")
    if action == "overwrite" and not path.is_file():
        raise FileNotFoundError(f"there is no file {path}: create it")
    if action in ("create", "overwrite"):
        return write(path, arguments["content"])
    raise ValueError(f"there is no action {action!r}")


def view(path, limit):
    lines = path.read_text(encoding="utf-8").splitlines()
    shown = [f"{number:6}\t{line}" for number, line in enumerate(lines[:limit], 1)]
    if len(lines) > limit:
        shown.append(f"[clipped: {limit} of {len(lines)} lines shown]")
    return "\n".join(shown)


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return f"wrote {len(text.splitlines())} lines to {path}"
