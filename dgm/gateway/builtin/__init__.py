"""The built-in model: a provider that holds no language model; see `provider.py`."""

from dgm.gateway.builtin.provider import BuiltinProvider

__all__ = ["BuiltinProvider"]
