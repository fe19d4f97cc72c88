"""Classification by support vector machines, every pair of classes against each other; the class with most votes.

Scores are not asked: the specification says one for each class, but not how pairs become one.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults

SOURCE = "ONNX operator specification, ai.onnx.ml.SVMClassifier (SVM_SVC); Chang and Lin 2011, LIBSVM, 4.1 and 7 (one against one, voting)"
KERNELS = ("LINEAR", "POLY", "RBF", "SIGMOID")
SHAPES = (((3, 2, 4), 5, 40), ((2, 2), 3, 17), ((1, 3, 2, 2), 4, 33), ((5, 1, 1, 2, 3), 7, 64))
"""Support vectors of every class, features, rows."""
_CLEAR = 1e-3
"""Share of its terms that a decision is away from zero: no rounding in float32 turns it."""


def samples() -> Iterable[Sample]:
    """(x (N, F)); what was learned are parameters."""
    for i, (counts, features, rows) in enumerate(SHAPES):
        for kernel in KERNELS:
            rng = seed_for("svm_classifier", kernel, str(i))
            total, classes = sum(counts), len(counts)
            p = params(
                kernel=kernel, counts=counts, vectors=_numbers(rng.normal(size=(total, features))),
                weights=_numbers(rng.normal(size=(classes - 1, total))), rho=_numbers(rng.normal(scale=0.2, size=classes * (classes - 1) // 2)),
                labels=tuple(int(v) for v in rng.permutation(90)[:classes] - 30), gamma=_numbers(0.3)[0], shift=_numbers(0.4)[0], degree=2,
            )  # fmt: skip
            drawn = rng.normal(size=(4 * rows, features)).astype(np.float32)
            x = drawn[_clear(drawn, dict(p))][:rows]
            name = f"float32-{kernel.lower()}-{'+'.join(map(str, counts))}-f{features}"
            yield Sample(name=name, dtype="float32", inputs=(Tensor.of(x),), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _numbers(values: Any) -> tuple[float, ...]:
    return tuple(float(v) for v in np.asarray(values, dtype=np.float32).reshape(-1))


def _kernels(x: Array, p: dict[str, Any]) -> Array:
    """(N, support vectors) in double."""
    v = np.array(p["vectors"]).reshape(-1, x.shape[1])
    wide = x.astype(np.float64)
    if p["kernel"] == "RBF":
        return np.asarray(np.exp(-p["gamma"] * ((wide[:, None] - v) ** 2).sum(axis=-1)))
    dot = wide @ v.T
    if p["kernel"] == "LINEAR":
        return np.asarray(dot)
    inner = p["gamma"] * dot + p["shift"]
    return np.asarray(np.tanh(inner) if p["kernel"] == "SIGMOID" else inner ** p["degree"])


def decisions(x: Array, p: dict[str, Any]) -> tuple[Array, Array]:
    """Of every pair of classes i < j in order: its decision, and the sum of its terms' sizes; (N, pairs)."""
    k, ends = _kernels(x, p), np.cumsum([0, *p["counts"]])
    weights = np.array(p["weights"]).reshape(len(p["counts"]) - 1, -1)
    found = []
    for (i, j), rho in zip(combinations(range(len(p["counts"])), 2), p["rho"], strict=True):
        own, other = slice(ends[i], ends[i + 1]), slice(ends[j], ends[j + 1])
        terms = np.concatenate([k[:, own] * weights[j - 1, own], k[:, other] * weights[i, other], np.full((len(k), 1), rho)], axis=1)
        found.append((terms.sum(axis=1), np.abs(terms).sum(axis=1)))
    return np.stack([f[0] for f in found], axis=1), np.stack([f[1] for f in found], axis=1)


def votes(made: Array, classes: int) -> Array:
    """(N, classes): a positive decision is a vote for the first of a pair."""
    counted = np.zeros((len(made), classes), dtype=np.int64)
    for place, (i, j) in enumerate(combinations(range(classes), 2)):
        counted[:, i] += made[:, place] > 0
        counted[:, j] += made[:, place] <= 0
    return counted


def _clear(x: Array, p: dict[str, Any]) -> Array:
    """Rows whose decisions are far from zero and whose winner is alone."""
    made, size = decisions(x, p)
    best = np.sort(votes(made, len(p["counts"])), axis=1)
    return np.asarray((np.abs(made) > _CLEAR * size).all(axis=1) & (best[:, -1] > best[:, -2]))


def _labels(s: Sample, **changes: Any) -> Array:
    p = {**dict(s.params), **changes}
    (x,) = s.arrays()
    return np.asarray(np.array(p["labels"])[votes(decisions(x, p)[0], len(p["counts"])).argmax(axis=1)])


def _reference(s: Sample) -> tuple[Expected, ...]:
    return (exactly(_labels(s), dtype="int64"),)


def _turned(values: tuple[float, ...]) -> tuple[float, ...]:
    return (*values[1:], values[0])


def _transposed(s: Sample) -> Array:
    """Coefficients of the pair taken from each other's rows."""
    w = np.array(s.param("weights")).reshape(len(s.param("counts")) - 1, -1)
    return _labels(s, weights=tuple(w[::-1].ravel().tolist()))


FUNCTIONS = (
    Function(
        id="svm_classifier", side=Side.INFERENCE, area="classical",
        requirement="The library shall return the label of the class that wins most decisions between two classes.",
        source=SOURCE, oracle="decisions in double; rows whose decisions no rounding turns", samples=samples, reference=_reference,
        criterion=Exact(
            rationale="No decision is closer to zero than a thousandth of its terms, and one class alone has most votes: the label is certain.",
            literature="Chang and Lin 2011; Higham 2002, 3.1",
        ),
        faults=(
            faults.one_element(), faults.stale(), faults.rolled(),
            faults.computed("position-for-label", "The class's position is returned for its label.",
                            lambda s: _labels(s, labels=tuple(range(len(s.param("labels")))))),
            faults.computed("rho-dropped", "The constants of the decisions are left out.", lambda s: _labels(s, rho=tuple(0.0 for _ in s.param("rho")))),
            faults.computed("next-vector", "Coefficients are those of the next support vector.", lambda s: _labels(s, weights=_turned(s.param("weights")))),
            faults.computed("rows-exchanged", "A pair's coefficients are taken from each other's rows.", _transposed),
            faults.computed("signs", "Votes go to the other class of a pair.", lambda s: _labels(s, weights=tuple(-w for w in s.param("weights")))),
        ),
    ),
)  # fmt: skip
