"""Settings: what is accepted, and one clear line for what is not."""

import pytest

from dgm.config import Config, config_as_toml, load_config, read_config
from dgm.errors import BenchmarkError, ConfigError
from dgm.records import SandboxLimits
from dgm.wiring import check_config, open_benchmark
from dgm.workspaces import Workspaces


def test_defaults_are_a_whole_configuration():
    assert read_config("") == Config()
    assert Config().model.diagnosis_name == Config().model.name
    assert Config().sandbox.limits.as_limits() == SandboxLimits()


@pytest.mark.parametrize(
    "settings",
    [
        (),
        ("seed=7", "workers=3", "search.policy=random", "benchmark.promote=0.4"),
        ("budget.usd=1.5", "budget.hours=0.25", "budget.tokens=1000", "seed_agent=/some/agent"),
        ("benchmark.stages=[1, 2, 3]", "search.self_improve=false", "sandbox.limits.cpus=2"),
        ("rollout.tokens=none", "budget.tokens=none", "agent.usd=none"),
        ('sandbox.packages=["a==1", "b[x]>=2,<3; python_version > \'3\'"]',),
        ("rollout.usd=0.5", "model.diagnosis=builtin", 'benchmark.name=" odd \\"name\\" "'),
    ],
)
def test_configuration_survives_its_file(settings, tmp_path):
    config = read_config("", settings)
    (tmp_path / "run.toml").write_text(config_as_toml(config))
    assert load_config(tmp_path / "run.toml") == config


def test_settings_are_laid_over_the_file_in_order(tmp_path):
    (tmp_path / "mine.toml").write_text("workers = 4\n[budget]\nchildren = 3\nhours = 2.0\n")
    config = load_config(tmp_path / "mine.toml", ["budget.children=5", "budget.children=6"])
    assert (config.workers, config.budget.children, config.budget.hours) == (4, 6, 2.0)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("search.policy=greedy", "greedy"),
        ('search.policy="greedy"', "greedy"),
        (" search.policy = greedy ", "greedy"),
        ("search.policy=a=b", "a=b"),
    ],
)
def test_text_needs_no_quotes(setting, value):
    assert read_config("", [setting]).search.policy == value


@pytest.mark.parametrize("setting", ["rollout.tokens=none", 'rollout.tokens="none"'])
def test_limit_can_be_lifted(setting):
    assert read_config("").rollout.tokens is not None
    assert read_config("", [setting]).rollout.tokens is None
    assert read_config("", ["budget.usd=3", "budget.usd=none"]).budget.usd is None


@pytest.mark.parametrize(
    ("setting", "complaint"),
    [
        ("colour=blue", "unknown setting 'colour'; known here: agent, benchmark, budget"),
        ("budget.childs=3", "unknown setting 'budget.childs'; known here: calls, children, hours"),
        ("sandbox.limits.memory=1", "'sandbox.limits.memory'; known here: cpus, inodes, memory_mb"),
        ("workers=many", "setting workers = 'many' cannot be used"),
        ("workers=0", "setting workers = 0 cannot be used"),
        ("budget.children=-1", "budget.children"),
        ("budget.children=99999999999999999999", "should be less than or equal to 1000000"),
        ("seed_agent=", "setting seed_agent = '' cannot be used: it is empty"),
        ('seed_agent=" "', "setting seed_agent = ' ' cannot be used: it is empty"),
        ("model.replay=", "setting model.replay = '' cannot be used: it is empty"),
        ("benchmark.name=", "setting benchmark.name = '' cannot be used: it is empty"),
        ("benchmark.impossible=-1", "benchmark.impossible"),
        ("benchmark.promote=often", "benchmark.promote"),
        ("benchmark.stages=[3,'x']", "benchmark.stages"),
        ("benchmark.stages=[]", "benchmark.stages"),
        ("benchmark.stages=[10,5]", "benchmark.stages"),
        ("benchmark.stages=[0,5]", "benchmark.stages"),
        ("search.keep=worse", "search.keep"),
        ("sandbox.driver=jail", "sandbox.driver"),
        ("budget.hours=nan", "budget.hours"),
        ("rollout.tokens=unlimited", "setting rollout.tokens = 'unlimited' cannot be used"),
        ("rollout.tokens=-1", "rollout.tokens"),
        ("workers=none", "setting workers = 'none' cannot be used"),
        ("sandbox.packages=openai", "setting sandbox.packages = 'openai' cannot be used"),
        ("sandbox.packages=['--target=/']", "'--target=/' is no pip requirement"),
        ("sandbox.packages=['']", "is no pip requirement"),
        ("sandbox.packages=['a b']", "'a b' is no pip requirement"),
        ("sandbox.packages=['-e .']", "'-e .' is no pip requirement"),
        ("sandbox.packages=['A_b', 'a-B==1']", "a-b is named twice"),
        ("sandbox.packages=['a @ git+https://x.org/a']", "is no wheel; write NAME @ file:///"),
        ("sandbox.packages=['a @ file:///folder']", "is no wheel"),
        ("sandbox.packages=['a @ http://x.org/a.whl']", "is no wheel"),
        ("sandbox.packages=['a @ https://me:key@x.org/a.whl']", "put keys into .netrc"),
        ("workers", "--set takes key=value"),
        ("=3", "--set takes key=value"),
        ("seed.x=3", "setting seed = {'x': 3} cannot be used"),
    ],
)
def test_wrong_setting_is_one_clear_line(setting, complaint):
    with pytest.raises(ConfigError) as caught:
        read_config("", [setting])
    message = str(caught.value)
    assert complaint in message
    assert "\n" not in message


def test_value_cannot_become_a_section():
    with pytest.raises(ConfigError, match="'seed' is a value, not a section"):
        read_config("seed = 1\n", ["seed.x=3"])


@pytest.mark.parametrize("content", [b"workers = \n", b"\xff\xfe", b"[budget\n"])
def test_broken_file_is_one_clear_line(content, tmp_path):
    (tmp_path / "mine.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml"):
        load_config(tmp_path / "mine.toml")


def test_file_that_cannot_be_read_is_named_once(tmp_path):
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"')
    for name, why in (("none.toml", "No such file"), ("latin.toml", "byte 8 is no UTF-8")):
        with pytest.raises(ConfigError, match=f"cannot read the configuration .*: {why}") as caught:
            load_config(tmp_path / name)
        assert str(caught.value).count(name) == 1


@pytest.mark.parametrize(
    ("setting", "error", "complaint"),
    [
        ("search.policy=best", ConfigError, "unknown policy 'best'; choose one of: dgm"),
        ("model.name=oracle", ConfigError, "unknown model 'oracle'; known: builtin"),
        ("model.diagnosis=oracle/1", ConfigError, "unknown model 'oracle/1'"),
    ],
)
def test_unknown_name_is_refused_before_anything_is_stored(setting, error, complaint):
    with pytest.raises(error, match=complaint):
        check_config(read_config("", [setting]))


@pytest.mark.parametrize("policy", ["dgm", "greedy", "random", "dgm_top3"])
def test_every_policy_can_be_named(policy):
    check_config(read_config("", [f"search.policy={policy}"]))


def test_unknown_benchmark_and_folder_without_tasks_are_one_clear_line(tmp_path):
    workspaces = Workspaces(tmp_path / "cache")
    with pytest.raises(BenchmarkError, match="unknown benchmark 'slow'; choose quick"):
        open_benchmark("slow", workspaces)
    with pytest.raises(BenchmarkError, match="no tasks"):
        open_benchmark(str(tmp_path), workspaces).tasks()
