"""Joining, cutting and padding of tensors: values are moved, never changed.

Padding that is not constant takes pads of at least zero: the sources do not say whether a negative pad cuts before or after the
others repeat. Reflection takes pads shorter than the axis, wrapping and reflection at least one element to repeat.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, Side
from csvkit_ml.model.tensor import DTYPES, Array
from csvkit_ml.references import exactly
from csvkit_ml.references.padding import Index, Pads, circular, filled, padded, reflect, replicate, symmetric
from validation_suites import faults
from validation_suites.sampling.pieces import FLOATS, MOVED, Shape, concatenations, paddings, splits

GENERAL: tuple[tuple[Shape, Pads], ...] = (
    ((2, 3, 7), ((0, 0), (0, 0), (2, 3))),
    ((2, 3, 7), ((0, 0), (0, 0), (0, 5))),
    ((1, 1, 2), ((0, 0), (0, 0), (1, 1))),
    ((2, 2, 5, 6), ((0, 0), (0, 0), (1, 2), (3, 0))),
    ((2, 2, 5, 6), ((0, 0), (0, 0), (4, 4), (5, 5))),
    ((1, 3, 17, 33), ((0, 0), (0, 0), (0, 1), (16, 15))),
    ((1, 2, 3, 4, 5), ((0, 0), (0, 0), (2, 1), (0, 3), (4, 2))),
    ((2, 1, 4, 4, 4), ((0, 0), (0, 0), (1, 1), (1, 1), (1, 1))),
    ((2, 3, 4), ((0, 0), (0, 0), (0, 0))),
    ((3, 7), ((0, 0), (2, 1))),
)
"""Only the last axes are padded, as much as reflection allows."""
BEYOND: tuple[tuple[Shape, Pads], ...] = (((1, 2, 3), ((0, 0), (0, 0), (7, 9))), ((1, 1, 1, 4), ((0, 0), (0, 0), (3, 0), (0, 6))))
"""Pads longer than the axis: defined where the edge repeats."""
ANY_AXIS: tuple[tuple[Shape, Pads], ...] = (
    ((3, 4), ((1, 2), (0, 3))),
    ((7,), ((2, 3),)),
    ((2, 3, 4), ((1, 0), (0, 2), (3, 1))),
    ((4, 5, 6), ((-1, 0), (0, -2), (-1, -1))),
    ((4, 5, 6), ((2, -1), (-2, 3), (0, -6))),
    ((3, 8), ((0, 0), (-3, 3))),
    ((3, 0), ((1, 1), (2, 0))),
    ((0, 3), ((0, 0), (1, 1))),
    ((2, 2, 3, 3, 2), ((1, 1), (0, 1), (2, 0), (-1, 1), (0, 0))),
    ((1, 3, 17, 33), ((0, 0), (0, 0), (8, 7), (1, 31))),
)


def _axis(sample: Sample, rank: int) -> int:
    return int(sample.param("axis")) % rank


def _concat(sample: Sample) -> tuple[Expected, ...]:
    """Piece after piece is written into its own slice of the result."""
    pieces = sample.arrays()
    axis = _axis(sample, pieces[0].ndim)
    shape = list(pieces[0].shape)
    shape[axis] = sum(p.shape[axis] for p in pieces)
    out, at = np.zeros(shape, dtype=DTYPES[sample.dtype]), 0
    for p in pieces:
        out[_slice(axis, at, at + p.shape[axis])] = p
        at += p.shape[axis]
    return (exactly(out, dtype=sample.dtype),)


def _slice(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None) for _ in range(axis)), slice(start, stop))


def _pieces(sample: Sample, shift: int = 0) -> tuple[Array, ...]:
    """The pieces; with `shift`, every piece starts that many elements later (modulo the extent)."""
    (x,) = sample.arrays()
    axis, at, out = _axis(sample, x.ndim), 0, []
    for n in sample.param("sizes"):
        where = (np.arange(at, at + n) + shift) % max(1, x.shape[axis])
        out.append(np.take(x, where, axis=axis))
        at += n
    return tuple(out)


def _split(sample: Sample) -> tuple[Expected, ...]:
    names = ("y", *(f"y{i}" for i in range(1, len(sample.param("sizes")))))
    return tuple(exactly(p, dtype=sample.dtype, name=n) for n, p in zip(names, _pieces(sample), strict=True))


def by_index(index: Index) -> Callable[[Sample], Array]:
    return lambda s: padded(s.arrays()[0], s.param("pads"), index)


def constant(sample: Sample) -> Array:
    return filled(sample.arrays()[0], sample.param("pads"), sample.param("value"))


def _moving(compute: Callable[[Sample], Array]) -> Callable[[Sample], tuple[Expected, ...]]:
    return lambda s: (exactly(compute(s), dtype=s.dtype),)


def _instead(id: str, sentence: str, compute: Callable[[Sample], Array | tuple[Array, ...] | None]) -> Fault:
    """Other values in the true results' shapes, moved without arithmetic; does not apply where nothing changes."""

    def apply(_: Function, sample: Sample, results: Results) -> Results | None:
        made = compute(sample)
        if made is None:
            return None
        wrong = tuple(
            np.ascontiguousarray(m).reshape(r.shape) for m, r in zip(made if isinstance(made, tuple) else (made,), results, strict=True)
        )
        return None if all(w.tobytes() == r.tobytes() for w, r in zip(wrong, results, strict=True)) else wrong

    return Fault(id=id, sentence=sentence, apply=apply)


def _other_axis(sample: Sample) -> Array | None:
    """Joined along a neighbouring axis, where the pieces allow it."""
    pieces = sample.arrays()
    rank = pieces[0].ndim
    if rank < 2 or len({p.shape for p in pieces}) > 1:
        return None
    return np.concatenate(pieces, axis=(_axis(sample, rank) + 1) % rank)


def _reversed_order(sample: Sample) -> Array:
    pieces = sample.arrays()
    return np.concatenate(pieces[::-1], axis=_axis(sample, pieces[0].ndim))


def _first_again(sample: Sample) -> Array:
    pieces = sample.arrays()
    axis = _axis(sample, pieces[0].ndim)
    joined = np.concatenate(pieces, axis=axis)
    n = pieces[0].shape[axis]
    return np.take(joined, np.arange(joined.shape[axis]) % max(1, n), axis=axis) if n else joined


def _split_other_axis(sample: Sample) -> tuple[Array, ...] | None:
    """Cut along a neighbouring axis of equal extent."""
    (x,) = sample.arrays()
    axis = _axis(sample, x.ndim)
    other = (axis + 1) % x.ndim
    if x.ndim < 2 or x.shape[axis] != x.shape[other]:
        return None
    return tuple(np.swapaxes(p, axis, other) for p in np.split(x, np.cumsum(sample.param("sizes"))[:-1], axis=other))


def _split_reversed(sample: Sample) -> tuple[Array, ...] | None:
    pieces = _pieces(sample)
    return pieces[::-1] if len({p.shape for p in pieces}) == 1 and len(pieces) > 1 else None


def _exchanged(compute: Callable[[Sample], Array]) -> Callable[[Sample], Array | None]:
    """`before` and `after` are exchanged on every axis: the shape stays."""

    def wrong(sample: Sample) -> Array | None:
        pads = tuple((b, a) for a, b in sample.param("pads"))
        return compute(_with(sample, pads)) if pads != sample.param("pads") else None

    return wrong


def _off_by_one(compute: Callable[[Sample], Array]) -> Callable[[Sample], Array | None]:
    """One too many before and one too few after, on the last axis."""

    def wrong(sample: Sample) -> Array | None:
        *others, (a, b) = sample.param("pads")
        return compute(_with(sample, (*others, (a + 1, b - 1)))) if b > 0 else None

    return wrong


def _with(sample: Sample, pads: Pads) -> Sample:
    p = tuple((k, pads if k == "pads" else v) for k, v in sample.params)
    return Sample(name=sample.name, dtype=sample.dtype, inputs=sample.inputs, params=p)


def _nearest_value(sample: Sample) -> Array | None:
    (x,) = sample.arrays()
    usable = x.size and all(a >= 0 and b >= 0 for a, b in sample.param("pads"))
    return padded(x, sample.param("pads"), replicate) if usable else None


MOVING = (faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost())


def function(
    id: str,
    requirement: str,
    source: str,
    samples: Callable[[], Iterable[Sample]],
    reference: Callable[[Sample], tuple[Expected, ...]],
    *extra: Fault,
) -> Function:
    """A function that only moves values."""
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="joining",
        requirement=f"The library shall {requirement}.",
        source=source,
        oracle="exact: moves values",
        samples=samples,
        reference=reference,
        criterion=Exact(),
        faults=(*MOVING, *extra),
    )


def _padding(id: str, mode: str, index: Index, dtypes: tuple[str, ...], cases: tuple[tuple[Shape, Pads], ...], wrong: Fault) -> Function:
    compute = by_index(index)
    return function(
        id,
        f"pad {mode}",
        f"ONNX operator specification, Pad; torch.nn.functional.pad: {mode}",
        lambda: paddings(id, dtypes, cases, (5, 7)),
        _moving(compute),
        wrong,
        _instead("exchanged-sides", "Pads of both sides are exchanged.", _exchanged(compute)),
        _instead("shifted", "The input lands one place too far.", _off_by_one(compute)),
    )


NUMBERS = (*FLOATS, "int64")
INCLUDING_EDGE = _instead("edge-repeated", "The mirror repeats the edge element.", by_index(symmetric))

FUNCTIONS: tuple[Function, ...] = (
    function(
        "concat", "join tensors along an axis, in order", "ONNX operator specification, Concat; torch.cat",
        lambda: concatenations(MOVED), _concat,
        _instead("other-axis", "Joined along a neighbouring axis.", _other_axis),
        _instead("order", "The pieces are joined in reversed order.", _reversed_order),
        _instead("first-again", "Every piece is a copy of the first.", _first_again),
    ),
    function(
        "split", "cut a tensor along an axis into pieces of given sizes", "ONNX operator specification, Split; torch.split",
        lambda: splits(MOVED), _split,
        _instead("other-axis", "Cut along a neighbouring axis.", _split_other_axis),
        _instead("order", "The pieces come in reversed order.", _split_reversed),
        _instead("one-late", "Every piece starts one element late.", lambda s: _pieces(s, 1)),
    ),
    function(
        "pad", "surround a tensor with a constant, and cut it where pads are negative",
        "ONNX operator specification, Pad, mode constant; torch.nn.functional.pad",
        lambda: paddings("pad", MOVED, (*GENERAL, *BEYOND, *ANY_AXIS), (5, 7), value=3), _moving(constant),
        faults.other_params("zero", "The constant is ignored.", value=0),
        _instead("edge-value", "The edge element is taken instead of the constant.", _nearest_value),
        _instead("exchanged-sides", "Pads of both sides are exchanged.", _exchanged(constant)),
        _instead("shifted", "The input lands one place too far.", _off_by_one(constant)),
    ),
    _padding("pad_reflect", "by mirroring at the edge elements without repeating them", reflect, NUMBERS, GENERAL, INCLUDING_EDGE),
    _padding("pad_replicate", "by repeating the edge elements", replicate, NUMBERS, (*GENERAL, *BEYOND),
             _instead("mirrored", "Mirrored instead of repeated.", by_index(symmetric))),
    _padding("pad_circular", "by wrapping around", circular, (*NUMBERS, "bool"), GENERAL,
             _instead("edge-repeated", "The edge repeats instead.", by_index(replicate))),
)  # fmt: skip
