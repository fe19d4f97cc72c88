"""What every library's bindings must satisfy."""

from __future__ import annotations

import pytest

from csvkit_ml import registry
from csvkit_ml.libraries.port import Library

LIBRARIES = registry.libraries()


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_every_offer_is_of_a_known_function_and_used_by_a_sample(library: Library) -> None:
    for offer in library.offers():
        function = registry.functions()[offer.function]
        dtypes = {s.dtype for s in function.samples()}
        assert set(offer.dtypes) & dtypes, offer.function
        assert offer.names or offer.exercises
        assert offer.variants
        assert len(set(offer.variants)) == len(offer.variants)


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_lowering_is_deterministic(library: Library) -> None:
    for offer in library.offers():
        sample = next(s for s in registry.functions()[offer.function].samples() if s.dtype in offer.dtypes)
        assert library.lower(offer.function, sample) == library.lower(offer.function, sample)


def test_every_function_is_bound_somewhere() -> None:
    bound = {o.function for lib in LIBRARIES.values() for o in lib.offers()}
    assert set(registry.functions()) == bound
