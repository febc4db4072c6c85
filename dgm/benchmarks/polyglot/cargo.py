"""`Cargo.toml`, of which agents may change the dependencies and nothing else.

The rest decides how tests are built and run (`[[test]] harness = false`, `autotests`, `build`,
profiles). Crates by path or from elsewhere are left out: their build scripts would run before the
tests are compiled.
"""

from __future__ import annotations

import tomllib
from typing import Any

import tomli_w

NAME = "Cargo.toml"
_KEPT = {"version", "features", "default-features", "package"}


def merged(base: str, changed: str) -> str:
    """Return the manifest `base` with the dependencies of `changed`; `base` if that is no TOML."""
    try:
        wanted = tomllib.loads(changed).get("dependencies", {})
    except (tomllib.TOMLDecodeError, RecursionError):
        return base
    manifest = tomllib.loads(base)
    if not isinstance(wanted, dict) or wanted == manifest.get("dependencies", {}):
        return base
    manifest["dependencies"] = {
        name: kept for name, spec in wanted.items() if (kept := _from_registry(spec)) is not None
    }
    return tomli_w.dumps(manifest)


def with_any_version(manifest: str) -> str:
    """Return a manifest that takes of each crate the version there is, but for `thiserror` 1."""
    parsed = tomllib.loads(manifest)
    for name, spec in parsed.get("dependencies", {}).items():
        if isinstance(spec, str) and name != "thiserror":
            parsed["dependencies"][name] = "*"
    return tomli_w.dumps(parsed)


def _from_registry(spec: Any) -> Any:  # noqa: ANN401 - any TOML value
    """Return what a dependency asks of a registry, None if it comes from elsewhere."""
    if isinstance(spec, str):
        return spec
    if not isinstance(spec, dict) or "version" not in spec:
        return None
    return {key: value for key, value in spec.items() if key in _KEPT}
