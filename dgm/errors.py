"""Every error this package raises on purpose, one class per decision a caller can take.

    DgmError
    ├── UserError               the user can mend it: one line, exit 2
    │   ├── ConfigError         a setting is unknown or out of range
    │   ├── AgentFormatError    a repository is not an agent (agent.toml missing or broken)
    │   ├── ModelUnusableError  a model cannot be used as set up: key, name, price, address
    │   ├── BenchmarkError      a benchmark or task is unknown or malformed
    │   └── ArchiveError        a run is missing, locked, half written or from a newer version
    ├── ChildRefusedError       give up on this child, go on with the run
    ├── PatchRefusedError       a patch does not apply to the tree it is meant for
    ├── OverBudgetError         a budget is spent: stop asking the model
    ├── RequestRefusedError     the model takes no such request: the caller must ask otherwise
    └── MachineError            the machine failed, not the agent: the work may be retried
        ├── SandboxError        a sandbox could not be started or was lost
        │   ├── SandboxUnavailableError   this driver cannot work on this machine at all
        │   └── SandboxLostError          lost with an agent in it, while it works without one
        ├── ProcessFailedError  a program of the host is missing, failed, or ran too long
        │   └── TooMuchOutputError        it wrote more than the caller takes
        ├── UnsafeArchiveError  what came out of a sandbox breaks the rules of transfer
        └── ProviderError       a model could not be reached, or its answer was unusable
            └── OverloadedError      its provider wants fewer calls at a time

An agent that fails is no exception: it is an `Outcome`.
"""


class DgmError(Exception):
    """The root of all errors raised on purpose."""


class UserError(DgmError):
    """The user can mend this; the message says how."""


class ConfigError(UserError):
    """A setting is unknown, of the wrong type, or out of range."""


class AgentFormatError(UserError):
    """A repository is not an agent."""


class ModelUnusableError(UserError):
    """A model cannot be used as set up: no key, a wrong one, no such name, no such address."""


class BenchmarkError(UserError):
    """A benchmark or one of its tasks is unknown or malformed."""


class ArchiveError(UserError):
    """A run is missing, locked, half written, or written by a newer version."""


class ChildRefusedError(DgmError):
    """A child cannot enter the archive; `reason` is recorded with it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PatchRefusedError(DgmError):
    """A patch does not apply to the tree it is meant for."""


class OverBudgetError(DgmError):
    """A budget would be exceeded; `account` names which."""

    def __init__(self, account: str, message: str) -> None:
        super().__init__(message)
        self.account = account


class RequestRefusedError(DgmError):
    """A model takes no such request; `is_overflow`: it is longer than the model's context."""

    def __init__(self, message: str, *, is_overflow: bool = False) -> None:
        super().__init__(message)
        self.is_overflow = is_overflow


class MachineError(DgmError):
    """The machine failed, not the agent: `Outcome.INFRASTRUCTURE`, may be retried."""


class SandboxError(MachineError):
    """A sandbox could not be started, or was lost while in use."""


class SandboxUnavailableError(SandboxError):
    """This sandbox driver cannot work on this machine; the message names the remedy."""


class SandboxLostError(SandboxError):
    """A sandbox was lost with an agent in it, and then the same worked without the agent."""


class ProcessFailedError(MachineError):
    """A program of the host is missing, failed, wrote too much, or ran too long."""


class TooMuchOutputError(ProcessFailedError):
    """A program of the host wrote more than the caller takes."""


class UnsafeArchiveError(MachineError):
    """What came out of a sandbox breaks the rules of transfer (path, type, or size)."""


class ProviderError(MachineError):
    """A model could not be reached, or its answer was unusable.

    `retry_after_s` is when the provider wants to be asked again; `is_final`: no retry can help.
    """

    def __init__(
        self, message: str, *, retry_after_s: float | None = None, is_final: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.is_final = is_final


class OverloadedError(ProviderError):
    """A model's provider has too much to do, or this caller asks it too often."""
