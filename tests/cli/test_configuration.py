"""docs/configuration.md names every setting, with its true default and its option."""

import argparse
import json
import re
import tomllib
from pathlib import Path

import pytest

from dgm.cli import evolve
from dgm.config import Config, read_config

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "configuration.md").read_text()
ROW = re.compile(r"^\| `(\S+)` \| (.+?) \| (?:`(--\S+)`)? ?\| (.+) \|$", re.MULTILINE)


def leaves(tree, prefix=""):
    """Every setting with its dotted name."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def test_every_setting_is_explained_with_its_default():
    documented = {name: default for name, default, _, _ in ROW.findall(TEXT)}
    defaults = {
        name: "none" if value is None else f"`{json.dumps(value)}`"
        for name, value in leaves(Config().model_dump(mode="json"))
    }
    assert documented == defaults


@pytest.mark.parametrize(
    "row", [row for row in ROW.findall(TEXT) if row[2]], ids=lambda row: row[2]
)
def test_option_is_a_short_form_of_its_setting(row):
    name, _, option, _ = row
    parser = argparse.ArgumentParser()
    evolve.add_arguments(parser)
    is_switch = option in ("--yes-i-know", "--cache")
    words = [option] if is_switch else [option, "auto" if "box" in option else "5"]
    settings = evolve.settings_of(parser.parse_args(words))
    assert [setting.partition("=")[0] for setting in settings] == [name]


def test_example_can_be_read():
    (example,) = re.findall(r"```toml\n(.+?)```", TEXT, re.DOTALL)
    assert read_config(example).model_dump()["sandbox"]["limits"]["memory_mb"] == 1024
    assert set(dict(leaves(tomllib.loads(example)))) <= {name for name, *_ in ROW.findall(TEXT)}


def test_policies_are_all_named():
    from dgm.steps.select_parents import POLICIES

    (row,) = [row for row in ROW.findall(TEXT) if row[0] == "search.policy"]
    assert all(f"`{policy}`" in row[3] for policy in POLICIES)
