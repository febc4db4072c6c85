"""`dgm`, and `python -m dgm`: Ctrl-C is one line already while the command is imported."""

import sys

_INTERRUPTED = 130


def main() -> int:
    """Run the command; return its exit code."""
    try:
        from dgm import cli

        return cli.main()
    except KeyboardInterrupt:
        sys.stderr.write("dgm: interrupted\n")
        return _INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
