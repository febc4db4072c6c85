"""Images of tasks: built once, given the runtime, emptied; and what comes out of them."""

from __future__ import annotations

import io
import tarfile
from contextlib import closing

import pytest

from dgm.errors import SandboxError, SandboxUnavailableError, UnsafeArchiveError
from dgm.sandbox import builds, images, taskimages
from dgm.sandbox.imagetar import unpack_image
from tests.sandbox.conftest import engine, no_docker

FOLDERS = {"app", "app/sub"}


@pytest.fixture
def client():
    if reason := no_docker():
        pytest.skip(reason)
    with closing(engine()) as client:
        yield client


@pytest.fixture
def build(client):
    """Build an image of some lines on the sandboxes' base. It stays, to be found again."""

    def make(*lines):
        dockerfile = "\n".join((f"FROM {images.find(client)}", "USER root", *lines, ""))
        return taskimages.built(client, builds.packed({"Dockerfile": dockerfile.encode()}), print)

    return make


def tar_of(*entries):
    """A tar as the engine sends it: entries are (name, text), (name, kind, target)."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, *what in entries:
            entry = tarfile.TarInfo(name)
            if len(what) == 2:
                entry.type, entry.linkname = what
                tar.addfile(entry)
            elif name in FOLDERS:
                entry.type = tarfile.DIRTYPE
                tar.addfile(entry)
            else:
                entry.size = len(what[0])
                tar.addfile(entry, io.BytesIO(what[0].encode()))
    return [packed.getvalue()]


def unpacked(tmp_path, *entries, max_bytes=1000, max_files=10):
    into = tmp_path / "into"
    into.mkdir()
    unpack_image(tar_of(*entries), into, max_bytes=max_bytes, max_files=max_files)
    return into


class TestTar:
    def test_files_and_inner_links_come_out(self, tmp_path):
        into = unpacked(
            tmp_path,
            ("app", ""),
            ("app/a.py", "A"),
            ("app/sub", ""),
            ("app/sub/up", tarfile.SYMTYPE, "../a.py"),
            ("app/hard", tarfile.LNKTYPE, "app/a.py"),
        )
        assert (into / "sub" / "up").read_text() == "A"
        assert (into / "sub" / "up").is_symlink()
        assert (into / "hard").read_text() == "A"
        assert not (into / "hard").is_symlink()

    @pytest.mark.parametrize(
        "target",
        ["/etc/passwd", "../secret", "..", "sub/../../secret", "../app/../secret", "../../x"],
    )
    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
    def test_link_that_leads_out_stays_behind(self, tmp_path, target, kind):
        (tmp_path / "secret").write_text("of the host")
        entries = [("app", ""), ("app/sub", ""), ("app/link", kind, target)]
        if kind == tarfile.LNKTYPE and (target.startswith("/") or ".." in target):
            with pytest.raises(UnsafeArchiveError):
                unpacked(tmp_path, *entries)
            return
        into = unpacked(tmp_path, *entries)
        assert not (into / "link").is_symlink()
        assert not (into / "link").exists()

    def test_nothing_is_written_through_a_link(self, tmp_path):
        evil = [("app", ""), ("app/d", tarfile.SYMTYPE, "sub"), ("app/d/x", tarfile.SYMTYPE, "y")]
        with pytest.raises(UnsafeArchiveError, match="one path"):
            unpacked(tmp_path, ("app/sub", ""), *evil)

    def test_git_folders_and_caches_stay_behind(self, tmp_path):
        names = (".git/HEAD", "__pycache__/a.pyc", "sub/.git", ".pytest_cache/v", "kept.py")
        into = unpacked(tmp_path, ("app", ""), ("app/sub", ""), *((f"app/{n}", "x") for n in names))
        assert {path.name for path in into.rglob("*")} == {"sub", "kept.py"}

    @pytest.mark.parametrize("caps", [{"max_bytes": 5}, {"max_files": 1}])
    def test_more_than_the_caps_is_refused(self, tmp_path, caps):
        with pytest.raises(UnsafeArchiveError, match="came out of the image"):
            unpacked(tmp_path, *((f"app/{n}", "four") for n in range(3)), **caps)


def test_second_build_does_nothing_and_finds_the_first(build, client):
    said = []
    lines = ("RUN echo one > /one",)
    tag = build(*lines)
    context = f"FROM {images.find(client)}\nUSER root\n{lines[0]}\n".encode()
    packed = builds.packed({"Dockerfile": context})
    assert taskimages.built(client, packed, said.append) == tag
    assert said == []
    assert taskimages.labels_on(client, tag)[taskimages.KIND_LABEL] == "task"
    assert build("RUN echo two > /one") != tag


def test_content_of_a_folder_comes_out_and_a_link_takes_its_place(build, client, tmp_path):
    tag = build(
        "WORKDIR /app",
        "RUN echo kept > a.py && mkdir sub && ln -s ../a.py sub/l && ln a.py hard",
        "RUN git init -q . && echo answer > .git/HIDDEN && mkdir __pycache__",
    )
    into = tmp_path / "into"
    into.mkdir()
    assert taskimages.look(client, tag).folder == "/app"
    taskimages.take_out(client, tag, "/app", into)
    assert sorted(str(p.relative_to(into)) for p in into.rglob("*")) == [
        *("a.py", "hard", "sub", "sub/l"),
    ]
    emptied = taskimages.with_link(
        client, taskimages.with_runtime(client, tag, print), "/app", print
    )
    with pytest.raises(UnsafeArchiveError, match="no folder"):
        taskimages.take_out(client, emptied, "/app", tmp_path)
    assert taskimages.labels_on(client, emptied)[taskimages.FOLDER_LABEL] == "/app"
    assert client.api.containers(all=True, filters={"ancestor": tag}) == []


def test_runtime_makes_readable_what_lies_in_the_home_of_root(build, client):
    tag = build(
        "RUN mkdir -p /root/.local/bin && echo tool > /root/.local/bin/t && chmod 700 /root"
    )
    ready = taskimages.with_runtime(client, tag, print)
    seen = client.containers.run(
        ready, ["cat", "/root/.local/bin/t"], user="1234", remove=True, network_disabled=True
    )
    assert seen == b"tool\n"


def test_runtime_of_an_image_with_a_user_1000_of_its_own(build, client):
    tag = build("RUN userdel agent; useradd --uid 1000 somebody")
    assert taskimages.with_runtime(client, tag, print)


def test_failing_instruction_is_one_line_with_its_last_words(build):
    with pytest.raises(SandboxError, match=r"what is wrong here") as caught:
        build("RUN echo what is wrong here; exit 3")
    assert "\n" not in str(caught.value)


def test_image_with_volumes_or_without_anything_is_refused(build, client):
    with pytest.raises(SandboxUnavailableError, match="VOLUME"):
        taskimages.look(client, build("VOLUME /data"))
    with pytest.raises(SandboxUnavailableError, match="has no image dgm-tests:none"):
        taskimages.look(client, "dgm-tests:none")
