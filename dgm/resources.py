"""Where the package's own data lies: beside the package in a checkout, inside it in a wheel."""

from collections.abc import Mapping
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def data_folder(name: str) -> Path:
    """Return the folder `agents/seed` or `sandbox` ships in.

    Raises: FileNotFoundError if the installation is incomplete.
    """
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        if (folder := root / name).is_dir():
            return folder
    raise FileNotFoundError(
        f"the installation is incomplete: no folder {name!r}; install dgm again"
    )


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return where what can be made again is kept (XDG Base Directory Specification)."""
    home = Path(environment.get("XDG_CACHE_HOME", ""))
    return (home if home.is_absolute() else Path.home() / ".cache") / "dgm"


def package_folder() -> Path:
    """Return the folder of the installed package, which no sandbox may see."""
    return _PACKAGE
