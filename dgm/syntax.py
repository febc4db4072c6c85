"""Python source to syntax trees, from any thread.

CPython before 3.11.8 counts the depth of a tree under construction per interpreter, not per thread:
two threads that build trees at once can fail with "AST constructor recursion depth mismatch". So
one lock guards all parsing.

Source: https://github.com/python/cpython/issues/106905.
"""

from __future__ import annotations

import ast
from threading import Lock

_LOCK = Lock()


def parse(source: str | bytes) -> ast.Module:
    """Return the tree of a module. Raises: SyntaxError, ValueError, RecursionError, MemoryError."""
    with _LOCK:
        return ast.parse(source)
