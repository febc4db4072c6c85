"""What `dgm bench prepare polyglot` has made, kept as JSON beside the exercises."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from dgm.benchmarks.kept import environment_from, write_json
from dgm.errors import BenchmarkError
from dgm.records import Environment

_FILE = "prepared.json"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Prepared:
    """Environments by language, and packages for graders in sandboxes without an image."""

    environments: Mapping[str, Environment] = field(default_factory=dict)
    packages: Path | None = None


def load(home: Path) -> Prepared:
    """Read what is kept; nothing if there is nothing. Raises: BenchmarkError if it is damaged."""
    path = home / _FILE
    try:
        tree: Any = json.loads(path.read_text(encoding="utf-8"))
        if tree["version"] != _VERSION:
            return Prepared()
        return Prepared(
            {name: environment_from(kept) for name, kept in tree["environments"].items()},
            Path(tree["packages"]) if tree["packages"] else None,
        )
    except FileNotFoundError:
        return Prepared()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BenchmarkError(
            f"{path} cannot be read ({error!r}); delete it, and dgm bench prepare polyglot"
        ) from None


def save(home: Path, prepared: Prepared) -> None:
    """Keep all of it, whole or not at all."""
    tree = {
        "version": _VERSION,
        "environments": {name: asdict(each) for name, each in prepared.environments.items()},
        "packages": str(prepared.packages) if prepared.packages else None,
    }
    write_json(home / _FILE, tree)
