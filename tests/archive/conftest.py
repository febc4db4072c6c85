from pathlib import Path

import pytest

from dgm.archive.store import Store

MANIFEST = '[agent]\nname = "tiny"\ncommand = ["python3", "main.py"]\ntests = ["true"]\n'


def write_agent(folder: Path, body: str = "print(1)\n") -> Path:
    (folder / "tools").mkdir(parents=True, exist_ok=True)
    (folder / "agent.toml").write_text(MANIFEST)
    (folder / "main.py").write_text(body)
    (folder / "main.py").chmod(0o755)
    (folder / "tools.md").write_text("sorts between tools and tools/\n")
    (folder / "tools" / "bash.py").write_text("RUN = True\n")
    return folder


@pytest.fixture(name="write_agent")
def write_agent_fixture():
    return write_agent


@pytest.fixture
def agent_folder(tmp_path):
    return write_agent(tmp_path / "agent")


@pytest.fixture
def store(tmp_path):
    ticks = iter(range(1_700_000_000, 1_800_000_000))
    with Store.create(
        tmp_path / "archive" / "demo", "seed = 1\n", lambda: float(next(ticks))
    ) as store:
        yield store


@pytest.fixture
def seeded(store, agent_folder):
    """A store whose seed is archived."""
    store.archive(store.add_seed(agent_folder).id)
    return store
