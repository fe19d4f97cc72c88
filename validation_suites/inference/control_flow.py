"""Branches, loops and scans; sequences of tensors and optional values. Data are integers, so that sums are exact in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling.pieces import moved
from validation_suites.sampling.places import in_turn, sample, whole

ONNX = "ONNX operator specification, "
MOVED = ("float32", "float64", "float16", "int64", "int32", "uint8", "bool")
SUMMED = ("float32", "float64", "int64", "int32")
PLAINLY = tuple(f for f in PLAIN if f.id != "nan-lost")
Samples = Callable[[], Iterable[Sample]]
PAIRS = (((3, 4), (3, 4)), ((5,), (2,)), ((2, 1, 6), (2, 3, 6)), ((1,), (1,)), ((0, 3), (2, 3)))
"""Shapes of what the two branches return."""


def _branches() -> Iterable[Sample]:
    for dtype, k, (left, right) in in_turn(MOVED, PAIRS):
        for taken in (True, False):
            name = f"{dtype}-{'x'.join(map(str, left))}-{'x'.join(map(str, right))}-{str(taken).lower()}"
            given = (Tensor.of(np.array(taken)), moved(dtype, left, "if", name, "x"), moved(dtype, right, "if", name, "y"))
            yield sample(name, dtype, given, k)


def _branch(_: Any, taken: Array, x: Array, y: Array) -> Array:
    return x if taken else y


def _rows(id: str) -> Iterable[tuple[str, str, int, Tensor, Tensor]]:
    """(name, dtype, number, rows (T, D), start (D,))."""
    for dtype, k, (steps, width) in in_turn(SUMMED, ((6, 5), (1, 3), (17, 1), (9, 33), (40, 7))):
        name = f"{dtype}-{steps}x{width}"
        yield name, dtype, k, whole(dtype, (steps, width), id, name), whole(dtype, (width,), id, name, "start")


def _loops() -> Iterable[Sample]:
    """A trip count below, at and without a limit; a condition that ends the loop early, at once, or never."""
    for name, dtype, k, x, start in _rows("loop"):
        steps = x.shape[0]
        rules = (
            (steps, True, steps),
            (steps // 2, True, steps),
            (None, True, steps - 1),
            (steps, True, steps // 3),
            (steps, False, steps),
            (0, True, steps),
        )
        for most, start_true, stop in dict.fromkeys(rules):
            label = f"{name}-most{most}-stop{stop}{'' if start_true else '-closed'}".lower()
            yield sample(label, dtype, (x, start), k, most=most, enter=start_true, stop=stop)


def _loop(p: Any, x: Array, start: Array) -> tuple[Array, Array]:
    """While allowed: v = v + x[i]; v is collected; the loop ends after iteration `stop`."""
    v, seen, i, go = start, [], 0, p["enter"]
    while go and (p["most"] is None or i < p["most"]):
        v = v + x[i]
        seen.append(v)
        go = i < p["stop"]
        i += 1
    return v, np.array(seen, dtype=x.dtype).reshape(len(seen), *start.shape)


def _changed(move: Any, **changes: Any) -> Any:
    return lambda p, *given: move({**p, **{k: c(p[k]) for k, c in changes.items()}}, *given)


def _late_stop(p: Any, x: Array, start: Array) -> tuple[Array, Array]:
    """Runs one iteration more than the condition allows."""
    return _loop({**p, "stop": min(p["stop"] + 1, x.shape[0] - 1)}, x, start)


def _unconditional(p: Any, x: Array, start: Array) -> tuple[Array, Array]:
    return _loop({**p, "enter": True}, x, start)


def _stale_state(p: Any, x: Array, start: Array) -> tuple[Array, Array]:
    """Every iteration starts from the first state."""
    _, seen = _loop(p, x, start)
    n = seen.shape[0]
    return (x[n - 1] + start if n else start), x[:n] + start


def _scans() -> Iterable[Sample]:
    for name, dtype, k, x, start in _rows("scan"):
        for axis, backwards, out_axis, out_backwards in (
            (0, 0, 0, 0),
            (1, 0, 0, 0),
            (0, 1, 0, 0),
            (0, 0, 1, 0),
            (0, 0, 0, 1),
            (-1, 1, 1, 1),
        ):
            turned = Tensor.of(np.ascontiguousarray(x.array().T)) if axis else x
            label = f"{name}-axis{axis}-dir{backwards}-out{out_axis}-dir{out_backwards}"
            yield sample(label, dtype, (start, turned), k, axis=axis, backwards=backwards, out_axis=out_axis, out_backwards=out_backwards)


def _scan(p: Any, start: Array, x: Array) -> tuple[Array, Array]:
    rows = np.moveaxis(x, p["axis"], 0)
    rows = rows[::-1] if p["backwards"] else rows
    sums = start + np.cumsum(rows, axis=0, dtype=x.dtype)
    out = sums[::-1] if p["out_backwards"] else sums
    return sums[-1], np.moveaxis(out, 0, p["out_axis"])


def _flip(v: int) -> int:
    return 1 - v


SERIES = (((3, 4), (2, 4), (5, 4)), ((7,), (1,), (7,)), ((2, 3, 2),) * 3, ((1, 2), (0, 2), (3, 2)), ((2, 2),))
"""Shapes of the tensors of a sequence."""


def _series(id: str, per: Callable[[int], Iterable[dict[str, Any]]], series: Any = SERIES, extra: bool = False) -> Samples:
    """Every sequence with parameters that depend on its length; `extra`: one tensor more than the sequence has."""

    def samples() -> Iterable[Sample]:
        for dtype, k, shapes in in_turn(MOVED, series):
            for given in per(len(shapes)):
                label = "-".join(f"{a}{v}" for a, v in given.items()).lower()
                name = f"{dtype}-{'+'.join('x'.join(map(str, s)) for s in shapes)}-{label}"
                all_shapes = (*shapes, (2, *shapes[0][1:])) if extra else shapes
                yield sample(name, dtype, [moved(dtype, s, id, name, str(i)) for i, s in enumerate(all_shapes)], k, **given)

    return samples


def _at(n: int) -> Iterable[dict[str, Any]]:
    return ({"position": i} for i in dict.fromkeys((*range(n), -1, -n)))


def _with_end(n: int) -> Iterable[dict[str, Any]]:
    return ({"position": i} for i in dict.fromkeys((None, 0, n, -1, n // 2)))


def _inserted(p: Any, *x: Array) -> tuple[Array, Array]:
    """(the sequence joined along axis 0, its length)."""
    kept, new = list(x[:-1]), x[-1]
    at = len(kept) if p["position"] is None else p["position"]
    kept.insert(at, new)
    return np.concatenate(kept), np.array(len(kept))


def _erased(p: Any, *x: Array) -> tuple[Array, Array]:
    kept = list(x)
    del kept[-1 if p["position"] is None else p["position"]]
    return np.concatenate(kept), np.array(len(kept))


def _moved_on(move: Any, by: int) -> Any:
    """The position is off by one where that is a position too."""

    def made(p: Any, *x: Array) -> Any:
        if p["position"] is None or not 0 <= p["position"] + by < len(x) - 1:
            return None
        return move({**p, "position": p["position"] + by}, *x)

    return made


def _joins(n: int) -> Iterable[dict[str, Any]]:
    return ({"axis": a, "new": b} for a, b in ((0, 0), (-1, 0), (0, 1), (1, 1), (-1, 1)))


def _joined(p: Any, *x: Array) -> Array:
    return np.stack(x, p["axis"]) if p["new"] else np.concatenate(x, p["axis"])


CUTS: tuple[tuple[tuple[int, ...], int, Any, int], ...] = (
    ((6, 4), 0, 2, 1),
    ((7, 3), 0, 3, 1),
    ((2, 9), 1, (4, 5), 1),
    ((2, 9), -1, (1, 0, 8), 1),
    ((4, 3), 0, None, 1),
    ((4, 3), 0, None, 0),
    ((2, 5, 3), 1, None, 0),
    ((5,), 0, 5, 1),
)
"""Shape, axis, sizes (one for all, each, or none = 1), whether an axis of size 1 is kept."""


def _pieces(p: Any, x: Array) -> list[Array]:
    axis, n, sizes = p["axis"], x.shape[p["axis"]], p["sizes"]
    if sizes is None:
        parts = np.split(x, n, axis)
        return parts if p["keep"] else [a.squeeze(axis) for a in parts]
    ends = list(range(sizes, n, sizes)) if isinstance(sizes, int) else np.cumsum(sizes)[:-1].tolist()
    return np.split(x, ends, axis)


def _cuts() -> Iterable[Sample]:
    for dtype, k, (shape, axis, sizes, keep) in in_turn(("float32", "float64", "int64", "int32", "bool"), CUTS):
        p = {"axis": axis, "sizes": sizes, "keep": keep}
        for at in dict.fromkeys((0, 1, len(_pieces(p, np.zeros(shape))) - 1)):
            label = "none" if sizes is None else ",".join(map(str, sizes)) if isinstance(sizes, tuple) else str(sizes)
            name = f"{dtype}-{'x'.join(map(str, shape))}-axis{axis}-sizes{label}-keep{keep}-at{at}"
            if at < len(_pieces(p, np.zeros(shape))):
                yield sample(name, dtype, (moved(dtype, shape, "split_to_sequence", name),), k, position=at, **p)


def _cut(p: Any, x: Array) -> tuple[Array, Array]:
    """(one piece, their number)."""
    made = _pieces(p, x)
    return made[p["position"]], np.array(len(made))


def _mapped(_: Any, *x: Array) -> Array:
    """Each tensor's rows in reverse order, all joined."""
    return np.concatenate([a[::-1] for a in x])


def _optionals() -> Iterable[Sample]:
    for dtype, k, shape in in_turn(MOVED, ((3, 4), (1,), (), (0, 2))):
        name = f"{dtype}-{'x'.join(map(str, shape)) or 'scalar'}"
        yield sample(name, dtype, (moved(dtype, shape, "optional", name),), k)


FUNCTIONS: tuple[Function, ...] = (
    moving(
        "if_else",
        "return what the branch that the condition chooses returns, whatever its shape",
        f"{ONNX}If",
        _branches,
        _branch,
        ("other-branch", "The other branch is taken.", lambda p, c, x, y: _branch(p, ~c, x, y)),
        ("always-then", "The condition is not looked at.", lambda p, c, x, y: x),
        area="control flow",
        general=PLAINLY,
    ),
    moving(
        "loop",
        "run the body until the trip count or the condition ends it, and return the last state and what every iteration gave",
        f"{ONNX}Loop",
        _loops,
        _loop,
        ("late-stop", "One iteration runs after the condition has ended the loop.", _late_stop),
        ("condition-at-entry-ignored", "The condition at the entry is not looked at.", _unconditional),
        ("stale-state", "Every iteration starts from the first state.", _stale_state),
        area="control flow",
        outputs=("", ""),
        general=PLAINLY,
    ),
    moving(
        "scan",
        "run the body over the slices of an axis in the direction asked, and return the last state and the stacked results",
        f"{ONNX}Scan",
        _scans,
        _scan,
        ("direction", "Slices are read from the other end.", _changed(_scan, backwards=_flip)),
        ("output-direction", "Results are stacked from the other end.", _changed(_scan, out_backwards=_flip)),
        ("start-ignored", "The first state is taken for 0.", lambda p, s, x: _scan(p, np.zeros_like(s), x)),
        area="control flow",
        outputs=("", ""),
        general=PLAINLY,
    ),
    moving(
        "sequence_at",
        "return the tensor at a position of a sequence, counted from either end",
        f"{ONNX}SequenceConstruct, SequenceAt",
        _series("sequence_at", _at),
        lambda p, *x: x[p["position"]],
        ("next", "The next tensor is returned.", lambda p, *x: x[(p["position"] + 1) % len(x)]),
        ("first", "The first tensor is returned.", lambda p, *x: x[0]),
        area="control flow",
        general=PLAINLY,
    ),
    moving(
        "sequence_insert",
        "put a tensor into a sequence, before a position or at the end",
        f"{ONNX}SequenceInsert, SequenceLength",
        _series("sequence_insert", _with_end, SERIES[:2] + SERIES[3:], extra=True),
        _inserted,
        ("appended", "The tensor is put at the end.", lambda p, *x: _inserted({"position": None}, *x)),
        ("one-late", "It is put one place too late.", _moved_on(_inserted, 1)),
        area="control flow",
        outputs=("", "int64"),
        general=PLAINLY,
    ),
    moving(
        "sequence_erase",
        "take the tensor at a position, or the last one, out of a sequence",
        f"{ONNX}SequenceErase, SequenceLength",
        _series("sequence_erase", lambda n: ({"position": i} for i in dict.fromkeys((None, 0, -1, n - 1))), SERIES[:4]),
        _erased,
        ("last", "The last tensor is taken out.", lambda p, *x: _erased({"position": None}, *x)),
        ("one-late", "The next tensor is taken out.", _moved_on(_erased, 1)),
        area="control flow",
        outputs=("", "int64"),
        general=PLAINLY,
    ),
    moving(
        "sequence_from_empty",
        "build a sequence from an empty one and tell its length before and after",
        f"{ONNX}SequenceEmpty",
        _series("sequence_from_empty", lambda n: ({"count": n},)),
        lambda p, *x: (np.concatenate(x), np.array(0), np.array(len(x))),
        (
            "first-lost",
            "The first tensor is lost.",
            lambda p, *x: (np.concatenate(x[1:]), np.array(0), np.array(len(x) - 1)) if len(x) > 1 else None,
        ),
        ("reversed", "Tensors come in reverse order.", lambda p, *x: (np.concatenate(x[::-1]), np.array(0), np.array(len(x)))),
        area="control flow",
        outputs=("", "int64", "int64"),
        general=PLAINLY,
    ),
    moving(
        "concat_from_sequence",
        "join the tensors of a sequence along an axis, an old one or a new one",
        f"{ONNX}ConcatFromSequence",
        _series("concat_from_sequence", _joins, (((3, 4),) * 3, ((2, 3, 2),) * 2, ((1, 5),) * 4, ((2, 7),))),
        _joined,
        ("reversed", "Tensors come in reverse order.", lambda p, *x: _joined(p, *x[::-1])),
        ("other-axis", "They are joined along another axis.", lambda p, *x: _joined({**p, "axis": 1 if p["axis"] == 0 else 0}, *x)),
        area="control flow",
        general=PLAINLY,
    ),
    moving(
        "split_to_sequence",
        "cut a tensor along an axis into a sequence of pieces of the sizes asked",
        f"{ONNX}SplitToSequence",
        _cuts,
        _cut,
        ("next-piece", "Pieces are one too far.", lambda p, x: _cut({**p, "position": (p["position"] + 1) % len(_pieces(p, x))}, x)),
        (
            "axis-kept",
            "An axis of size 1 is kept, or not, against what was asked.",
            lambda p, x: _cut({**p, "keep": 1 - p["keep"]}, x) if p["sizes"] is None else None,
        ),
        area="control flow",
        outputs=("", "int64"),
        general=PLAINLY,
    ),
    moving(
        "sequence_map",
        "apply the body to every tensor of a sequence",
        f"{ONNX}SequenceMap",
        _series("sequence_map", lambda n: ({"count": n},)),
        _mapped,
        ("not-applied", "The body is not applied.", lambda p, *x: np.concatenate(x)),
        (
            "last-not-applied",
            "The body is not applied to the last tensor.",
            lambda p, *x: np.concatenate([*(a[::-1] for a in x[:-1]), x[-1]]),
        ),
        area="control flow",
        general=PLAINLY,
    ),
    moving(
        "optional_value",
        "tell whether an optional value is there, and return it",
        f"{ONNX}Optional, OptionalHasElement, OptionalGetElement",
        _optionals,
        lambda p, x: (x, np.array(True), np.array(False)),
        ("always-there", "A missing value is said to be there.", lambda p, x: (x, np.array(True), np.array(True))),
        ("never-there", "A value is said to be missing.", lambda p, x: (x, np.array(False), np.array(False))),
        area="control flow",
        outputs=("", "bool", "bool"),
        general=PLAINLY,
    ),
)
