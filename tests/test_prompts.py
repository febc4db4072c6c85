"""The texts sent to models are filled in strictly."""

from importlib.resources import files

import pytest

from dgm import prompts

NAMES = [path.name[:-3] for path in files(prompts).iterdir() if path.name.endswith(".md")]
MODIFY = {"problem_description": "P", "proposal": "Q", "implementation_suggestion": "S"}


@pytest.mark.parametrize("name", NAMES)
def test_every_text_can_be_loaded(name):
    assert prompts.load(name).strip()


def test_values_fill_their_places():
    text = prompts.render("modify", **MODIFY)
    assert "$" not in text
    assert text.index("P") < text.index("Q")


def test_dollars_and_braces_in_values_are_left_alone():
    text = prompts.render("modify", **MODIFY | {"proposal": "echo $HOME ${x} {y} $$"})
    assert "echo $HOME ${x} {y} $$" in text


def test_missing_value_and_useless_value_are_errors():
    with pytest.raises(KeyError, match="proposal"):
        prompts.render("modify", problem_description="P", implementation_suggestion="S")
    with pytest.raises(TypeError, match="no place for"):
        prompts.render("modify", **MODIFY, colour="blue")


def test_unknown_text_is_an_error():
    with pytest.raises(FileNotFoundError):
        prompts.load("nothing")
