"""The reference of attention against plain loops in 60 digits; models."""

from __future__ import annotations

import itertools

import mpmath
import numpy as np
import pytest

from csvkit_ml.criteria import FORMATS
from csvkit_ml.model.function import Sample
from csvkit_ml.references.rounding import ROUNDINGS
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.attention import FUNCTIONS

(FUNCTION,) = FUNCTIONS
SAMPLES = {s.name: s for s in FUNCTION.samples()}


def some(part: str) -> Sample:
    return min(
        (s for s in SAMPLES.values() if part in s.name and "special" not in s.name), key=lambda s: sum(len(t.data) for t in s.inputs)
    )


def row(sample: Sample, batch: int, head: int | None, query: int) -> list[mpmath.mpf]:
    """One row of the result by the definition, in loops."""
    q, k, v = (t.array().astype(np.float64) for t in sample.inputs[:3])
    if head is None:
        qs, ks, vs = q[batch, query], k[batch], v[batch]
        full = (q.shape[0], q.shape[1], k.shape[1])
    else:
        shared = head // (q.shape[1] // k.shape[1])
        qs, ks, vs = q[batch, head, query], k[batch, shared], v[batch, shared]
        full = (*q.shape[:2], q.shape[2], k.shape[2])
    mask = (
        np.broadcast_to(sample.inputs[3].array(), full)[(batch, head, query) if head is not None else (batch, query)]
        if len(sample.inputs) > 3
        else None
    )
    scale = sample.param("scale")
    factor = 1 / mpmath.sqrt(len(qs)) if scale is None else mpmath.mpf(scale)
    weights = []
    for j in range(len(ks)):
        logit = factor * mpmath.fsum(mpmath.mpf(float(a)) * mpmath.mpf(float(b)) for a, b in zip(qs, ks[j], strict=True))
        out = sample.param("causal") and j > query
        if mask is not None:
            if mask.dtype.kind == "b":
                out = out or not mask[j]
            else:
                logit += mpmath.mpf(float(mask[j]))
        weights.append(mpmath.mpf(0) if out else mpmath.exp(logit))
    total = mpmath.fsum(weights)
    return [mpmath.fsum(w * mpmath.mpf(float(x)) for w, x in zip(weights, vs[:, e], strict=True)) / total for e in range(vs.shape[1])]


@pytest.mark.parametrize(
    "part",
    ["rank3", "h4-2", "h6-1", "additive", "bool", "causal", "scaled", "float64", "float64-peaked", "far-logits", "minus-10000", "flat"],
)
def test_reference_is_within_its_radius_of_the_definition(part: str) -> None:
    sample = some(part)
    (made,) = FUNCTION.reference(sample)
    assert made.low is not None
    batches, *heads, queries, _ = sample.inputs[0].shape
    with mpmath.workdps(60):
        for batch, head, query in itertools.islice(
            itertools.product(range(batches), range(*heads) if heads else [None], range(queries)), 1, 40, 7
        ):
            at = (batch, query) if head is None else (batch, head, query)
            for e, true in enumerate(row(sample, batch, head, query)):
                found = mpmath.mpf(float(made.value[at][e])) + mpmath.mpf(float(made.low[at][e]))
                assert abs(found - true) <= made.radius[at][e], (at, e)


def test_no_query_is_wholly_masked() -> None:
    for sample in SAMPLES.values():
        if len(sample.inputs) > 3:
            mask = sample.inputs[3].array()
            assert (mask if mask.dtype.kind == "b" else ~np.isneginf(mask.astype(np.float64))).any(axis=-1).all(), sample.name


def test_limits_stay_far_below_what_narrow_inputs_do() -> None:
    """At most 2^-11, the roundoff of TF32, of the largest result, except where the data are made for larger errors."""
    for name, sample in SAMPLES.items():
        if sample.dtype == "float32" and not any(x in name for x in ("far", "peaked", "special", "minus")):
            (made,) = FUNCTION.reference(sample)
            assert np.max(made.scale) * FORMATS["float32"].u < 2.0**-11 * max(1.0, np.abs(made.value).max()), name


def test_roundings_are_those_of_the_formats() -> None:
    for name, rounding in ROUNDINGS.items():
        assert rounding.store == FORMATS[name].u
        assert rounding.floor == (FORMATS[name].tiny if name == "float16" else FORMATS[name].eta)
        assert rounding.accumulate == min(FORMATS[name].u, FORMATS["float32"].u)


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(FUNCTIONS) > 30
