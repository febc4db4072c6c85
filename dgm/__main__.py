"""`dgm`, and `python -m dgm`: Ctrl-C is one line already while the command is imported."""

import sys

_INTERRUPTED = 130
_WRONG_INPUT = 2
_OLDEST = (3, 11)


def main() -> int:
    """Run the command; return its exit code."""
    if sys.version_info < _OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.stderr.write(
            f"dgm: Python 3.11 or newer is needed, {sys.executable} is {found}; make a virtual "
            "environment with a newer one\n"
        )
        return _WRONG_INPUT
    try:
        from dgm import cli

        return cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("dgm: interrupted\n")
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
