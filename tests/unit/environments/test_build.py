"""Built environments: reused while they are as they were left, built again otherwise, never half, never twice at once."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from csvkit_ml.environments import build
from csvkit_ml.environments.build import MARKER, obtain
from csvkit_ml.errors import DiskFullError, EnvironmentFailure, OutputUnwritableError, ResolutionError, UvError
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.environment import EnvironmentRecord
from tests.worlds.wheels import World, quiet, simple_index, spec, write_wheel


@pytest.fixture
def one(world: World) -> World:
    world.wheel("1.0", needs=("tinydep",))
    world.wheel("2.0", name="tinydep")
    return world


def have(world: World, version: str = "1.0", **environ: str) -> tuple[EnvironmentRecord, list[str]]:
    said: list[str] = []
    return obtain(spec(version), world.request, world.cache, {**world.environ, **environ}, said.append), said


def prefix(world: World, record: EnvironmentRecord) -> Path:
    return world.cache / Path(record.python).parents[1]


def site(world: World, record: EnvironmentRecord) -> Path:
    return next(prefix(world, record).glob("lib/*/site-packages"))


def built(said: list[str]) -> bool:
    return any(text.startswith("building") for text in said)


def test_the_release_and_what_it_needs(one: World) -> None:
    record, said = have(one)
    assert built(said)
    assert [(d.name, d.version, len(d.wheel)) for d in record.distributions] == [("tinydep", "2.0", 64), ("tinylib", "1.0", 64)]
    assert (record.library, record.version, record.adopted, record.findings) == ("tinylib", "1.0", False, ())
    python = one.cache / record.python
    done = subprocess.run([python, "-I", "-c", "import tinylib; print(tinylib.__version__)"], capture_output=True, text=True)
    assert done.stdout == "1.0\n", done.stderr


def test_what_was_asked_for_beside_it_is_installed_recorded_and_another_environment(one: World) -> None:
    one.wheel("3.1", name="tinymate")
    plain, _ = have(one)
    request = replace(one.request, beside=("tinymate<4",))
    record = obtain(spec(), request, one.cache, one.environ, quiet)
    assert [(d.name, d.version) for d in record.distributions] == [("tinydep", "2.0"), ("tinylib", "1.0"), ("tinymate", "3.1")]
    assert (record.beside, plain.beside) == (("tinymate<4",), ())
    assert record.lock != plain.lock
    assert have(one) == (plain, [])
    with pytest.raises(ResolutionError) as e:
        obtain(spec(), replace(one.request, beside=("tinymate>4",)), one.cache, one.environ, quiet)
    assert "tinymate" in e.value.cause
    assert "beside" in e.value.hint


def test_nothing_of_the_host_is_visible_inside(one: World) -> None:
    record, _ = have(one)
    code = "import importlib.util as u; print([n for n in ('pip', 'numpy', 'csvkit_ml', 'setuptools') if u.find_spec(n)])"
    done = subprocess.run([one.cache / record.python, "-I", "-c", code], capture_output=True, text=True)
    assert done.stdout == "[]\n"


def test_it_is_reused_without_network_and_wheels(tmp_path: Path, world: World) -> None:
    write_wheel(tmp_path / "served", "tinylib", "1.0")
    environ = {**world.environ, "UV_NO_INDEX": ""}
    with simple_index(tmp_path / "served") as url:
        settings = replace(world.request, index_url=url)
        first = obtain(spec(), settings, world.cache, environ, quiet)
    said: list[str] = []
    assert obtain(spec(), settings, world.cache, {**environ, "UV_OFFLINE": "1"}, said.append) == first
    assert said == []


def test_a_build_label_is_part_of_what_is_installed(world: World) -> None:
    world.wheel("1.0+cpu")
    record = obtain(spec("1.0", local="cpu"), world.request, world.cache, world.environ, quiet)
    assert record.version == "1.0+cpu"


def plant(name: str, text: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_text(text)


@pytest.mark.parametrize(
    "alter",
    [
        pytest.param(lambda s: ((s / "tinylib/data.txt").unlink(), (s / "tinylib/data.txt").write_text("datA\n")), id="altered"),
        pytest.param(lambda s: (s / "tinylib/data.txt").unlink(), id="removed"),
        pytest.param(lambda s: (s / "tinylib/data.txt").unlink() or (s / "tinylib/data.txt").symlink_to("/dev/zero"), id="a device"),
        pytest.param(plant("tinylib/extra.py", "x = 1\n"), id="added"),
        pytest.param(plant("planted.pth", "import sys\n"), id="pth"),
        pytest.param(plant("sitecustomize.py", "x = 1\n"), id="sitecustomize"),
        pytest.param(plant("_virtualenv.py", "x = 1\n"), id="virtualenv's own start-up file"),
        pytest.param(lambda s: shutil.rmtree(s / "tinydep-2.0.dist-info"), id="a distribution gone"),
        pytest.param(lambda s: write_files(s / "other-1.0.dist-info"), id="a distribution added"),
        pytest.param(lambda s: (s / "tinylib-1.0.dist-info/RECORD").write_text("tinylib/__init__.py,,\n"), id="RECORD rewritten"),
        pytest.param(lambda s: (s.parents[2] / "bin/python").unlink(), id="no interpreter"),
        pytest.param(lambda s: (s.parents[2] / "pyvenv.cfg").unlink(), id="no pyvenv.cfg"),
        pytest.param(lambda s: (s.parents[3] / MARKER).unlink(), id="marker missing"),
        pytest.param(lambda s: (s.parents[3] / MARKER).write_text("lock x\n"), id="marker of another"),
        pytest.param(lambda s: (s.parents[3] / MARKER).write_bytes(b""), id="marker empty"),
        pytest.param(lambda s: shutil.rmtree(s.parents[2]), id="only the marker is left"),
    ],
)
def test_what_is_not_as_it_was_left_is_built_again(one: World, alter: Callable[[Path], object]) -> None:
    before, _ = have(one)
    alter(site(one, before))
    after, said = have(one)
    assert "the cached environment is not intact: building it again" in said
    assert after == before
    assert have(one) == (before, [])
    assert (site(one, after) / "tinylib/data.txt").read_text() == "data\n"


def write_files(info: Path) -> None:
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (info / "RECORD").write_text("")


def test_a_file_edited_through_a_hard_link_does_not_come_back_from_the_downloads(one: World) -> None:
    before, _ = have(one)
    path = site(one, before) / "tinylib/data.txt"
    with path.open("r+") as f:
        f.write("DATA")
    after, said = have(one)
    assert any("fresh downloads" in text for text in said) or path.read_text() == "data\n"
    assert after == before
    assert (site(one, after) / "tinylib/data.txt").read_text() == "data\n"


def test_a_wheel_that_contradicts_itself_is_a_finding(world: World) -> None:
    world.wheel("1.0", forged={"tinylib/__init__.py": "__version__ = 'other'\n"})
    record, _ = have(world)
    assert [(f.distribution, f.path, f.what) for f in record.findings] == [("tinylib", "tinylib/__init__.py", "altered")]
    assert have(world) == (record, [])


def test_environments_share_files(one: World) -> None:
    one.wheel("1.1", needs=("tinydep",))
    records = [have(one, version)[0] for version in ("1.0", "1.1")]
    inodes = {(site(one, r) / "tinydep/data.txt").stat().st_ino for r in records}
    assert len(inodes) == 1
    assert prefix(one, records[0]) != prefix(one, records[1])


class Killed(BaseException):
    """As if the process had been killed here."""


@pytest.mark.parametrize("moment", ["_look", "_move", "run_uv"])
def test_a_killed_builder_leaves_nothing_that_is_taken_for_whole(one: World, monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    def kill(*arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as m:
        m.setattr(build, moment, kill)
        with pytest.raises(Killed):
            have(one)
    assert list((one.cache / "environments").glob("*.part"))
    assert not [p for p in (one.cache / "environments").iterdir() if p.suffix != ".part"]
    record, said = have(one)
    assert built(said)
    assert record.findings == ()
    assert [p.suffix for p in (one.cache / "environments").iterdir()] == [""]


def test_a_builder_killed_between_its_two_renames(one: World) -> None:
    before, _ = have(one)
    folder = prefix(one, before).parent
    folder.rename(folder.with_suffix(".old"))
    (folder.with_suffix(".part")).mkdir()
    after, said = have(one)
    assert built(said)
    assert after == before
    assert [p.suffix for p in folder.parent.iterdir()] == [""]


_RUN = """
import json, os, sys
from pathlib import Path
from csvkit_ml.environments.build import obtain
from tests.worlds.wheels import World, quiet, spec
world = World(folder=Path(sys.argv[1]))
said = []
sys.stdin.readline()
record = obtain(spec(), world.request, world.cache, world.environ, said.append)
from csvkit_ml.model.codec import canonical
print(json.dumps([canonical(record).decode(), said]))
"""


def test_two_builders_at_once_make_one_environment(one: World) -> None:
    both = [
        subprocess.Popen([sys.executable, "-c", _RUN, str(one.folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [json.loads(p.communicate("go\n", timeout=60)[0]) for p in both]
    records, said = zip(*answers, strict=True)
    assert records[0] == records[1] == canonical(have(one)[0]).decode()
    assert sorted(map(built, said)) == [False, True]


def test_an_unusable_cache_is_refused(one: World) -> None:
    one.cache.write_text("a file where a folder should be")
    with pytest.raises(OutputUnwritableError) as e:
        have(one)
    assert "XDG_CACHE_HOME" in e.value.hint


def test_a_release_that_cannot_be_had_is_refused_with_the_nearest(one: World) -> None:
    with pytest.raises(ResolutionError) as e:
        have(one, "1.5")
    assert e.value.hint == "nearest versions: 1.0"


def test_a_wheel_that_changed_since_it_was_locked(world: World, tmp_path: Path) -> None:
    environ = {**world.environ, "UV_NO_INDEX": "", "UV_HTTP_RETRIES": "0"}
    write_wheel(tmp_path / "served", "tinylib", "1.0")
    with simple_index(tmp_path / "served") as url:
        write_wheel(tmp_path / "served", "tinylib", "1.0", files={"tinylib/__init__.py": "swapped = 1\n"})
        with pytest.raises((UvError, EnvironmentFailure)) as e:
            obtain(spec(), replace(world.request, index_url=url), world.cache, environ, quiet)
    assert "hash" in e.value.cause.lower()
    assert not list((world.cache / "environments").glob("*/" + MARKER))


_LIMITED = """
import resource, sys
from pathlib import Path
from csvkit_ml.environments.build import obtain
from csvkit_ml.errors import DiskFullError
from tests.worlds.wheels import World, quiet, spec
world = World(folder=Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    obtain(spec(), world.request, world.cache, world.environ, quiet)
except DiskFullError as e:
    print(e.code, e.exit_code, e.cause)
"""


@pytest.mark.parametrize("limit_bytes", [0, 40, 20_000])
def test_no_room_for_files(one: World, limit_bytes: int) -> None:
    """The kernel itself refuses to let files grow: of ours (the lock) or of uv's."""
    one.wheel("1.0", needs=("tinydep",), files={"tinylib/__init__.py": "x = 1\n" * 50_000})
    done = subprocess.run([sys.executable, "-c", _LIMITED, str(one.folder), str(limit_bytes)], capture_output=True, text=True)
    assert done.stdout.startswith("MLCSV-DISK-FULL 6 "), (done.stdout, done.stderr)
    assert not list((one.cache / "environments").glob("*/" + MARKER))
    assert have(one)[0].findings == ()


def test_uv_says_that_the_disk_is_full(one: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "fake-uv"
    fake.write_text("#!/bin/sh\necho 'error: failed to write: No space left on device (os error 28)' >&2\nexit 2\n")
    fake.chmod(0o755)
    monkeypatch.setattr("csvkit_ml.environments.settings.uv_binary", lambda: os.fspath(fake))
    with pytest.raises(DiskFullError, match="os error 28"):
        have(one)
