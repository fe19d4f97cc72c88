"""A world of files for every test of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.wheels import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(folder=tmp_path)
    made.links.mkdir()
    return made
