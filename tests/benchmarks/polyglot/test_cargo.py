"""Of `Cargo.toml` an agent's dependencies are taken, and nothing else."""

import tomllib

from dgm.benchmarks.polyglot import cargo

BASE = '[package]\nedition = "2021"\nname = "forth"\nversion = "1.0.0"\n'


def test_dependencies_are_taken():
    changed = (
        BASE + '[dependencies]\nrand = "0.8"\ntime = { version = "0.3", features = ["std"] }\n'
    )
    manifest = tomllib.loads(cargo.merged(BASE, changed))
    assert manifest["package"] == tomllib.loads(BASE)["package"]
    assert manifest["dependencies"] == {
        "rand": "0.8",
        "time": {"version": "0.3", "features": ["std"]},
    }


def test_what_decides_how_tests_run_is_not_taken():
    changed = (
        BASE.replace('name = "forth"', 'name = "forth"\nautotests = false\nbuild = "evil.rs"')
        + '[[test]]\nname = "forth"\nharness = false\n[profile.test]\ndebug-assertions = false\n'
    )
    assert cargo.merged(BASE, changed) == BASE


def test_crates_from_elsewhere_are_left_out():
    changed = BASE + '[dependencies]\na = { path = "a" }\nb = { git = "x", version = "1" }\nc = 3\n'
    assert tomllib.loads(cargo.merged(BASE, changed))["dependencies"] == {"b": {"version": "1"}}


def test_manifest_that_is_no_toml_changes_nothing():
    assert cargo.merged(BASE, "[package\n") == BASE


def test_reference_takes_the_versions_there_are():
    manifest = BASE + '[dependencies]\nregex = "0.2"\nthiserror = "1.0"\n'
    found = tomllib.loads(cargo.with_any_version(manifest))["dependencies"]
    assert found == {"regex": "*", "thiserror": "1.0"}
