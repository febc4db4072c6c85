"""A Darwin Gödel Machine: coding agents that rewrite themselves, measured in sandboxes.

Zhang et al., "Darwin Gödel Machine: Open-Ended Evolution of Self-Improving Agents",
arXiv 2505.22954. The command line is `dgm`; `dgm.wiring` builds a run from a configuration.
"""

__version__ = "0.1.0"
