"""Find out by small attacks what a sandbox really holds on this machine, for `dgm doctor`."""

from dgm.sandbox.probes.probe import probe

__all__ = ["probe"]
