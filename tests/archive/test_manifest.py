import pytest

from dgm.archive.manifest import read_manifest
from dgm.errors import AgentFormatError
from dgm.records import AgentManifest

WHOLE = '[agent]\ncommand = ["c"]\ntests = ["t"]\n'


def test_packages_are_read(tmp_path):
    lists = 'packages = ["openai", "Mini_SWE.agent==2.4.6"]\nwithout = ["Data.Sets"]\n'
    (tmp_path / "agent.toml").write_text(WHOLE + lists)
    manifest = read_manifest(tmp_path)
    assert manifest.packages == ("openai", "Mini_SWE.agent==2.4.6")
    assert manifest.without == ("data-sets",)


def test_manifest_is_read(agent_folder):
    assert read_manifest(agent_folder) == AgentManifest(("python3", "main.py"), ("true",), "tiny")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (None, "has no agent.toml"),
        ("[agent\n", "not valid TOML"),
        ("\xff", "not valid TOML"),
        ("x = 1\n", r"no \[agent\] table"),
        ('agent = "a"\n', r"no \[agent\] table"),
        ('[agent]\ntests = ["t"]\n', "command is missing"),
        ('[agent]\ncommand = ["c"]\n', "tests is missing"),
        ('[agent]\ncommand = []\ntests = ["t"]\n', "command must be a list of words"),
        ('[agent]\ncommand = "python3 x"\ntests = ["t"]\n', "command must be a list of words"),
        ('[agent]\ncommand = ["c", 1]\ntests = ["t"]\n', "command must be a list of words"),
        ('[agent]\ncommand = [" "]\ntests = ["t"]\n', "empty or impossible"),
        ('[agent]\ncommand = ["c\\u0000"]\ntests = ["t"]\n', "empty or impossible"),
        ('[agent]\nname = 3\ncommand = ["c"]\ntests = ["t"]\n', "name must be"),
        (WHOLE + 'packages = "openai"\n', "packages must be a list"),
        (WHOLE + "packages = [3]\n", "packages must be a list"),
        (WHOLE + 'packages = ["a b"]\n', "packages: 'a b' is no pip requirement"),
        (WHOLE + 'packages = ["a", "A==1"]\n', "packages: a is named twice"),
        (WHOLE + 'packages = ["a @ git+https://x.org/a"]\n', "is no wheel"),
        (WHOLE + 'without = ["a==1"]\n', "without: 'a==1' is no name of a package"),
        ("x = " + "[" * 5_000, "not valid TOML"),
        ("#" * 70_000, "larger than"),
    ],
)
def test_broken_manifest_is_one_line_that_names_the_fault(tmp_path, text, complaint):
    if text is not None:
        (tmp_path / "agent.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(AgentFormatError, match=complaint) as error:
        read_manifest(tmp_path)
    assert "\n" not in str(error.value)


def test_manifest_that_is_a_link_is_not_followed(tmp_path, agent_folder):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "agent.toml").symlink_to(agent_folder / "agent.toml")
    with pytest.raises(AgentFormatError, match=r"has no agent\.toml"):
        read_manifest(tmp_path / "other")
