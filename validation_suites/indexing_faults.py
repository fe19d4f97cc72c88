"""Seeded faults of functions that read or write by position. None = the sample cannot tell."""

from __future__ import annotations

import numpy as np

from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Array
from csvkit_ml.references.positions import Place, added, places, slices, written
from validation_suites import faults


def axis_of(sample: Sample) -> int:
    """The parameter `axis`, counted from the front."""
    return int(sample.param("axis")) % len(sample.inputs[0].shape)


def named(sample: Sample) -> Place:
    """Places that the sample's index names."""
    x, index = sample.arrays()[:2]
    return places(index, axis_of(sample), x.shape[axis_of(sample)])


def _wrong(sample: Sample, axis: int, shift: int) -> Place:
    """Places along an axis, moved, wrapped into the data."""
    x, index = sample.arrays()[:2]
    where = places(index, axis, x.shape[axis_of(sample)])
    return tuple((w + (shift if d == axis else 0)) % max(1, n) for d, (w, n) in enumerate(zip(where, x.shape, strict=True)))


def _next(sample: Sample) -> Place:
    return _wrong(sample, axis_of(sample), 1)


def _elsewhere(sample: Sample) -> Place | None:
    """Places along the next axis."""
    x, index = sample.inputs[:2]
    rank = len(x.shape)
    return None if rank < 2 or 0 in x.shape or 0 in index.shape else _wrong(sample, (axis_of(sample) + 1) % rank, 0)


def _from_front(sample: Sample) -> Place | None:
    """Positions counted from the end become the first one."""
    x, index = sample.arrays()[:2]
    return places(np.maximum(index, 0), axis_of(sample), x.shape[axis_of(sample)]) if (index < 0).any() else None


def _first_row(sample: Sample) -> Array | None:
    x, index = sample.arrays()
    axis = axis_of(sample)
    if index.size == 0 or index.ndim < 2:
        return None
    row = index[tuple(slice(None) if d == axis else slice(0, 1) for d in range(index.ndim))]
    return np.asarray(x[places(np.broadcast_to(row, index.shape), axis, x.shape[axis])])


def _read(sample: Sample, where: Place | None) -> Array | None:
    return None if where is None else np.asarray(sample.arrays()[0][where])


def _slices(sample: Sample, *, shift: int = 0, order: bool = False, front: bool = False) -> Array | None:
    x, index = sample.arrays()
    axis, n = axis_of(sample), x.shape[axis_of(sample)]
    if 0 in x.shape or index.size == 0 or (front and not (index < 0).any()):
        return None
    rows = np.maximum(index, 0) if front else (index % n + shift) % n
    return slices(x, np.sort(rows, axis=None).reshape(rows.shape) if order else rows, axis)


def _slices_elsewhere(sample: Sample) -> Array | None:
    """Along the next axis, where the shape does not tell."""
    x, index = sample.arrays()
    axis = axis_of(sample)
    other = (axis + 1) % x.ndim
    return slices(x, index, other) if index.size == x.shape[axis] == x.shape[other] else None


def _write(sample: Sample, where: Place | None) -> Array | None:
    x, _, source = sample.arrays()
    return None if where is None else written(x, where, source)


def _last_write_lost(sample: Sample) -> Array | None:
    x, index, source = sample.arrays()
    if index.size == 0:
        return None
    out = written(x, named(sample), source)
    last = tuple(np.broadcast_to(w, index.shape).reshape(-1)[-1] for w in named(sample))
    out[last] = x[last]
    return out


def _rest_cleared(sample: Sample) -> Array:
    x, _, source = sample.arrays()
    return written(np.zeros_like(x), named(sample), source)


def _wide(sample: Sample) -> tuple[Array, Array]:
    x, _, source = sample.arrays()
    return (x, source) if x.dtype.kind in "iu" else (x.astype(np.float64), source.astype(np.float64))


def _add(sample: Sample, where: Place | None) -> Array | None:
    x, source = _wide(sample)
    return None if where is None else added(x, where, source)


def _duplicates_lost(sample: Sample) -> Array:
    x, source = _wide(sample)
    return written(x, named(sample), x[named(sample)] + source)


def _data_left_out(sample: Sample) -> Array | None:
    x, source = _wide(sample)
    return added(written(x, named(sample), np.zeros_like(source)), named(sample), source) if source.size else None


MOVING = (faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost())
_CLIPPED = "Positions counted from the end are taken for the first position."
GATHERING = (
    faults.computed("next-element", "The element behind the one asked for is returned.", lambda s: _read(s, _next(s))),
    faults.computed("other-axis", "Positions count along the next axis.", lambda s: _read(s, _elsewhere(s))),
    faults.computed("first-row-for-all", "The positions of the first row serve every row.", _first_row),
)
GATHERED_FROM_FRONT = faults.computed("negative-clipped", _CLIPPED, lambda s: _read(s, _from_front(s)))
SELECTING = (
    faults.computed("next-slice", "The slice behind the one asked for is returned.", lambda s: _slices(s, shift=1)),
    faults.computed("index-sorted", "Slices come in the order of the data instead of the index.", lambda s: _slices(s, order=True)),
    faults.computed("other-axis", "Slices are taken along the next axis.", _slices_elsewhere),
)
SELECTED_FROM_FRONT = faults.computed("negative-clipped", _CLIPPED, lambda s: _slices(s, front=True))
WRITING = (
    faults.computed("next-place", "Every element is written one place too far.", lambda s: _write(s, _next(s))),
    faults.computed("other-axis", "Positions count along the next axis.", lambda s: _write(s, _elsewhere(s))),
    faults.computed("last-write-lost", "The last element of the source is not written.", _last_write_lost),
    faults.computed("rest-cleared", "What is not written is zero instead of the data.", _rest_cleared),
)
WRITTEN_FROM_FRONT = faults.computed("negative-clipped", _CLIPPED, lambda s: _write(s, _from_front(s)))
ADDING = (
    faults.BF16_INPUTS,
    faults.computed("duplicates-lost", "Of several additions to one place only the last counts.", _duplicates_lost),
    faults.computed("data-left-out", "Sums do not include the data's own element.", _data_left_out),
    faults.computed("next-place", "Every addition lands one place too far.", lambda s: _add(s, _next(s))),
    faults.computed("other-axis", "Positions count along the next axis.", lambda s: _add(s, _elsewhere(s))),
)
