"""Which sandbox a run gets, and what is refused before anything is stored."""

import logging
from dataclasses import replace

import pytest

from dgm.config import config_as_toml, read_config
from dgm.errors import (
    BenchmarkError,
    ConfigError,
    ModelUnusableError,
    SandboxUnavailableError,
)
from dgm.records import AgentManifest, SandboxLimits
from dgm.rollout import RolloutOrder
from dgm.sandbox import bubblewrap
from dgm.sandbox.bubblewrap import Bubblewrap
from dgm.sandbox.cgroups import Cgroup
from dgm.sandbox.containers.driver import Docker
from dgm.sandbox.process import Process
from dgm.wiring import (
    BENCHMARKS,
    check_config,
    check_keys,
    clean,
    examine,
    importing,
    open_benchmark,
    open_laboratory,
    open_sandboxes,
)
from dgm.workspaces import Workspaces
from tests.machine import code_of, write_agent
from tests.sandbox import conftest as sandbox_tests
from tests.sandbox.engines import GOOD, engine_that_answers
from tests.sandbox.wheels import write_wheel

REAL_MODELS = ("model.name=anthropic/some-model", "model.diagnosis=anthropic/some-model")


@pytest.fixture(autouse=True)
def no_docker(monkeypatch):
    """A machine without an engine."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


@pytest.fixture
def no_bubblewrap(monkeypatch):
    """A machine where bubblewrap cannot work."""
    monkeypatch.setattr(bubblewrap, "check", lambda: "no user namespaces here; allow them")


@pytest.fixture
def with_bubblewrap(monkeypatch):
    """A machine where bubblewrap works."""
    monkeypatch.setattr(bubblewrap, "check", lambda: None)


def test_docker_is_taken_first(monkeypatch):
    monkeypatch.undo()
    if reason := sandbox_tests.no_docker():
        pytest.skip(reason)
    told = []
    with open_sandboxes(read_config(""), told.append) as chosen:
        assert isinstance(chosen, Docker)
    assert told == ["sandbox: docker"]


@pytest.mark.parametrize("models", [(), REAL_MODELS])
def test_bubblewrap_is_taken_where_no_engine_answers_and_why_is_told(
    with_bubblewrap, models, caplog
):
    told = []
    with open_sandboxes(read_config("", [*models]), told.append) as chosen:
        assert isinstance(chosen, Bubblewrap)
    (line,) = told
    assert line.startswith("sandbox: bubblewrap (not docker: no Docker engine")
    assert "/nonexistent/docker.sock" in line
    assert not [line for line in caplog.messages if "control groups" not in line]


def test_bubblewrap_without_control_groups_says_what_is_not_bounded(
    with_bubblewrap, monkeypatch, caplog
):
    monkeypatch.setattr(Cgroup, "create", lambda *_: None)
    settings = ["sandbox.driver=bubblewrap"]
    with open_sandboxes(read_config("", settings), print) as chosen:
        assert chosen.what_does_not_hold()
    (warning,) = caplog.messages
    assert "processor time is not bounded; run as root, or where control groups" in warning


def test_bubblewrap_asked_for_is_taken_without_a_look_at_docker(with_bubblewrap):
    told = []
    with open_sandboxes(read_config("", ["sandbox.driver=bubblewrap"]), told.append) as chosen:
        assert isinstance(chosen, Bubblewrap)
    assert told == ["sandbox: bubblewrap"]


def test_builtin_model_alone_goes_on_in_the_weak_sandbox_and_is_warned(no_bubblewrap, caplog):
    told = []
    with open_sandboxes(read_config(""), told.append) as chosen:
        assert isinstance(chosen, Process)
        weaknesses = chosen.what_does_not_hold()
    reason, warning = (record.getMessage() for record in caplog.records)
    assert all(record.levelno == logging.WARNING for record in caplog.records)
    assert "no user namespaces here; allow them" in reason
    assert told == ["sandbox: process"]  # why it is not Docker is in the warning
    assert "".join([*told, *caplog.messages]).count("no Docker engine") == 1
    assert weaknesses
    assert all(weakness in warning for weakness in weaknesses)


@pytest.mark.parametrize("model", REAL_MODELS)
@pytest.mark.parametrize(
    "settings",
    [
        ["sandbox.driver=auto"],
        ["sandbox.driver=auto", "sandbox.accept_weak=true"],
        ["sandbox.driver=process"],
    ],
)
def test_real_model_is_refused_the_weak_sandbox(no_bubblewrap, model, settings):
    with (
        pytest.raises(SandboxUnavailableError, match="--sandbox process --yes-i-know"),
        open_sandboxes(read_config("", [model, *settings]), print),
    ):
        pass


def test_real_model_is_let_into_the_weak_sandbox_if_that_was_asked_for_and_accepted(no_bubblewrap):
    settings = ["sandbox.driver=process", "sandbox.accept_weak=true", *REAL_MODELS]
    with open_sandboxes(read_config("", settings), print) as chosen:
        assert isinstance(chosen, Process)


@pytest.mark.parametrize("driver", ["bubblewrap", "docker"])
def test_sandbox_asked_for_by_name_is_never_replaced(no_bubblewrap, driver):
    settings = [f"sandbox.driver={driver}", "sandbox.accept_weak=true"]
    with pytest.raises(SandboxUnavailableError), open_sandboxes(read_config("", settings), print):
        pass


def test_clean_says_what_was_removed_and_where_nothing_could_be_looked_for():
    docker, *others = clean()
    assert "no Docker engine" in docker.trouble
    assert [each.sandbox for each in others] == ["bubblewrap", "process"]
    assert not any(each.trouble for each in others)


@pytest.mark.parametrize("setting", ["model.name=gpt", "model.diagnosis=gpt", "search.policy=no"])
def test_unknown_model_or_policy_is_refused(setting):
    check_config(read_config(""))
    with pytest.raises(ConfigError, match="unknown"):
        check_config(read_config("", [setting]))


def test_benchmark_is_a_name_or_a_folder(tmp_path):
    assert open_benchmark("quick", Workspaces(tmp_path)).tasks()
    names = ", ".join(BENCHMARKS)
    with pytest.raises(BenchmarkError, match=f"choose {names} or a folder of Harbor tasks"):
        open_benchmark(str(tmp_path / "nowhere"), Workspaces(tmp_path))


@pytest.fixture
def no_keys(monkeypatch):
    """A host without keys."""
    for name in ("ANTHROPIC_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("model", ["anthropic/m", "openai/m", "bedrock/m", "vertex/a/b", "builtin"])
def test_models_are_named_by_who_serves_them(model):
    check_config(read_config("", [f"model.name={model}"]))


@pytest.mark.parametrize("model", ["anthropic", "openai/", "/m", "azure/m", "claude", "builtin/x"])
def test_model_without_a_known_provider_is_one_clear_line(model):
    with pytest.raises(ConfigError, match=r"unknown model .* builtin, anthropic/NAME, openai/NAME"):
        check_config(read_config("", [f"model.name={model}"]))


@pytest.mark.parametrize("setting", ["model.name", "model.diagnosis"])
@pytest.mark.parametrize("provider", ["anthropic", "openai"])
def test_missing_key_is_one_clear_line_before_anything_is_stored(no_keys, setting, provider):
    config = read_config("", [f"{setting}={provider}/m"])
    with pytest.raises(ModelUnusableError, match=f"export {provider.upper()}_API_KEY="):
        check_keys(config)


def test_key_that_is_there_is_enough(no_keys, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_API_KEY", " canary-key\n")
    check_keys(read_config("", ["model.name=anthropic/m"]))


@pytest.mark.parametrize("key", ["two words", "sk-…", "a\nb"])
def test_key_that_cannot_be_one_is_refused_and_not_repeated(no_keys, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelUnusableError, match="was it copied whole") as caught:
        check_keys(read_config("", ["model.name=openai/m"]))
    assert key not in str(caught.value)


def test_server_of_ones_own_needs_no_key(no_keys):
    check_keys(read_config("", ["model.name=openai/m", "model.base_url=http://localhost:8000/v1"]))


def test_address_belongs_to_the_agents_model_and_its_namesakes(no_keys):
    config = read_config(
        "",
        [
            "model.name=openai/m",
            "model.diagnosis=anthropic/m",
            "model.base_url=http://localhost:8000/v1/",
        ],
    )
    check_config(config)
    with pytest.raises(ModelUnusableError, match="ANTHROPIC_API_KEY"):
        check_keys(config)


@pytest.mark.parametrize("model", ["builtin", "bedrock/m", "vertex/m"])
def test_address_without_a_model_to_be_served_there_is_refused(model):
    with pytest.raises(ConfigError, match=r"model\.base_url is for models named"):
        check_config(read_config("", [f"model.name={model}", "model.base_url=http://h/v1"]))


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "ftp://h", "http://", "http://user:hunter2@h", "http://h?key=hunter2"],
)
def test_address_that_is_none_or_holds_a_key_is_refused_and_not_repeated(address):
    with pytest.raises(ConfigError, match=r"model\.base_url") as caught:
        read_config("", [f"model.base_url={address}"])
    assert "hunter2" not in str(caught.value)


IMPORTS_TINY = """
import tiny
(workspace / "version.txt").write_text(tiny.VERSION)
"""


@pytest.mark.slow
def test_agents_and_their_tests_import_packages_whose_versions_the_run_keeps(tmp_path, monkeypatch):
    if reason := bubblewrap.check():
        pytest.skip(reason)
    wheel = write_wheel(tmp_path / "wheels")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheel.parent))
    agent = code_of(write_agent(tmp_path / "agent", IMPORTS_TINY))
    agent = replace(agent, manifest=AgentManifest(("python3", "main.py"), ("tiny-script",)))
    (tmp_path / "work").mkdir()
    order = RolloutOrder(
        "r1", "run", agent, "problem", tmp_path / "work", tmp_path / "r1", "builtin", "1",
        ("rollout/r1",), 30.0,
    )  # fmt: skip
    config = read_config("", ["sandbox.driver=bubblewrap", "sandbox.packages=['tiny']"])
    for is_first in (True, False):
        with open_laboratory(config, tmp_path / "run") as lab:
            tested = lab.runner.run_own_tests(agent, "tests", "run", SandboxLimits())
            work = lab.runner.run(order)
            config = read_config(config_as_toml(lab.config))
        assert (tested.exit_code, tested.stdout) == (0, b"script 1.0\n"), is_first
        assert b"+1.0" in work.patch
        assert config.sandbox.packages == ("tiny==1.0",)
        wheel.unlink(missing_ok=True)


@pytest.fixture
def engine_without_image(tmp_path, monkeypatch):
    """An engine that would build whatever it is asked for, and writes down what that is."""
    asked = []

    with engine_that_answers(tmp_path / "engine.sock", NO_REGISTRY, asked) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        yield asked


NO_REGISTRY = {"/distribution/": (500, {"message": "no such host"})}


def test_looking_at_sandboxes_builds_no_image(engine_without_image):
    examined = examine("docker")
    assert "no image for sandboxes; make images" in examined.trouble
    assert not [path for path in engine_without_image if "/build" in path or "/distri" in path]


@pytest.mark.parametrize("may_build", [False, True])
def test_engine_that_can_hold_no_sandbox_is_not_asked_for_an_image(
    tmp_path, monkeypatch, may_build
):
    asked, info = [], {**GOOD, "PidsLimit": False}
    config = read_config("", ["sandbox.driver=docker"])
    with engine_that_answers(tmp_path / "engine.sock", {"/info": (200, info)}, asked) as host:
        monkeypatch.setenv("DOCKER_HOST", host)
        if may_build:
            with pytest.raises(SandboxUnavailableError) as caught, open_sandboxes(config, print):
                pass
            trouble = str(caught.value)
        else:
            trouble = examine("docker").trouble
    assert trouble.startswith("the Docker engine cannot bound processes; ")
    assert not [path for path in asked if "/images/" in path]


@pytest.mark.usefixtures("with_bubblewrap")
def test_asking_a_registry_for_an_image_is_said_before(engine_without_image, caplog):
    told = []
    with open_sandboxes(read_config(""), told.append) as chosen:
        assert isinstance(chosen, Bubblewrap)
    assert caplog.messages[0].startswith("no image for sandboxes yet; building one, if a registry")
    assert "no image registry answers" in told[0]
    assert [path for path in engine_without_image if "/distribution/" in path]


def test_settings_have_the_last_word_on_the_packages_of_an_agent():
    manifest = AgentManifest(("c",), ("t",), "a", ("Tiny==1", "other"), ("big", "bigger"))
    assert importing(read_config(""), manifest).sandbox.packages == ("Tiny==1", "other")
    config = read_config("", ["sandbox.packages=['tiny==2']", "sandbox.without=['Big']"])
    sandbox = importing(config, manifest).sandbox
    assert sandbox.packages == ("other", "tiny==2")
    assert sandbox.without == ("big", "bigger")
    assert importing(config, AgentManifest(("c",), ("t",))).sandbox == config.sandbox
