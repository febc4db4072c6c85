"""Images are named by what decides them, appear whole or not at all, and hold nothing of ours."""

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from dgm import scratch
from dgm.errors import ConfigError, SandboxError, SandboxUnavailableError
from dgm.sandbox import builds, debian, engine, images
from dgm.sandbox.images import Base, Recipe
from tests.sandbox.engines import DIES, engine_of_this_machine, engine_that_answers

CANARY = "canary-7f3e9a"
ENGINE_FULL = {"error": "write /layer: no space left on device"}
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")


@pytest.fixture
def sources(tmp_path):
    """A folder of sources like the project's own."""
    folder = tmp_path / "sandbox"
    folder.mkdir()
    shutil.copyfile(Path(images.data_folder("sandbox"), "Dockerfile"), folder / "Dockerfile")
    return folder


@pytest.fixture
def client():
    """A client of this machine's engine."""
    with engine_of_this_machine() as opened:
        yield opened


@pytest.fixture
def based(client):
    """The same, where it has the Debian base."""
    if debian.recipe_of(client) != debian.RECIPE:
        pytest.skip("the engine has no Debian base; make images BASE=debian")
    return client


@pytest.fixture
def attempt(based, sources):
    """Build from a Dockerfile with such lines; what was built is removed afterwards."""
    tags = []

    def build(*lines, say=print):
        write_dockerfile(sources, *lines)
        tags.append(Recipe.of(Base.DEBIAN, sources).tag)
        return images.build(based, Recipe.of(Base.DEBIAN, sources), say)

    yield build
    for tag in tags:
        if builds.is_there(based, tag):
            based.images.remove(tag)


@contextmanager
def connected(folder, answers):
    """A client of an engine that gives such answers."""
    with (
        engine_that_answers(folder / "engine.sock", answers) as host,
        closing(engine.connect(host)) as client,
    ):
        yield client


def write_dockerfile(folder, *lines):
    text = "\n".join(("ARG BASE_IMAGE=nowhere", "FROM ${BASE_IMAGE}", *lines, ""))
    (folder / "Dockerfile").write_text(text)


def tag_of(folder, base=Base.REGISTRY):
    return Recipe.of(base, folder).tag


def test_tag_changes_with_all_that_decides_the_image_and_with_nothing_else(sources):
    first = tag_of(sources)
    (sources / "seccomp.json").write_text("{}")
    os.utime(sources / "Dockerfile", (1, 1))
    assert tag_of(sources) == first
    certificates = sources.parent / "certs"
    certificates.mkdir()
    (certificates / "README").write_text("nothing")
    assert tag_of(sources) == first

    (certificates / "ca.crt").write_text("-----BEGIN CERTIFICATE-----")
    second = tag_of(sources)
    (sources / "Dockerfile").write_text("FROM scratch\n")
    assert len({first, second, tag_of(sources), tag_of(sources, Base.DEBIAN)}) == 4


def test_context_holds_the_dockerfile_and_the_certificates_and_nothing_else(sources):
    certificates = sources.parent / "certs"
    certificates.mkdir()
    for name in ("ca.crt", "ca.key", "notes.txt"):
        (certificates / name).write_text(name)
    (sources / "secret").write_text("secret")
    with tarfile.open(fileobj=io.BytesIO(Recipe.of(Base.REGISTRY, sources).context)) as tar:
        assert tar.getnames() == ["certs", "Dockerfile", "certs/ca.crt"]
        assert {(entry.mtime, entry.uid, entry.uname) for entry in tar} == {(0, 0, "")}


def test_private_key_among_the_certificates_is_refused(sources):
    certificates = sources.parent / "certs"
    certificates.mkdir()
    (certificates / "ca.crt").write_text("-----BEGIN RSA PRIVATE KEY-----\n")
    with pytest.raises(ConfigError, match=r"certs/ca\.crt holds a private key; put certificates"):
        Recipe.of(Base.REGISTRY, sources)


def test_missing_images_are_not_found_and_listed_as_missing(client, sources):
    (sources / "Dockerfile").write_text(f"FROM scratch\n# {uuid.uuid4()}\n")
    assert images.find(client, sources) is None
    current = images.survey(client, sources)[:2]
    assert [(standing.base, standing.made) for standing in current] == [
        ("registry", None),
        ("debian", None),
    ]


@pytest.mark.parametrize(
    "answer",
    [(500, {"message": "dial tcp: no such host"}), (503, {"message": "busy"}), (DIES, b"")],
)
def test_without_a_registry_the_other_way_is_named(tmp_path, answer):
    with (
        connected(tmp_path, {"/distribution/": answer}) as client,
        pytest.raises(SandboxUnavailableError) as caught,
    ):
        images.ensure(client, print)
    assert "no image registry answers for python:3.12-slim-bookworm (" in str(caught.value)
    assert str(caught.value).endswith("from Debian packages alone: make images BASE=debian")


def test_missing_debian_base_is_not_looked_for_in_a_registry(tmp_path):
    with (
        connected(tmp_path, {"/distribution/": (200, {})}) as client,
        pytest.raises(SandboxError, match="dgm-debian:bookworm is not there; make images"),
    ):
        images.build(client, Recipe.of(Base.DEBIAN), print)


def test_full_disk_of_the_engine_is_one_line_in_a_build_and_in_an_import(tmp_path):
    lines = [{"stream": "Step 1/2 : FROM x"}, {"stream": "Unpacking git"}, ENGINE_FULL]
    log = "\r\n".join(map(json.dumps, lines)).encode()
    answers = {"/distribution/": (200, {}), "/build": (200, log), "/images/create": (200, log)}
    (tmp_path / "base.tar").touch()
    with connected(tmp_path, answers) as client:
        for work in (
            lambda: images.ensure(client, print),
            lambda: debian.import_tar(client, tmp_path / "base.tar", print),
        ):
            with pytest.raises(SandboxError) as caught:
                work()
            assert "the disk of the Docker engine is full; make room: docker" in str(caught.value)


@pytest.mark.slow
def test_image_is_built_once_found_and_listed(attempt, based, sources):
    said = []
    tag = attempt(f"RUN echo {uuid.uuid4()} > /made", say=said.append)
    assert images.find(based, sources) == tag == images.ensure(based, print, sources)
    assert any(line.startswith("Step 3/") for line in said)
    image = based.images.get(tag)
    assert image.labels["dgm.base"] == "dgm-debian:bookworm"
    listed = {standing.tag: standing for standing in images.survey(based, sources)}
    assert (listed[tag].base, listed[tag].made[:4]) == ("debian", image.attrs["Created"][:4])

    said.clear()
    images.build(based, Recipe.of(Base.DEBIAN, sources), said.append)
    assert said == []
    (sources / "Dockerfile").write_text("FROM scratch\n")
    assert images.find(based, sources) is None
    listed = {standing.tag: standing for standing in images.survey(based, sources)}
    assert listed[tag].base == ""


@pytest.mark.slow
def test_step_that_fails_is_one_line_and_leaves_no_image_and_no_container(attempt, based, sources):
    mark = str(uuid.uuid4())
    with pytest.raises(SandboxError) as caught:
        attempt(f"RUN echo something is wrong >&2; exit 3 # {mark}")
    tag = tag_of(sources, Base.DEBIAN)
    assert f"building {tag} failed: something is wrong (Step 3/4 : RUN echo" in str(caught.value)
    assert not builds.is_there(based, tag)
    assert containers_that_run(based, mark) == []


@pytest.mark.slow
def test_disk_that_fills_up_during_a_step_is_named(attempt, based, sources):
    mark = str(uuid.uuid4())
    with pytest.raises(SandboxError, match="the disk of the Docker engine is full"):
        attempt(f"RUN dd if=/dev/zero of=/dev/shm/{mark} bs=1M count=200")
    assert not builds.is_there(based, tag_of(sources, Base.DEBIAN))
    assert containers_that_run(based, mark) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL"])
def test_build_that_is_stopped_leaves_no_image_and_no_container(based, sources, name):
    mark = str(uuid.uuid4())
    write_dockerfile(sources, f"RUN sleep 600 # {mark}")
    code = (
        "import sys; from pathlib import Path; from dgm.sandbox import engine, images;"
        "recipe = images.Recipe.of(images.Base.DEBIAN, Path(sys.argv[1]));"
        "images.build(engine.connect(), recipe, print)"
    )
    command = [sys.executable, "-c", code, str(sources)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as building:
        await_true(lambda: containers_that_run(based, mark))
        building.send_signal(signal.Signals[name])
    await_true(lambda: not containers_that_run(based, mark))
    assert not builds.is_there(based, tag_of(sources, Base.DEBIAN))


@pytest.mark.slow
def test_proxies_with_passwords_serve_the_build_and_stay_out_of_the_image(
    attempt, based, sources, tmp_path, monkeypatch
):
    proxy = f"http://user:{CANARY}@nowhere.invalid:1"
    config = {"proxies": {"default": {"ftpProxy": proxy}}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("DGM_CANARY", CANARY)
    with closing(engine.connect()) as proxied:
        write_dockerfile(sources, f"RUN test -n $ftp_proxy && echo {uuid.uuid4()} > /made")
        recipe = Recipe.of(Base.DEBIAN, sources)
        assert CANARY not in everything_about(proxied, images.build(proxied, recipe, print))
        proxied.images.remove(recipe.tag)
        write_dockerfile(sources, "ARG ftp_proxy", "ENV LEAK=$ftp_proxy")  # the control
        recipe = Recipe.of(Base.DEBIAN, sources)
        assert CANARY in everything_about(proxied, images.build(proxied, recipe, print))
        proxied.images.remove(recipe.tag)


@pytest.mark.slow
def test_project_image_has_what_agents_need_and_no_environment(based):
    tag = images.build(based, Recipe.of(Base.DEBIAN), print)
    config = based.images.get(tag).attrs["Config"]
    assert [entry.split("=")[0] for entry in config["Env"]] == ["PATH"]
    assert config["User"] == "1000:1000"
    script = (
        "set -e; for word in bash git rg ps patch python3 python; do command -v $word; done;"
        "python3 -c 'import venv, ensurepip'; whoami;"
        "find /var/cache/apt /var/lib/apt/lists; cat /etc/apt/apt.conf.d/*"
    )
    container = based.containers.create(
        tag, ["bash", "-c", script], network_mode="none", use_config_proxy=False
    )
    try:
        container.start()
        code, said = container.wait()["StatusCode"], container.logs().decode()
    finally:
        container.remove(force=True)
    assert code == 0, said
    assert "agent" in said.split()
    assert ".deb" not in said
    assert "proxy" not in said.lower()


def test_base_is_packed_without_caches_and_traces_of_this_machine(tmp_path):
    root = tmp_path / "root"
    for name in (
        *("etc/hostname", "etc/resolv.conf", "etc/machine-id", "var/log/apt.log", "proc/1/environ"),
        *("var/cache/apt/archives/x.deb", "var/lib/apt/lists/x", "debootstrap/log", "dev/null"),
        *("etc/passwd", "usr/bin/git", "var/lib/dpkg/status"),
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    debian.pack(root, tmp_path / "base.tar")
    with tarfile.open(tmp_path / "base.tar") as tar:
        files = [entry.name for entry in tar if entry.isreg()]
        assert {"dev", "proc", "var/log", "var/lib/apt/lists"} <= set(tar.getnames())
    assert files == ["etc/passwd", "usr/bin/git", "var/lib/dpkg/status"]


def test_cached_base_that_is_torn_or_of_another_recipe_is_removed(tmp_path):
    cache = tmp_path / "cache"
    cache.mkdir()
    whole = cache / "new.tar"
    whole.write_bytes(b"contents of a base")
    whole = whole.rename(cache / debian._tar_name(whole, debian.BOOKWORM))
    foreign = cache / whole.name.replace(debian.RECIPE, "0" * 12)
    shutil.copyfile(whole, foreign)
    other = cache / "something.tar"
    other.touch()
    assert debian.find_tar(cache) == whole
    assert sorted(cache.iterdir()) == [whole, other]

    whole.write_bytes(b"contents of a")
    assert debian.find_tar(cache) is None
    assert sorted(cache.iterdir()) == [other]


@pytest.mark.slow
def test_import_replaces_the_base_of_an_older_recipe(client, tmp_path, monkeypatch):
    repository = f"dgm-test-{uuid.uuid4()}"
    monkeypatch.setattr(debian, "REPOSITORY", repository)
    image = debian.BOOKWORM.image
    assert image == f"{repository}:bookworm"
    assert debian.recipe_of(client) is None
    ids = []
    for contents in ("old", "new"):
        (tmp_path / contents).mkdir()
        (tmp_path / contents / "file").write_text(contents)
        debian.pack(tmp_path / contents, tmp_path / f"{contents}.tar")
        debian.import_tar(client, tmp_path / f"{contents}.tar", print)
        ids.append(client.images.get(image).id)
    assert debian.recipe_of(client) == debian.RECIPE
    assert ids[0] not in [image["Id"] for image in client.api.images(all=True)]
    client.images.remove(image)


def test_each_release_of_debian_has_an_image_a_recipe_and_a_file_of_its_own(tmp_path):
    assert debian.TRIXIE.image == "dgm-debian:trixie"
    assert debian.TRIXIE.recipe != debian.BOOKWORM.recipe == debian.RECIPE
    whole = tmp_path / "base.tar"
    whole.write_bytes(b"contents")
    whole = whole.rename(tmp_path / debian._tar_name(whole, debian.TRIXIE))
    assert debian.find_tar(tmp_path) is None
    assert debian.find_tar(tmp_path, debian.TRIXIE) == whole


def test_cache_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").touch()
    with connected(tmp_path, {}) as client, pytest.raises(SandboxError) as caught:
        debian.ensure(client, tmp_path / "file" / "dgm", {}, print)
    assert "name another place in XDG_CACHE_HOME" in str(caught.value)


@needs_root
def test_base_is_refused_to_all_but_root_in_one_line(tmp_path):
    tmp_path.chmod(0o777)
    with connected(tmp_path, {}) as client:
        os.seteuid(65534)
        try:
            with pytest.raises(SandboxUnavailableError, match="sudo make images BASE=debian"):
                debian.make_tar(Path("/tmp"), {}, print)
        finally:
            os.seteuid(0)
        assert client


@pytest.fixture
def mirror():
    """See whether debootstrap is installed; where it fetches from is its own affair."""
    if shutil.which("debootstrap") is None:
        pytest.skip("debootstrap is not installed; apt install debootstrap")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 48 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder]
    if subprocess.run(mount, check=False).returncode != 0:
        pytest.skip("file systems cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


@needs_root
def test_pack_onto_a_full_disk_leaves_the_error_to_be_explained(tmp_path, small_disk):
    root = tmp_path / "root"
    root.mkdir()
    (root / "large").write_bytes(bytes(64 << 20))
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        debian.pack(root, small_disk / "base.tar")


@needs_root
@pytest.mark.slow
def test_debian_on_a_full_disk_is_one_line_and_leaves_nothing(tmp_path, small_disk, mirror):
    cache = small_disk / "cache"
    with connected(tmp_path, {}) as client, pytest.raises(SandboxError) as caught:
        debian.ensure(client, cache, {}, print)
    assert f"the disk below {cache} is full; make room (" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert list(cache.iterdir()) == []
    assert mounts_below(cache) == []


@needs_root
@pytest.mark.slow
def test_debian_without_a_network_is_one_line_and_leaves_nothing(tmp_path, mirror):
    cache = tmp_path / "cache"
    nowhere = {"http_proxy": "http://127.0.0.1:9"}
    with pytest.raises(SandboxError, match=r"debootstrap failed: .*behind a proxy set http_proxy"):
        debian.make_tar(cache, nowhere, print)
    assert list(cache.iterdir()) == []


@needs_root
@pytest.mark.slow
@pytest.mark.parametrize("name", ["SIGINT", "SIGKILL"])
def test_debootstrap_that_is_stopped_leaves_no_process_and_no_mount(tmp_path, mirror, name):
    cache = tmp_path / "cache"
    code = (
        "import sys; from pathlib import Path; from dgm.sandbox import debian;"
        "debian.make_tar(Path(sys.argv[1]), {}, print)"
    )
    command = [sys.executable, "-c", code, str(cache)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as making:
        await_true(lambda: list(cache.glob("*/root/var/cache/apt/archives/*.deb")))
        assert processes_about(cache)
        making.send_signal(signal.Signals[name])
    await_true(lambda: not processes_about(cache))
    if name == "SIGKILL":
        assert scratch.reap(cache) == 1  # as the next call does
    assert list(cache.iterdir()) == []
    assert mounts_below(cache) == []


def await_true(condition, timeout_s=60):
    """Wait for what is sure to come."""
    deadline = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.05)
    return found


def containers_that_run(client, mark):
    """The containers, running or ended, whose command holds such a mark."""
    found = client.api.containers(all=True, trunc=False)
    return [container["Id"] for container in found if mark in container["Command"]]


def everything_about(client, tag):
    """What an image tells of how it was made."""
    attrs = client.images.get(tag).attrs
    return json.dumps(attrs) + json.dumps(client.api.history(tag))


def processes_about(path):
    """The other processes that name a path on their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if folder.name != str(os.getpid()) and str(path) in (folder / "cmdline").read_text():
                found.append(folder.name)
    return found


def mounts_below(path):
    return [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(path) in line
    ]
