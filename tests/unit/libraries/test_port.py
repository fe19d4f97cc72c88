"""What a release offers."""

from __future__ import annotations

import pytest
from packaging.version import Version

from csvkit_ml import registry
from csvkit_ml.libraries.port import Offer


@pytest.mark.parametrize(
    ("version", "why"),
    [("2.3.1", "offered since 2.4"), ("2.4", ""), ("2.6.0", ""), ("2.7.0", "defined otherwise since 2.7"), ("2.13.0", "defined otherwise since 2.7")],
)
def test_a_definition_holds_for_its_releases(version: str, why: str) -> None:
    offer = Offer(function="f", names=(), dtypes=(), variants=(), since="2.4", until="2.7")
    assert offer.missing_in(Version(version)) == why


def test_no_release_has_two_definitions_of_the_default_eps() -> None:
    offers = {o.function: o for o in registry.library("torch").offers()}
    for version in map(Version, ("2.6.0", "2.7.1", "2.8.0", "2.13.0")):
        assert sum(not offers[f].missing_in(version) for f in ("rms_norm_16_bit", "rms_norm_eps_of_data")) <= 1
