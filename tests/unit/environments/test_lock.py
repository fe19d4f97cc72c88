"""The lock: wheels with their digests, reused without the network, made anew when it is not intact."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from csvkit_ml.environments.lock import Lock, make_lock, take_lock
from csvkit_ml.errors import EnvironmentFailure, ResolutionError
from csvkit_ml.model.spec import EnvironmentRequest
from tests.worlds.wheels import World, screen, simple_index, spec, write_sdist, write_wheel


def locked(world: World, version: str = "1.0") -> Lock:
    return make_lock(spec(version), world.request, world.cache, world.environ)


def taken(world: World, version: str = "1.0") -> Lock | None:
    return take_lock(spec(version), world.request, world.cache, world.environ)


def test_names_versions_files_and_digests(world: World) -> None:
    wheels = [world.wheel("1.0", needs=("tinydep>=2",)), world.wheel("2.5", name="tinydep")]
    world.wheel("1.9", name="tinydep")
    lock = locked(world)
    assert [(w.name, w.version, w.file) for w in lock.wheels] == [("tinydep", "2.5", wheels[1].name), ("tinylib", "1.0", wheels[0].name)]
    assert {w.sha256 for w in lock.wheels} == {hashlib.sha256(p.read_bytes()).hexdigest() for p in wheels}
    assert taken(world) == lock


def test_its_identity_is_what_is_installed_not_where_it_came_from(world: World, tmp_path: Path) -> None:
    world.wheel("1.0")
    here = locked(world)
    elsewhere = World(folder=tmp_path / "elsewhere")
    elsewhere.wheel("1.0")
    assert locked(elsewhere).digest == here.digest
    other = World(folder=tmp_path / "other")
    other.wheel("1.0", files={"tinylib/__init__.py": "different = 1\n"})
    assert locked(other).digest != here.digest


def test_there_is_none_yet(world: World) -> None:
    world.wheel("1.0")
    assert taken(world) is None


@pytest.mark.parametrize("damage", ["pylock.toml", "digest"])
def test_a_corrupted_lock_is_not_taken_and_made_anew(world: World, damage: str) -> None:
    world.wheel("1.0")
    lock = locked(world)
    path = lock.path.with_name(damage)
    path.write_bytes(path.read_bytes()[:-9] + b"\xff23456789")
    assert taken(world) is None
    assert locked(world) == lock == taken(world)


@pytest.mark.parametrize("gone", ["pylock.toml", "digest"])
def test_half_a_lock_is_not_taken(world: World, gone: str) -> None:
    world.wheel("1.0")
    locked(world).path.with_name(gone).unlink()
    assert taken(world) is None


def test_what_a_killed_run_left_is_not_in_the_way(world: World) -> None:
    world.wheel("1.0")
    lock = locked(world)
    part = lock.path.parent.with_suffix(".part")
    part.mkdir()
    (part / "pylock.toml").write_text("half a lo")
    lock.path.unlink()
    assert taken(world) is None
    assert locked(world) == lock
    assert not part.exists()


def test_a_changed_wheel_folder_is_another_question(world: World) -> None:
    world.wheel("1.0")
    locked(world)
    world.wheel("1.0", files={"tinylib/__init__.py": "a_wheel_of_another_size = 1\n"})
    assert taken(world) is None


def test_a_release_for_newer_pythons(world: World) -> None:
    world.wheel("1.0", python=">=4")
    world.wheel("0.5")
    with pytest.raises(ResolutionError, match="Python") as e:
        locked(world)
    assert "0.5" in e.value.hint


def test_a_dependency_without_a_wheel_says_which(world: World) -> None:
    world.wheel("1.0", needs=("tinydep",))
    with pytest.raises(ResolutionError, match="tinydep"):
        locked(world)
    write_sdist(world.links, "tinydep", "1.0")
    with pytest.raises(ResolutionError, match="tinydep") as e:
        locked(world)
    assert "tinylib 1.0" in e.value.cause
    assert not (world.links / "built").exists()


def test_an_index_without_digests_still_gives_a_lock_with_digests_or_a_refusal(world: World, tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path / "served", "tinylib", "1.0")
    environ = {**world.environ, "UV_NO_INDEX": ""}
    with simple_index(tmp_path / "served", hashes=False) as url:
        try:
            lock = make_lock(spec(), EnvironmentRequest(index_url=url), world.cache, environ)
        except EnvironmentFailure as e:
            assert "SHA-256" in screen(e)
        else:
            assert [w.sha256 for w in lock.wheels] == [hashlib.sha256(wheel.read_bytes()).hexdigest()]
