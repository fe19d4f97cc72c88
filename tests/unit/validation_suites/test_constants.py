"""Copies, extents, ranges, identities and complex parts against plain loops; models accepted by the ONNX checker."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, small, values
from validation_suites.inference.constants import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}


def test_ranges_by_exact_fractions() -> None:
    for sample in BY_ID["arange"].samples():
        start, stop, step = (Fraction(sample.param(n)) for n in ("start", "stop", "step"))
        want, at = [], start
        while at < stop if step > 0 else at > stop:
            want.append(at)
            at += step
        assert [Fraction(float(v)) for v in first(BY_ID["arange"], sample)] == want, sample.name


def test_identities_by_loops() -> None:
    for sample in small(BY_ID["eye"]):
        n, m = sample.param("rows"), sample.param("columns")
        assert first(BY_ID["eye"], sample).tolist() == [[float(i == j) for j in range(m)] for i in range(n)]
    for sample in small(BY_ID["eye_like"]):
        (n, m), k = sample.inputs[0].shape, sample.param("k")
        assert first(BY_ID["eye_like"], sample).tolist() == [[float(j - i == k) for j in range(m)] for i in range(n)]


def test_constants_extents_and_counts() -> None:
    for sample in BY_ID["full"].samples():
        made = first(BY_ID["full"], sample)
        assert made.shape == sample.param("shape")
        assert all(v == sample.param("value") for v in made.reshape(-1).tolist())
    for sample in BY_ID["extents"].samples():
        want = list(sample.inputs[0].shape)[slice(sample.param("start"), sample.param("end"))]
        assert first(BY_ID["extents"], sample).tolist() == want
    for sample in BY_ID["element_count"].samples():
        assert int(first(BY_ID["element_count"], sample)) == sum(1 for _ in np.ndindex(sample.inputs[0].shape))
    for sample in BY_ID["copy"].samples():
        np.testing.assert_array_equal(first(BY_ID["copy"], sample), values(sample.arrays()[0]))


def test_powers_by_python() -> None:
    for sample in BY_ID["vander"].samples():
        x, n = sample.arrays()[0].tolist(), sample.param("columns")
        exponents = list(range(len(x) if n is None else n))
        exponents = exponents if sample.param("increasing") else exponents[::-1]
        assert first(BY_ID["vander"], sample).tolist() == [[float(v) ** e for e in exponents] for v in x]


def test_complex_parts_by_python() -> None:
    for id in ("view_as_real", "view_as_complex", "conjugate"):
        for sample in small(BY_ID[id]):
            x, made = sample.arrays()[0], first(BY_ID[id], sample)
            if id == "view_as_complex":
                x, made = made, x
            for at in np.ndindex(x.shape):
                z = complex(x[at])
                got = (complex(made[at]).real, -complex(made[at]).imag) if id == "conjugate" else made[at]
                np.testing.assert_array_equal([float(got[0]), float(got[1])], [z.real, z.imag])


def test_the_models_are_accepted_by_the_checker() -> None:
    assert check_models(BY_ID[id] for id in ("copy", "arange", "eye_like", "full", "extents", "element_count")) > 60
