"""The tools: every module in this folder with `SPEC` and `run` is one."""

import importlib
from pathlib import Path


def discover():
    """Return the tools by name."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
    found = [importlib.import_module(f"{__name__}.{name}") for name in names]
    return {tool.SPEC["name"]: tool for tool in found}


def call(toolbox, name, arguments, context):
    """Run a tool; return its text and whether it is an error, which the model must see."""
    if name not in toolbox:
        return f"there is no tool {name!r}, only {', '.join(toolbox)}", True
    required = toolbox[name].SPEC["input_schema"].get("required", [])
    missing = [key for key in required if key not in arguments]
    if missing:
        return f"{name}: missing argument: {', '.join(missing)}", True
    try:
        return toolbox[name].run(arguments, context), False
    except Exception as error:  # noqa: BLE001 - whatever a tool raises, the model goes on
        return f"{type(error).__name__}: {error}", True
