"""One release for a requirement: newest, habits, pre-releases, local versions, yanked, impossible."""

from __future__ import annotations

from pathlib import Path

import pytest

from csvkit_ml.environments.resolve import resolve
from csvkit_ml.errors import MalformedRequirementError, ResolutionError, UnknownLibraryError, UvError
from csvkit_ml.model.spec import EnvironmentRequest, ValidationSpec
from tests.worlds.wheels import KNOWN, TODAY, World, screen, simple_index, write_sdist, write_wheel


def find(world: World, asked: str, request: EnvironmentRequest | None = None, **environ: str) -> ValidationSpec:
    return resolve(asked, request or world.request, KNOWN, today=TODAY, environ={**world.environ, **environ})


@pytest.fixture
def stocked(world: World) -> World:
    for version in ("1.9.0", "2.0.0", "2.1.0", "2.13.1", "2.13.4", "2.14.0", "3.0.0rc1"):
        world.wheel(version)
    return world


@pytest.mark.parametrize(
    ("asked", "version"),
    [
        ("tinylib", "2.14.0"),
        ("tinylib==2.x", "2.14.0"),
        ("tinylib 2.x", "2.14.0"),
        ("tinylib==2.13.x", "2.13.4"),
        ("tinylib>=2,<2.13", "2.1.0"),
        ("tinylib~=2.13.0", "2.13.4"),
        ("tinylib!=2.14.0", "2.13.4"),
        ("tinylib==2.0", "2.0.0"),
        ("TinyLib", "2.14.0"),
        ("tinylib==3.0.0rc1", "3.0.0rc1"),
        ("tinylib>=3.0.0rc1", "3.0.0rc1"),
    ],
)
def test_the_newest_that_satisfies(stocked: World, asked: str, version: str) -> None:
    found = find(stocked, asked)
    assert (found.asked, found.library, found.version, found.local, found.resolved_on) == (asked, "tinylib", version, "", TODAY)


def test_a_pre_release_is_taken_only_when_named(world: World) -> None:
    world.wheel("1.0.0rc1")
    world.wheel("0.9")
    assert find(world, "tinylib").version == "0.9"


@pytest.mark.parametrize(("asked", "local"), [("tinylib==1.0+cpu", "cpu"), ("tinylib==1.0+cu130", "cu130")])
def test_a_build_label_is_kept_apart(world: World, asked: str, local: str) -> None:
    world.wheel("1.0+cpu")
    world.wheel("1.0+cu130")
    found = find(world, asked)
    assert (found.version, found.local, found.full_version) == ("1.0", local, f"1.0+{local}")


def test_the_label_of_the_only_build_is_told(world: World) -> None:
    world.wheel("1.0+cpu")
    assert find(world, "tinylib==1.0").full_version == "1.0+cpu"
    assert find(world, "tinylib").full_version == "1.0+cpu"


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("tinylib==2.5.0", ("2.1.0", "2.13.1", "2.14.0")),
        ("tinylib==99", ("2.14.0",)),
        ("tinylib==9.x", ("2.14.0",)),
        ("tinylib>=2.2,<2.13", ("2.1.0", "2.13.1")),
        ("tinylib<1", ("1.9.0", "2.14.0")),
        ("tinylib==2.14.0+cu999", ("2.13.4", "2.14.0")),
    ],
)
def test_the_impossible_names_the_nearest(stocked: World, asked: str, near: tuple[str, ...]) -> None:
    with pytest.raises(ResolutionError) as e:
        find(stocked, asked)
    assert asked in e.value.cause
    listed = e.value.hint.removeprefix("nearest versions: ").split(", ")
    assert set(near) <= set(listed), e.value.hint
    assert e.value.exit_code == 6


def test_no_wheel_for_this_platform_says_so(world: World) -> None:
    world.wheel("1.0", tag="cp311-cp311-win_arm64")
    with pytest.raises(ResolutionError) as e:
        find(world, "tinylib==1.0")
    assert "platform" in screen(e.value)
    world.wheel("0.5")
    with pytest.raises(ResolutionError) as e:
        find(world, "tinylib==1.0")
    assert "0.5" in e.value.hint
    assert "1.0" not in e.value.hint


def test_no_wheel_for_this_python_says_so(world: World) -> None:
    world.wheel("1.0", tag="cp27-cp27m-manylinux1_x86_64")
    with pytest.raises(ResolutionError) as e:
        find(world, "tinylib==1.0")
    assert "Python" in screen(e.value)


def test_a_release_for_newer_pythons_only_is_out(tmp_path: Path, world: World) -> None:
    for version in ("1.0", "2.0"):
        write_wheel(tmp_path / "served", "tinylib", version)
    with simple_index(tmp_path / "served", pythons={"tinylib-2.0-py3-none-any.whl": ">=4"}) as url:
        request = EnvironmentRequest(index_url=url)
        assert find(world, "tinylib", request, UV_NO_INDEX="").version == "1.0"
        with pytest.raises(ResolutionError, match="Python") as e:
            find(world, "tinylib>=2", request, UV_NO_INDEX="")
    assert e.value.hint == "nearest versions: 1.0"


def test_sources_are_never_built(world: World) -> None:
    write_sdist(world.links, "tinylib", "1.0")
    with pytest.raises(ResolutionError) as e:
        find(world, "tinylib==1.0")
    assert "wheel" in screen(e.value)
    assert not (world.links / "built").exists()
    world.wheel("0.5")
    assert find(world, "tinylib").version == "0.5"


def test_a_yanked_release_is_refused_by_name_and_passed_over_otherwise(tmp_path: Path, world: World) -> None:
    for version in ("1.0", "1.1"):
        write_wheel(tmp_path / "served", "tinylib", version)
    with simple_index(tmp_path / "served", {"tinylib-1.1-py3-none-any.whl": "wrong results on Tuesdays"}) as url:
        request = EnvironmentRequest(index_url=url)
        assert find(world, "tinylib", request, UV_NO_INDEX="").version == "1.0"
        with pytest.raises(ResolutionError) as e:
            find(world, "tinylib==1.1", request, UV_NO_INDEX="")
    assert "yanked" in e.value.cause
    assert "wrong results on Tuesdays" in e.value.cause
    assert "1.0" in e.value.hint


def test_the_only_release_was_yanked(tmp_path: Path, world: World) -> None:
    write_wheel(tmp_path / "served", "tinylib", "1.1")
    with simple_index(tmp_path / "served", {"tinylib-1.1-py3-none-any.whl": ""}) as url, pytest.raises(ResolutionError) as e:
        find(world, "tinylib>=1", EnvironmentRequest(index_url=url), UV_NO_INDEX="")
    assert "yanked" in e.value.cause


def test_an_index_of_the_users_settings_is_used(tmp_path: Path, world: World) -> None:
    write_wheel(tmp_path / "served", "tinylib", "7.0")
    with simple_index(tmp_path / "served") as url:
        for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
            assert find(world, "tinylib", EnvironmentRequest(), **{"UV_NO_INDEX": "", name: url}).version == "7.0"


def test_an_index_that_does_not_answer(world: World) -> None:
    request = EnvironmentRequest(index_url="http://127.0.0.1:9/simple")
    with pytest.raises(UvError) as e:
        find(world, "tinylib==1.0", request, UV_NO_INDEX="", UV_HTTP_RETRIES="0")
    assert "127.0.0.1:9" in e.value.cause
    assert "network" in e.value.hint


def test_an_exact_version_found_before_needs_no_network(tmp_path: Path, world: World) -> None:
    write_wheel(tmp_path / "served", "tinylib", "1.0")
    environ = {**world.environ, "UV_NO_INDEX": "", "UV_HTTP_RETRIES": "0"}
    with simple_index(tmp_path / "served") as url:
        request = EnvironmentRequest(index_url=url)
        resolve("tinylib==1.0", request, KNOWN, today=TODAY, environ=environ, cache=world.cache)
    environ["UV_CACHE_DIR"] = str(tmp_path / "another")
    assert resolve("tinylib==1.0", request, KNOWN, today=TODAY, environ=environ, cache=world.cache).version == "1.0"
    for path in (world.cache / "resolutions").iterdir():
        path.write_text("garbage")
    with pytest.raises(UvError):
        resolve("tinylib==1.0", request, KNOWN, today=TODAY, environ=environ, cache=world.cache)


def test_nothing_at_all(world: World) -> None:
    with pytest.raises(ResolutionError) as e:
        find(world, "tinylib")
    assert "--find-links" in e.value.hint


@pytest.mark.parametrize(("asked", "error"), [("tynylib", UnknownLibraryError), ("tinylib==", MalformedRequirementError)])
def test_refused_before_anything_is_asked(world: World, asked: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        find(world, asked)
