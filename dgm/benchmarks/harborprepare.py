"""Preparing a folder of Harbor tasks: images, workspaces, and what graders import.

What is done is noted task by task, in files, so that it may be stopped anywhere; what is there is
not made again. A task that cannot be prepared is noted with the reason, and tried again the next
time; the others are unharmed.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from dgm.benchmarks.dockerfile import GENERAL, Copy, Dockerfile, general_name, with_base
from dgm.benchmarks.harbor import Plan, digest_of, plain_environment, plan_of
from dgm.benchmarks.preparedtask import PreparedTask
from dgm.benchmarks.preparedtask import read_prepared as _read
from dgm.benchmarks.preparing import Means, Wishes
from dgm.errors import BenchmarkError, ConfigError, MachineError, SandboxUnavailableError
from dgm.records import Environment
from dgm.sandbox import builds, taskimages
from dgm.sandbox.engine import explained
from dgm.sandbox.imagetar import CACHES
from dgm.sandbox.surroundings import folder_problem
from dgm.sandbox.transfer import pack
from dgm.titles import counted

PREPARED = "tasks"
_WORKSPACES = "workspaces"
_TOOLS_MB = 512  # what a task's commands need beside the files they work on


def read_prepared(prepared: Path, folder: Path) -> PreparedTask | None:
    """Return what was prepared of a task folder as it now is, None if nothing was."""
    note = _note(prepared, folder)
    return _read(note, digest_of(folder)) if note.is_file() else None


def prepare_folder(folder: Path, wishes: Wishes, means: Means) -> None:
    """Prepare every task of a folder that has to be, and is not yet."""
    work = _Work(means, wishes)
    done = [work.prepare(path.parent) for path in sorted(folder.glob("*/task.toml"))]
    if made := sum(done):
        means.say(f"{counted(made, 'task')} prepared")


@dataclass(frozen=True, slots=True)
class _Work:
    """One call of preparing. `_silent` notes registries that did not answer, with the reason."""

    means: Means
    wishes: Wishes
    _silent: dict[str, str] = field(default_factory=dict)

    def prepare(self, folder: Path) -> bool:
        """Prepare one task unless that is done or needless; whether anything was done."""
        if self.wishes.only and folder.name not in self.wishes.only:
            return False
        try:
            plan = plan_of(folder)
        except BenchmarkError as error:
            self.means.say(f"left out: {error}")
            return False
        for words in plan.fetching:
            self.means.say(
                f"{folder.name}: its tests run {words!r}, and no grader has a network: install "
                "what they need in its Dockerfile"
            )
        note = _note(self.means.cache / PREPARED, folder)
        known = _read(note, plan.digest)
        if known is not None and self._is_whole(known):
            return False
        if not plan.needs_preparing and not self.wishes.images:
            note.unlink(missing_ok=True)
            return False
        self.means.say(f"{folder.name}: {plan.needs_preparing or 'an image, as asked for'}")
        try:
            made = self._prepared(plan)
        except (BenchmarkError, ConfigError, MachineError) as error:
            made = PreparedTask(plan.digest, problem=" ".join(str(error).split()))
            self.means.say(f"{folder.name}: left out: {made.problem}")
        for remark in made.notes:
            self.means.say(f"{folder.name}: {remark}")
        made.write(note)
        return True

    def _is_whole(self, known: PreparedTask) -> bool:
        """Whether all that was made is still there."""
        if known.problem or not known.workspace.is_dir():
            return False
        if self.wishes.images and not known.environment.image:
            return False
        if known.packages is not None and not known.packages.is_dir():
            return False
        engine = self.means.engine
        return engine is None or all(builds.is_there(engine, image) for image in known.images)

    def _prepared(self, plan: Plan) -> PreparedTask:
        notes = list(plan.settings.notes)
        if plan.image_reason or self.wishes.images:
            workspace, environment = self._of_image(plan, notes)
        else:
            workspace, environment = self._of_files(plan), plain_environment(plan)
        grading = self._grading(plan, environment, notes)
        packages = self.means.fetch(plan.requirements) if plan.requirements else None
        if plan.wanted.python:
            notes.append(f"its tests ask for Python {plan.wanted.python}: they get the sandbox's")
        return PreparedTask(
            plan.digest,
            workspace,
            environment,
            grading,
            packages.folder if packages else None,
            packages.pins if packages else (),
            None if plan.wanted.is_nothing else tuple(plan.wanted.requirements),
            tuple(notes),
        )

    def _of_files(self, plan: Plan) -> Path:
        """Lay out what a plain Dockerfile copies. Raises: BenchmarkError."""
        with _made_whole(self._workspace(plan)) as draft:
            for copy in plan.dockerfile.copies:
                _copy(plan, copy, draft)
        return self._workspace(plan)

    def _of_image(self, plan: Plan, notes: list[str]) -> tuple[Path, Environment]:
        """Build or find the agents' image, and take its working folder out of it."""
        engine, say = self.means.needed_engine(), self.means.say
        image = plan.settings.image
        if image:
            self._pull(image)
        else:
            image = self._built(plan, plan.folder / "environment", plan.dockerfile, notes)
        found = taskimages.look(engine, image)
        if problem := folder_problem(found.folder):
            raise BenchmarkError(f"its image has no working folder of its own: {problem}")
        ready = taskimages.with_runtime(engine, image, say)
        workspace = self._workspace(plan)
        with _made_whole(workspace) as draft:
            taken = taskimages.take_out(engine, ready, found.folder, draft)
        emptied = taskimages.with_link(engine, ready, found.folder, say)
        size_mb = -(-taken.bytes >> 20)
        environment = Environment(
            image=taskimages.look(engine, emptied).id,
            folder=found.folder,
            variables=(*found.variables, *plan.settings.variables.items()),
            memory_mb=max(plan.settings.memory_mb, _TOOLS_MB + 3 * size_mb),
            workspace_mb=2 * size_mb + 32,
            cpus=plan.settings.cpus,
        )
        return workspace, environment

    def _grading(self, plan: Plan, agents: Environment, notes: list[str]) -> Environment:
        """Say where the hidden tests run: with the agents' environment, or in one of their own."""
        own = plan.grader
        if own is None:
            return agents
        if not own.problem:
            folder = own.folder if folder_problem(own.folder) is None else agents.folder
            variables = (*own.variables.items(), *plan.settings.variables.items())
            return replace(agents, image="", folder=folder, variables=variables)
        engine = self.means.needed_engine()
        image = self._built(plan, plan.folder / "tests", own, notes)
        found = taskimages.look(engine, image)
        ready = taskimages.with_runtime(engine, image, self.means.say)
        folder = found.folder if folder_problem(found.folder) is None else agents.folder
        return replace(
            agents,
            image=taskimages.look(engine, ready).id,
            folder=folder,
            variables=(*found.variables, *plan.settings.variables.items()),
        )

    def _built(self, plan: Plan, folder: Path, read: Dockerfile, notes: list[str]) -> str:
        """Build a Dockerfile; where a general image cannot be had, the sandboxes' stands in."""
        engine = self.means.needed_engine()
        text = (folder / "Dockerfile").read_text(encoding="utf-8", errors="replace")
        for image in dict.fromkeys(read.images):
            if (reason := self._trouble(image)) is None:
                continue
            if general_name(image) not in GENERAL:
                raise SandboxUnavailableError(
                    f"{image} is not on this machine, and no image registry answers ({reason})"
                )
            text = with_base(text, image, self.means.base)
            notes.append(f"{image} cannot be had here; built on {self.means.base} in its place")
        with tempfile.TemporaryDirectory(prefix="dgm-context-") as place:
            context = Path(place, "context")
            shutil.copytree(folder, context, symlinks=True)
            (context / "Dockerfile").write_text(text, encoding="utf-8")
            return taskimages.built(
                engine, pack(context), self.means.say, timeout_s=int(plan.settings.build_s)
            )

    def _trouble(self, image: str) -> str | None:
        """Say why an image cannot be had, None if it can. A registry is asked only once."""
        engine = self.means.needed_engine()
        if image == "scratch" or builds.is_there(engine, image):
            return None
        first, slash, _ = image.partition("/")
        registry = first if slash and re.search(r"[.:]|^localhost$", first) else ""
        if registry not in self._silent:
            reason = builds.registry_trouble(engine, image)
            if reason is None:
                return None
            self._silent[registry] = reason
        return self._silent[registry]

    def _pull(self, image: str) -> None:
        engine = self.means.needed_engine()
        if builds.is_there(engine, image):
            return
        if (reason := self._trouble(image)) is not None:
            raise SandboxUnavailableError(
                f"docker_image {image} is not on this machine, and no image registry answers "
                f"({reason})"
            )
        self.means.say(f"pulling {image}")
        with explained(f"pulling {image}"):
            engine.images.pull(image)

    def _workspace(self, plan: Plan) -> Path:
        return self.means.cache / _WORKSPACES / f"{plan.folder.name[:60]}-{plan.digest[:12]}"


class _made_whole:  # noqa: N801 - read as a `with` statement
    """A folder that appears under its name when its block ends well, or not at all."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._draft = Path()

    def __enter__(self) -> Path:
        self._place.parent.mkdir(parents=True, exist_ok=True)
        self._draft = Path(tempfile.mkdtemp(dir=self._place.parent))
        self._draft.chmod(0o755)
        return self._draft

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        del rest
        if kind is None:
            shutil.rmtree(self._place, ignore_errors=True)
            self._draft.rename(self._place)
        else:
            shutil.rmtree(self._draft, ignore_errors=True)


def _note(prepared: Path, folder: Path) -> Path:
    name = re.sub(r"[^A-Za-z0-9._-]", "-", folder.name)[:60]
    return prepared / f"{name}-{sha256(folder.name.encode()).hexdigest()[:8]}.json"


def _copy(plan: Plan, copy: Copy, draft: Path) -> None:
    """Lay out what one COPY says, as the engine would; git's folders and caches stay behind."""
    environment = (plan.folder / "environment").resolve()
    folder = plan.dockerfile.folder.rstrip("/")
    into = draft / copy.target.rstrip("/").removeprefix(folder).strip("/")
    sources = list(_sources(environment, copy.sources))
    if not sources:
        raise BenchmarkError(f"COPY {' '.join(copy.sources)}: there is no such file")
    for source in sources:
        if source.is_dir():
            ignored = shutil.ignore_patterns(".git", *CACHES)
            shutil.copytree(source, into, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        else:
            is_folder = copy.target.endswith("/") or len(sources) > 1 or into == draft
            place = into / source.name if is_folder else into
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, place, follow_symlinks=False)


def _sources(environment: Path, names: Sequence[str]) -> Iterator[Path]:
    for name in names:
        found = sorted(environment.glob(name.strip("/"))) if name.strip("./") else [environment]
        for source in found:
            if not source.resolve().is_relative_to(environment):
                raise BenchmarkError(f"COPY {name}: it leads out of environment/")
            yield source
