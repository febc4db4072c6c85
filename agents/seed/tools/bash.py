"""Run a shell command."""

import shell

SPEC = {
    "name": "bash",
    "description": "Run a shell command in the repository and return its output and exit code.",
    "input_schema": {
        "type": "object",
        "properties": {"command": {"type": "string", "description": "the command to run"}},
        "required": ["command"],
    },
}


def run(arguments, context):
    timeout = context.settings["bash_timeout_s"]
    output, exit_code = shell.run(arguments["command"], context.workspace, timeout)
    text = clip(output.rstrip(), context.settings["bash_output_chars"])
    return f"{text}\n[exit code {exit_code}]".lstrip()


def clip(text, limit):
    """Keep the beginning of a long text."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n[clipped: {limit} of {len(text)} characters shown]"
