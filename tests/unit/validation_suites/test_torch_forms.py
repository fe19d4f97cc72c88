"""Special forms are asked what their general form is asked, where they can be."""

from __future__ import annotations

from validation_suites.inference.torch_forms import CONVOLUTION, FUNCTIONS, PRODUCT


def test_samples_are_those_of_the_general_form_that_fit() -> None:
    for function, general in zip(FUNCTIONS, (CONVOLUTION, PRODUCT), strict=True):
        known = {s.name: s for s in general.samples()}
        made = list(function.samples())
        assert 5 < len(made) < len(known)
        assert all(known[s.name] == s for s in made)
        assert {s.dtype for s in made} == {"float32", "float64"}
        assert function.reference is general.reference
        assert function.requirement != general.requirement
