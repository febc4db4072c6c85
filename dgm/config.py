"""Every setting of a run, from a TOML file and `--set key=value`; unknown keys are refused.

A run keeps its settings in `run.toml`, frozen when it is created.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

import tomli_w
from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    PositiveInt,
    ValidationError,
    field_validator,
)

from dgm.ceilings import (
    AgentSettings,
    BudgetSettings,
    CeilingSettings,
    PriceSettings,
    RolloutSettings,
    Section,
)
from dgm.errors import ConfigError
from dgm.records import SandboxLimits
from dgm.requirements import checked, checked_names

Step = Literal["diagnose", "modify", "canary", "evaluate"]


def _refuse_empty(value: object) -> object:
    """An empty path would be the present folder, which nobody means by it."""
    if isinstance(value, str) and not value.strip():
        raise ValueError("it is empty")
    return value


FilledPath = Annotated[Path, BeforeValidator(_refuse_empty)]


class ModelSettings(Section):
    """Which models answer: `builtin`, or `provider/name`."""

    name: str = "builtin"
    diagnosis: str | None = Field(None, description="the diagnoser's model; default: `name`")
    base_url: str | None = Field(
        None, description="where `openai/...` and `anthropic/...` are served, if not by the vendor"
    )

    cache: bool = Field(False, description="keep answers, and give them again for the same call")
    replay: FilledPath | None = Field(None, description="a run whose transcripts answer every call")

    @field_validator("base_url")
    @classmethod
    def _hold_no_key(cls, url: str | None) -> str | None:
        """Let no secret into `run.toml`."""
        if url is None:
            return None
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("an address begins with http:// or https://")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("keys belong into the environment, not into the address")
        return url.rstrip("/")

    @property
    def diagnosis_name(self) -> str:
        """The model that diagnoses."""
        return self.diagnosis or self.name


class BenchmarkSettings(Section):
    """What agents are measured on."""

    name: Annotated[str, BeforeValidator(_refuse_empty)] = Field(
        "quick", description="a benchmark's name, or a folder of Harbor tasks"
    )
    stages: tuple[PositiveInt, ...] = Field(
        (8, 16),
        min_length=1,
        description="how many search tasks an agent has met at the end of each stage",
    )
    promote: Annotated[float, Field(ge=0, le=1)] | Literal["parent"] = Field(
        "parent",
        description="a score that opens the next stage; 'parent': more than the parent, or all",
    )
    attempts: int = Field(1, ge=1, le=20, description="rollouts per agent and task")
    impossible: int = Field(
        0, ge=0, le=1000, description="how many tasks to mix in that only a cheat can solve"
    )
    subset: str = Field(
        "", description="a subset by its name: of polyglot small, medium or rest; empty: all tasks"
    )
    languages: tuple[str, ...] = Field((), description="of polyglot; empty: all that are prepared")

    @field_validator("stages")
    @classmethod
    def _rise(cls, stages: tuple[int, ...]) -> tuple[int, ...]:
        if any(later <= earlier for earlier, later in pairwise(stages)):
            raise ValueError("each stage must meet more tasks than the one before")
        return stages


class SearchSettings(Section):
    """How parents are chosen and which children are kept."""

    policy: str = Field("dgm", description="how parents are chosen")
    keep: Literal["all", "better"] = Field(
        "all", description="'all' valid children, or those at most `keep_margin` below the seed"
    )
    keep_margin: float = Field(0.1, ge=0, le=1)
    self_improve: bool = Field(
        True, description="false: the seed agent, not the parent, writes each change (ablation)"
    )


class LimitSettings(Section):
    """The sandboxes' bounds, see `SandboxLimits`."""

    memory_mb: int = Field(512, ge=64)
    processes: int = Field(128, ge=8)
    cpus: float = Field(1.0, gt=0)
    workspace_mb: int = Field(64, ge=1)
    tmp_mb: int = Field(64, ge=1)
    inodes: int = Field(20_000, ge=100)
    open_files: int = Field(256, ge=32)
    output_kb: int = Field(256, ge=4)

    def as_limits(self) -> SandboxLimits:
        """The same as the record that drivers take."""
        return SandboxLimits(**self.model_dump())


class SandboxSettings(Section):
    """Where agents run."""

    driver: Literal["auto", "docker", "bubblewrap", "process"] = "auto"
    accept_weak: bool = Field(
        False, description="let a real model run in the weak `process` sandbox"
    )
    packages: tuple[str, ...] = Field(
        (), description="Python packages that agents import, as pip requirements; wheels only"
    )
    without: tuple[str, ...] = Field(
        (), description="packages that are left out of what `packages` need, by name"
    )
    limits: LimitSettings = LimitSettings()

    @field_validator("without")
    @classmethod
    def _are_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return checked_names(names)

    @field_validator("packages")
    @classmethod
    def _are_wheels(cls, packages: tuple[str, ...]) -> tuple[str, ...]:
        return checked(packages)


class Config(Section):
    """All settings of a run."""

    seed: int = Field(1, ge=0, description="of all chance in the run")
    workers: int = Field(2, ge=1, le=256, description="units of work at a time")
    seed_agent: FilledPath | None = Field(None, description="another first agent than agents/seed")
    model: ModelSettings = ModelSettings()
    benchmark: BenchmarkSettings = BenchmarkSettings()
    search: SearchSettings = SearchSettings()
    budget: BudgetSettings = BudgetSettings()
    agent: AgentSettings = AgentSettings()
    rollout: RolloutSettings = RolloutSettings()
    steps: dict[Step, CeilingSettings] = Field(
        default_factory=dict, description="bounds on all that is spent on one step of the loop"
    )
    prices: dict[str, PriceSettings] = Field(
        default_factory=dict, description="prices by model; those in use are frozen into a run"
    )
    sandbox: SandboxSettings = SandboxSettings()


def load_config(path: Path | None = None, settings: Sequence[str] = ()) -> Config:
    """Read a TOML file (or none) and lay `key=value` settings over it, in order.

    Values are TOML (`true`, `3`, `"x"`, `[1, 2]`); what is not valid TOML is taken as a string.

    Raises: ConfigError naming the key, the value, and what would be accepted.
    """
    try:
        text = path.read_text(encoding="utf-8") if path else ""
    except OSError as error:
        why = f"{error.strerror}; name a TOML file"
        raise ConfigError(f"cannot read the configuration {path}: {why}") from None
    except UnicodeDecodeError as error:
        why = f"byte {error.start} is no UTF-8; TOML is UTF-8 text"
        raise ConfigError(f"cannot read the configuration {path}: {why}") from None
    return read_config(text, settings, where=str(path))


def read_config(text: str, settings: Sequence[str] = (), where: str = "run.toml") -> Config:
    """Read settings from the text of a TOML file; otherwise like `load_config`."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where} is not valid TOML: {error}") from None
    for setting in settings:
        _lay_over(tree, setting)
    return config_from(tree)


def config_as_toml(config: Config) -> str:
    """Write a configuration so that `load_config` reads the same one back."""
    return tomli_w.dumps(_without_gaps(config.model_dump(mode="json")))


def _without_gaps(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what has no value: TOML cannot say it."""
    return {
        name: _without_gaps(value) if isinstance(value, dict) else value
        for name, value in tree.items()
        if value is not None
    }


def config_from(tree: Mapping[str, Any]) -> Config:
    """Check a tree of settings. Raises: ConfigError."""
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise ConfigError(_explain(error)) from None


def _lay_over(tree: dict[str, Any], setting: str) -> None:
    key, equals, value = setting.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"--set takes key=value, as in budget.children=20; got {setting!r}")
    *sections, name = _names(key.strip(), setting)
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {setting!r}: {section!r} is a value, not a section")
    tree[name] = _value(value.strip())


def _names(key: str, setting: str) -> list[str]:
    """Split a dotted key as TOML does: parts in quotes may hold dots."""
    try:
        tree: Any = tomllib.loads(f"{key} = 0")
    except tomllib.TOMLDecodeError:
        raise ConfigError(f"--set {setting!r}: {key!r} is no key, as in budget.children") from None
    names: list[str] = []
    while isinstance(tree, dict):
        ((name, tree),) = tree.items()
        names.append(name)
    return names


def _value(text: str) -> Any:  # noqa: ANN401 - any TOML value
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    key = ".".join(map(_quoted, first["loc"])).removesuffix('."[key]"')
    if first["type"] == "extra_forbidden":
        return f"unknown setting {key!r}; known here: {', '.join(_known(first['loc'][:-1]))}"
    if first["type"] == "missing":
        return f"setting {key} is missing"
    why = first["msg"].removeprefix("Value error, ")
    if key == "model.base_url":  # it may hold a key: it is not said again
        return f"setting {key} cannot be used: {why}"
    return f"setting {key} = {first['input']!r} cannot be used: {why}"


def _quoted(part: int | str) -> str:
    """Write a part of a dotted key as TOML wants it."""
    is_bare = re.fullmatch(r"[A-Za-z0-9_-]+", str(part))
    return str(part) if is_bare else f'"{part}"'


def _known(sections: Sequence[int | str]) -> list[str]:
    annotation: Any = Config
    for section in sections:
        if _is_section(annotation):
            annotation = annotation.model_fields[str(section)].annotation
        else:  # sections by name: the name may be any
            annotation = get_args(annotation)[-1]
        if type(None) in get_args(annotation):  # a section that may be missing
            annotation = next(filter(_is_section, get_args(annotation)))
    return sorted(annotation.model_fields)


def _is_section(annotation: Any) -> bool:  # noqa: ANN401 - any type
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
