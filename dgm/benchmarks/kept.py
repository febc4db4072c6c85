"""What preparing and verifying keep as JSON: files written whole or not at all, and their parts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dgm.records import Environment


def write_json(path: Path, tree: Mapping[str, object]) -> None:
    """Write a file so that whoever reads it finds it whole; paths are written as text.

    Raises: OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".", delete=False, encoding="utf-8"
    ) as draft:
        json.dump(tree, draft, indent=1, default=str)
    Path(draft.name).replace(path)


def environment_from(tree: Mapping[str, Any]) -> Environment:
    """Read an environment written by its fields. Raises: TypeError, ValueError, KeyError."""
    variables = tuple((str(name), str(value)) for name, value in tree["variables"])
    noise = tuple(map(str, tree["noise"]))
    return Environment(**{**tree, "variables": variables, "noise": noise})
