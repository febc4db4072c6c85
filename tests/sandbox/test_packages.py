"""Packages of others: agents can import them, nobody can change them, and they are kept once."""

from __future__ import annotations

import multiprocessing
import os
import platform
import shutil
import stat
import sys

import pytest

from dgm import scratch
from dgm.errors import ConfigError, SandboxError
from dgm.sandbox.interpreter import Interpreter, find_interpreter
from dgm.sandbox.packages import Shelf
from tests.sandbox.wheels import write_wheel

pytestmark = pytest.mark.slow

CLOSED = {"PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}
READ_MODULE = "import tiny, sys; print(tiny.VERSION, tiny.__file__, tiny.__cached__)"


class Told(list):
    """Takes what is said."""

    def __call__(self, line):
        self.append(line)


@pytest.fixture
def wheels(tmp_path):
    """A folder pip looks for wheels in, and nowhere else."""
    write_wheel(tmp_path / "wheels")
    return tmp_path / "wheels"


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def shelf(tmp_path, wheels, told):
    return Shelf(tmp_path / "cache", {**CLOSED, "PIP_FIND_LINKS": str(wheels)}, told)


@pytest.fixture
def without_pip(shelf, told):
    """A shelf that can only take what is there."""
    return Shelf(shelf.cache, CLOSED, told)


class TestInside:
    def test_agent_imports_and_starts_scripts_and_cannot_write(self, driver, spec, enter, shelf):
        packages = shelf.provide(["tiny"], driver)
        with driver.open(spec(packages=packages.folder)) as sandbox:
            inside, place = enter(sandbox), sandbox.paths.packages
            version, source, bytecode = inside.run("python3", "-c", READ_MODULE).stdout.split()
            assert (version, source) == (b"1.0", f"{place}/tiny/__init__.py".encode())
            assert inside.run("test", "-f", bytecode.decode()).exit_code == 0
            assert inside.run("tiny-script").stdout == b"script 1.0\n"
            for script in ("echo > new", "echo >> tiny/__init__.py", "rm -r tiny", "chmod 777 ."):
                assert inside.sh(script, cwd=place).exit_code != 0, script
            assert inside.run("python3", "-c", READ_MODULE).stderr == b""
        assert (packages.folder / "tiny" / "__init__.py").stat().st_mode & 0o777 == 0o644

    def test_sandbox_without_them_has_none(self, driver, spec, enter, shelf):
        packages = shelf.provide(["tiny"], driver)
        with driver.open(spec(packages=packages.folder)), driver.open(spec()) as grader:
            inside = enter(grader)
            assert inside.run("python3", "-c", "import tiny").exit_code == 1
            assert inside.run("ls", grader.paths.packages).exit_code != 0
            assert b"packages" not in inside.run("env").stdout

    def test_interpreter_is_that_of_the_sandbox(self, driver, inside):
        python = find_interpreter(driver)
        said = inside.python("import platform; print(platform.python_version())").stdout
        assert said.decode().split() == [python.version]
        assert python.machine == platform.machine()
        assert f"manylinux2014_{python.machine}" in python.platforms

    def test_same_packages_are_shown_again_to_the_next(self, driver, spec, enter, shelf):
        packages = shelf.provide(["tiny"], driver)
        for _ in range(2):
            with driver.open(spec(packages=packages.folder)) as sandbox:
                assert enter(sandbox).run("tiny-script").exit_code == 0


@pytest.fixture(scope="module")
def some(request):
    """The first driver that works here: what follows does not depend on which."""
    from tests.sandbox.conftest import DRIVERS

    for make, why_not in DRIVERS.values():
        if why_not() is None:
            with make() as opened:
                yield opened
            return
    pytest.skip("no sandbox works here")


class TestCache:
    def test_second_use_fetches_nothing(self, some, shelf, without_pip, told):
        first = shelf.provide(["tiny"], some)
        assert told
        told.clear()
        assert without_pip.provide(["tiny"], some) == first
        assert told == []

    def test_pins_lead_to_the_very_same_folder(self, some, wheels, shelf, without_pip):
        first = shelf.provide(["tiny>=0.5"], some)
        assert first.pins == ("tiny==1.0",)
        write_wheel(wheels, version="2.0")
        assert without_pip.provide(first.pins, some) == first
        assert shelf.provide(["tiny>=0.9"], some).pins == ("tiny==2.0",)

    def test_what_packages_need_is_pinned_too(self, some, wheels, shelf):
        write_wheel(wheels, "outer", needs="tiny<2")
        write_wheel(wheels, version="2.0")
        assert shelf.provide(["outer"], some).pins == ("outer==1.0", "tiny==1.0")

    def test_package_is_left_out_with_what_nothing_else_needs(
        self, some, wheels, shelf, without_pip
    ):
        write_wheel(wheels, "mid_dle", needs="tiny")
        write_wheel(wheels, "outer", needs="mid_dle")
        assert len(shelf.provide(["outer"], some).pins) == 3
        less = shelf.provide(["outer"], some, ["Mid-dle"])
        assert less.pins == ("outer==1.0",)
        assert not (less.folder / "tiny").exists()
        assert without_pip.provide(less.pins, some, ["mid.dle"]) == less
        assert shelf.provide(["outer", "tiny"], some, ["mid-dle"]).pins == (
            "outer==1.0",
            "tiny==1.0",
        )

    def test_wheel_named_by_its_path_is_pinned_by_its_contents(self, some, shelf, wheels):
        wheel = write_wheel(wheels.parent / "mine", version="7.0")
        first = shelf.provide([f"tiny @ file://{wheel}"], some)
        (pin,) = first.pins
        assert pin.startswith(f"tiny @ file://{wheel}#sha256=")
        assert shelf.provide([pin], some) == first
        shutil.rmtree(shelf.cache)
        write_wheel(wheel.parent, version="7.0", needs="tiny")
        with pytest.raises(ConfigError, match=r"(?i)hash"):
            shelf.provide([pin], some)

    @pytest.mark.parametrize("torn", ["packages.json", "site"])
    def test_torn_folder_is_removed_and_made_again(self, some, shelf, torn):
        folder = shelf.provide(["tiny"], some).folder.parent
        piece = folder / torn
        shutil.rmtree(piece) if piece.is_dir() else piece.unlink()
        (folder / "leftover").touch()
        assert shelf.provide(["tiny"], some).folder.parent == folder
        assert not (folder / "leftover").exists()

    def test_half_written_contents_are_torn(self, some, shelf):
        packages = shelf.provide(["tiny"], some)
        contents = packages.folder.parent / "packages.json"
        contents.write_text(contents.read_text()[:20])
        assert shelf.provide(["tiny"], some) == packages

    def test_what_a_killed_process_left_is_removed(self, some, shelf):
        left = shelf.cache / "packages" / f"dgm-scratch-{os.getuid()}-killed"
        (left / "draft").mkdir(parents=True)
        (left / scratch._OWNER).write_bytes(scratch._MARKER)
        shelf.provide(["tiny"], some)
        assert not left.exists()

    def test_two_processes_at_once_have_the_same(self, some, shelf):
        context = multiprocessing.get_context("spawn")
        with context.Pool(2) as pool:
            found = pool.map(_provide, [(shelf.cache, shelf.environment)] * 2)
        assert found[0] == found[1]
        assert shelf.provide(["tiny"], some) == found[0]
        assert not list((shelf.cache / "packages").glob("dgm-scratch-*"))

    def test_every_user_can_read_and_nobody_else_write(self, some, shelf):
        before = os.umask(0o077)
        try:
            folder = shelf.provide(["tiny"], some).folder
        finally:
            os.umask(before)
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o755 if path.is_dir() or path.parent.name == "bin" else 0o644), path

    def test_start_up_hooks_of_packages_do_not_run_on_the_host(self, some, shelf, capfd):
        packages = shelf.provide(["tiny"], some)
        assert (packages.folder / "tiny.pth").exists()
        assert "surprise" not in "".join(capfd.readouterr())
        assert "tiny" not in sys.modules
        assert str(packages.folder) not in sys.path


def _provide(given):
    from tests.sandbox.conftest import DRIVERS

    make = next(make for make, why_not in DRIVERS.values() if why_not() is None)
    with make() as opened:
        return Shelf(*given, Told()).provide(["tiny"], opened)


class TestFailures:
    def test_missing_version_is_one_line_with_the_remedy(self, some, shelf):
        with pytest.raises(ConfigError) as caught:
            shelf.provide(["tiny==9"], some)
        message = str(caught.value)
        assert "\n" not in message
        assert "tiny==9" in message
        assert "take versions that have wheels, or name a wheel" in message
        assert list((shelf.cache / "packages").iterdir()) == []

    def test_source_distribution_is_never_built(self, some, shelf, wheels, tmp_path):
        mark = tmp_path / "mark"
        source = tmp_path / "evil-1.0"
        source.mkdir()
        (source / "setup.py").write_text(f"open({str(mark)!r}, 'w')\n")
        (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n")
        shutil.make_archive(str(wheels / "evil-1.0"), "gztar", tmp_path, "evil-1.0")
        with pytest.raises(ConfigError, match="evil"):
            shelf.provide(["evil"], some)
        loose = Shelf(shelf.cache, {**shelf.environment, "PIP_NO_BINARY": ":all:"}, print)
        with pytest.raises(ConfigError, match="evil"):
            loose.provide(["evil"], some)
        assert not mark.exists()

    def test_wheel_for_another_python_is_refused(self, some, wheels, shelf):
        write_wheel(wheels, "other", tag="cp27-none-any")
        with pytest.raises(ConfigError, match="as wheels for Python 3"):
            shelf.provide(["other"], some)

    def test_wheel_for_another_machine_is_refused(self, some, wheels, shelf):
        write_wheel(wheels, "other", tag="py3-none-win_amd64")
        with pytest.raises(ConfigError, match="as wheels for Python 3"):
            shelf.provide(["other"], some)

    def test_requirement_that_only_the_sandboxes_python_has_is_told(self, some, wheels, shelf):
        version = find_interpreter(some).version
        write_wheel(wheels, "outer", needs=f'tiny; python_full_version == "{version}"')
        if version == platform.python_version():
            assert len(shelf.provide(["outer"], some).pins) == 2
            return
        with pytest.raises(ConfigError, match=r"add tiny to sandbox\.packages"):
            shelf.provide(["outer"], some)

    def test_cache_that_cannot_be_written_is_one_line(self, some, tmp_path, told):
        (tmp_path / "file").touch()
        with pytest.raises(SandboxError, match="name another place in XDG_CACHE_HOME"):
            Shelf(tmp_path / "file", CLOSED, told).provide(["tiny"], some)


def test_wheels_for_older_machines_fit_newer_ones():
    new, old = (Interpreter("3.11.2", "x86_64", "a", glibc) for glibc in (36, 12))
    assert set(old.platforms) < set(new.platforms)
    assert new.platforms[0] == "manylinux_2_36_x86_64"
    assert {"manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"} <= set(old.platforms)
    assert Interpreter("3.11.2", "x86_64", "a", None).platforms == ("linux_x86_64",)
