"""Ensembles of decision trees: every kind of branch, missing values, every aggregation; leaf weights whose sums are exact.

A tree is a tuple of nodes, the root first: (mode, feature, split, whether a missing value goes the true way, true node, false node), or
("LEAF", (target, weight), ...). The split of a MEMBER node is a tuple of integers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from validation_suites.inference.classical import ML, PLAINLY
from validation_suites.moving import moving

MODES = ("LEQ", "LT", "GTE", "GT", "EQ", "NEQ")
HOLDS: dict[str, Callable[[float, Any], bool]] = {
    "LEQ": lambda v, t: v <= t,
    "LT": lambda v, t: v < t,
    "GTE": lambda v, t: v >= t,
    "GT": lambda v, t: v > t,
    "EQ": lambda v, t: v == t,
    "NEQ": lambda v, t: v != t,
    "MEMBER": lambda v, t: v in t,
}
AGGREGATES: dict[str, Callable[[Any], Any]] = {"SUM": sum, "AVERAGE": lambda v: sum(v) / len(v), "MIN": min, "MAX": max}
FEATURES = 5
USUAL: dict[str, Any] = {"depth": 3, "count": 4, "targets": 1, "aggregate": "SUM", "base": False, "rows": 40}
Tree = tuple[Any, ...]


def _leaf(rng: np.random.Generator, targets: int, single: bool) -> Tree:
    """Weights are multiples of 1/64, so that sums of few are exact."""
    which = [int(rng.integers(targets))] if single else range(targets)
    return ("LEAF", *((t, float(rng.integers(-256, 257)) / 64) for t in which))


def _branch(rng: np.random.Generator, modes: tuple[str, ...]) -> list[Any]:
    mode = str(rng.choice(modes))
    split: Any = float(rng.integers(-4, 5)) / 4
    if mode == "MEMBER":
        split = tuple(float(v) for v in sorted(rng.permutation(5)[: rng.integers(1, 4)] - 2))
    return [mode, int(rng.integers(FEATURES)), split, bool(rng.integers(2)), 0, 0]


def _tree(rng: np.random.Generator, depth: int, modes: tuple[str, ...], targets: int, single: bool) -> Tree:
    """Full to the second level, below that as it comes."""
    nodes: list[Any] = []

    def grow(level: int) -> int:
        at = len(nodes)
        if level == depth or (level > 1 and rng.random() < 0.3):
            nodes.append(_leaf(rng, targets, single))
            return at
        made = _branch(rng, modes)
        nodes.append(made)
        made[4], made[5] = grow(level + 1), grow(level + 1)
        nodes[at] = tuple(made)
        return at

    grow(0)
    return tuple(nodes)


def walk(tree: Tree, row: list[float]) -> tuple[tuple[int, float], ...]:
    """The (target, weight) pairs of the leaf that a row of features reaches."""
    node = tree[0]
    while node[0] != "LEAF":
        mode, feature, split, missing, true, false = node
        value = row[feature]
        node = tree[true if (missing if math.isnan(value) else HOLDS[mode](value, split)) else false]
    return tuple(node[1:])


def _sums(p: dict[str, Any], x: Array) -> Array:
    """[rows, targets]: the aggregate over trees, plus the base values."""
    out = np.zeros((x.shape[0], p["targets"]))
    for i, row in enumerate(x.astype(np.float64).tolist()):
        pairs = [pair for tree in p["trees"] for pair in walk(tree, row)]
        for t in range(p["targets"]):
            weights = [w for target, w in pairs if target == t]
            out[i, t] = AGGREGATES[p["aggregate"]](weights) if weights else 0.0
    return out + (np.array(p["base"]) if p["base"] else 0)


def _data(name: str, dtype: str, rows: int, special: bool) -> Tensor:
    """Quarters, as the splits are, so that equality occurs; a tenth missing, infinities and signed zeros where `special`."""
    rng = seed_for("trees", "data", name)
    x = rng.integers(-6, 7, (rows, FEATURES)) / 4
    if special:
        x[rng.random(x.shape) < 0.1] = np.nan
        x.reshape(-1)[:4] = np.inf, -np.inf, -0.0, np.nan
    return Tensor.of(x, dtype)


def _samples(id: str, kinds: Iterable[dict[str, Any]], dtypes: tuple[str, ...] = ("float32",), single: bool = False) -> Iterable[Sample]:
    for i, kind in enumerate(kinds):
        for dtype in dtypes if i < 2 else dtypes[:1]:
            for special in (False, True):
                given: dict[str, Any] = {**USUAL, **kind}
                modes = given["modes"]
                name = f"{dtype}-{'+'.join(modes) if len(modes) < 3 else 'mixed'}-trees{given['count']}-targets{given['targets']}"
                marks = ["base"] * bool(given["base"]) + [f"rows{given['rows']}"] + ["missing"] * special
                name = "-".join((name, given["aggregate"], *marks)).lower()
                rng = seed_for("trees", id, name)
                trees = tuple(_tree(rng, given["depth"], modes, given["targets"], single) for _ in range(given["count"]))
                base = tuple(float(v) / 16 for v in rng.integers(-64, 65, given["targets"])) if given["base"] else None
                labels = tuple(int(v) for v in rng.permutation(40)[: given["targets"]])
                why = SampleClass.SPECIAL if special else SampleClass.COVERING if i else SampleClass.ORDINARY
                p = params(trees=trees, targets=given["targets"], aggregate=given["aggregate"], base=base, labels=labels)
                yield Sample(name=name, dtype=dtype, inputs=(_data(name, dtype, given["rows"], special),), params=p, why=why)


KINDS: tuple[dict[str, Any], ...] = (
    {"modes": ("LEQ",)},
    {"modes": MODES},
    *({"modes": (m,)} for m in MODES[1:]),
    {"modes": ("LEQ",), "targets": 3, "base": True},
    *({"modes": ("LEQ", "GT"), "aggregate": a} for a in ("AVERAGE", "MIN", "MAX")),
    {"modes": ("LEQ",), "aggregate": "MIN", "base": True},
    {"modes": MODES, "targets": 2, "aggregate": "AVERAGE"},
    {"modes": ("LT",), "count": 1, "rows": 1},
    {"modes": ("LEQ",), "count": 1, "rows": 130},
    {"modes": ("LEQ",), "count": 16, "depth": 2},
    {"modes": ("LEQ",), "count": 128, "depth": 2, "rows": 1},
    {"modes": ("GTE",), "depth": 5, "rows": 9},
)
CLASSES: tuple[dict[str, Any], ...] = (
    {"modes": ("LEQ",), "targets": 3},
    {"modes": MODES, "targets": 3},
    *({"modes": (m,), "targets": 3} for m in MODES[1:]),
    {"modes": ("LEQ",), "targets": 3, "base": True},
    {"modes": ("LEQ",), "targets": 5, "count": 8},
    {"modes": ("LT",), "targets": 3, "count": 1, "rows": 1},
    {"modes": ("LEQ",), "targets": 3, "count": 1, "rows": 130},
)
JOINT: tuple[dict[str, Any], ...] = (
    {"modes": ("LEQ",)},
    {"modes": MODES},
    *({"modes": (m,)} for m in (*MODES[1:], "MEMBER")),
    {"modes": ("LEQ", "MEMBER")},
    {"modes": ("LEQ",), "targets": 3},
    *({"modes": ("LEQ", "GT"), "aggregate": a} for a in ("AVERAGE", "MIN", "MAX")),
    {"modes": ("LEQ",), "count": 1, "rows": 130},
)


def _classified() -> Iterable[Sample]:
    """Only rows whose two best scores differ."""
    for s in _samples("tree_ensemble_classifier", CLASSES):
        scores = np.sort(_sums(dict(s.params), s.arrays()[0]), axis=1)
        kept = s.arrays()[0][scores[:, -1] > scores[:, -2]]
        yield replace(s, inputs=(Tensor.of(kept),))


def _classes(p: dict[str, Any], x: Array) -> tuple[Array, Array]:
    scores = _sums(p, x)
    return np.array(p["labels"], dtype=np.int64)[scores.argmax(axis=1)], scores


def _other_tree(p: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    """Every branch changed."""
    return {**p, "trees": tuple(tuple(n if n[0] == "LEAF" else change(n) for n in tree) for tree in p["trees"])}


STRICT = {"LEQ": "LT", "LT": "LEQ", "GTE": "GT", "GT": "GTE"}


def _strict(node: Any) -> Any:
    return (STRICT.get(node[0], node[0]), *node[1:])


def _turned(node: Any) -> Any:
    return (*node[:4], node[5], node[4])


def _missing(node: Any) -> Any:
    return (*node[:3], not node[3], *node[4:])


def _changes(move: Any) -> tuple[Any, ...]:
    return (
        ("equality", "At the split itself the other way is taken.", lambda p, x: move(_other_tree(p, _strict), x)),
        ("ways-exchanged", "The true and the false way are exchanged.", lambda p, x: move(_other_tree(p, _turned), x)),
        ("missing-way", "A missing value goes the other way.", lambda p, x: move(_other_tree(p, _missing), x)),
        (
            "last-tree-lost",
            "The last tree is left out.",
            lambda p, x: move({**p, "trees": p["trees"][:-1]}, x) if len(p["trees"]) > 1 else None,
        ),
    )


def _aggregated(p: dict[str, Any], x: Array) -> Array:
    return _sums({**p, "aggregate": "AVERAGE" if p["aggregate"] == "SUM" else "SUM"}, x)


def _no_base(p: dict[str, Any], x: Array) -> Any:
    return _sums({**p, "base": None}, x) if p["base"] else None


def _position(p: dict[str, Any], x: Array) -> tuple[Array, Array]:
    scores = _sums(p, x)
    return scores.argmax(axis=1), scores


def _class_reference(s: Sample) -> tuple[Expected, ...]:
    labels, scores = _classes(dict(s.params), s.arrays()[0])
    return exactly(labels, dtype="int64"), exactly(scores, dtype="float32", name="y1", any_sign_of_zero=True)


def _reference(s: Sample) -> tuple[Expected, ...]:
    return (exactly(_sums(dict(s.params), s.arrays()[0]), dtype=s.dtype, any_sign_of_zero=True),)


AGGREGATE = ("other-aggregate", "Trees are summed instead of averaged, or the other way around.", _aggregated)
ORACLE = "exact: every row's way through every tree; sums of multiples of 1/64"


def _ensemble(id: str, says: str, op: str, samples: Callable[[], Iterable[Sample]], move: Any, reference: Any, *own: Any) -> Function:
    made = moving(id, says, f"{ML}{op}", samples, move, *_changes(move), *own, area="classical", general=PLAINLY[:2], oracle=ORACLE)
    return replace(made, reference=reference)


FUNCTIONS: tuple[Function, ...] = (
    _ensemble(
        "tree_ensemble_regressor",
        "return for every target the aggregate of the weights of the leaves that a row reaches",
        "TreeEnsembleRegressor",
        lambda: _samples("tree_ensemble_regressor", KINDS),
        _sums,
        _reference,
        AGGREGATE,
        ("base-dropped", "Base values are not added.", _no_base),
    ),
    _ensemble(
        "tree_ensemble_classifier",
        "return the label of the class whose leaves weigh most, and the weights of all classes",
        "TreeEnsembleClassifier",
        _classified,
        _classes,
        _class_reference,
        ("position-for-label", "The class's position is returned for its label.", _position),
    ),
    _ensemble(
        "tree_ensemble",
        "return for every target the aggregate of the weights of the leaves that a row reaches, also by membership in sets",
        "TreeEnsemble",
        lambda: _samples("tree_ensemble", JOINT, ("float32", "float64"), single=True),
        _sums,
        _reference,
        AGGREGATE,
    ),
)
