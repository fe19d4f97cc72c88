"""Axes and extents against the formula of each index; models accepted by the ONNX checker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.unit.validation_suites.onnx_models import check_models
from tests.unit.validation_suites.plain_samples import first, numbered, small
from validation_suites.inference.shapes import FUNCTIONS

BY_ID = {f.id: f for f in FUNCTIONS}
Place = tuple[int, ...]
Source = Callable[[Place, Place, dict[str, Any]], Place]


def _swapped(at: Place, s: Place, p: dict[str, Any]) -> Place:
    out, a, b = list(at), p["first"] % len(s), p["second"] % len(s)
    out[a], out[b] = out[b], out[a]
    return tuple(out)


def _moved(at: Place, s: Place, p: dict[str, Any]) -> Place:
    out = list(at)
    out.insert(p["first"] % len(s), out.pop(p["second"] % len(s)))
    return tuple(out)


def _turned(at: Place, s: Place, p: dict[str, Any]) -> Place:
    a, b = (x % len(s) for x in p["axes"])
    out, (i, j) = list(at), (at[a], at[b])
    out[a], out[b] = {0: (i, j), 1: (j, s[b] - 1 - i), 2: (s[a] - 1 - i, s[b] - 1 - j), 3: (s[a] - 1 - j, i)}[p["k"] % 4]
    return tuple(out)


def _rolled(at: Place, s: Place, p: dict[str, Any]) -> Place:
    if p["axes"] is None:
        flat = (int(np.ravel_multi_index(at, s)) - p["shifts"][0]) % int(np.prod(s))
        return tuple(int(n) for n in np.unravel_index(flat, s))
    out = list(at)
    for axis, n in zip(p["axes"], p["shifts"], strict=True):
        out[axis] = (out[axis] - n) % s[axis]
    return tuple(out)


def _cut(at: Place, s: Place, p: dict[str, Any]) -> Place:
    out = list(at)
    for axis, start, step in zip(p["axes"], p["starts"], p["steps"], strict=True):
        n = s[axis]
        begin = max(0, min(start + n if start < 0 else start, n if step > 0 else n - 1))
        out[axis] = begin + step * at[axis]
    return tuple(out)


def _each(at: Place, s: Place, p: dict[str, Any]) -> Place:
    flat = p["axis"] is None
    n = int(np.prod(s)) if flat else s[p["axis"]]
    counts = p["repeats"] * n if len(p["repeats"]) == 1 else p["repeats"]
    source = [i for i, c in enumerate(counts) for _ in range(c)][at[0 if flat else p["axis"]]]
    if flat:
        return tuple(int(k) for k in np.unravel_index(source, s))
    return tuple(source if a == p["axis"] % len(s) else i for a, i in enumerate(at))


SOURCES: dict[str, Source] = {
    "transpose": lambda at, s, p: tuple(at[p["order"].index(a)] for a in range(len(s))),
    "swap_axes": _swapped,
    "move_axis": _moved,
    "flip": lambda at, s, p: tuple(s[a] - 1 - i if a in {x % len(s) for x in p["axes"]} else i for a, i in enumerate(at)),
    "rot90": _turned,
    "roll": _rolled,
    "expand": lambda at, s, p: tuple(i if n > 1 else 0 for i, n in zip(at[len(at) - len(s) :], s, strict=True)),
    "tile": lambda at, s, p: tuple(i % n for i, n in zip(at, s, strict=True)),
    "repeat_interleave": _each,
    "slice": _cut,
    "slice_backward": _cut,
}
"""Where an output comes from: (its place, extents of the operand, parameters)."""
IN_ORDER = {
    "reshape": lambda s, p: p["shape"],
    "flatten": lambda s, p: None,
    "flatten_to_matrix": lambda s, p: None,
    "unflatten": lambda s, p: None,
    "squeeze": lambda s, p: tuple(n for a, n in enumerate(s) if n != 1 or (p["axes"] and a not in {x % len(s) for x in p["axes"]})),
    "unsqueeze": lambda s, p: None,
}
"""Extents where a formula of its own gives them; elements stay in order."""


@pytest.mark.parametrize("id", SOURCES)
def test_every_output_is_the_element_that_the_formula_names(id: str) -> None:
    for sample in small(BY_ID[id]):
        made, shape = first(BY_ID[id], numbered(sample)), sample.inputs[0].shape
        for at in np.ndindex(made.shape):
            source = SOURCES[id](at, shape, dict(sample.params))
            assert made[at] == np.ravel_multi_index(source, shape) if shape else made[at] == 0, (sample.name, at)


@pytest.mark.parametrize("id", IN_ORDER)
def test_elements_stay_in_order(id: str) -> None:
    for sample in small(BY_ID[id]):
        made = first(BY_ID[id], numbered(sample))
        assert made.reshape(-1).tolist() == list(range(made.size)), sample.name
        want = IN_ORDER[id](sample.inputs[0].shape, dict(sample.params))
        assert want is None or len(want) == made.ndim and all(n in (m, -1) for n, m in zip(want, made.shape, strict=True)), sample.name


def test_extents_of_merged_and_split_axes() -> None:
    for id, want in (
        ("flatten", {(2, 12, 5), (2, 60), (12,), (6, 4), (1,), (7,), (2, 0), (9, 155)}),
        ("flatten_to_matrix", {(2, 12), (1, 24), (6, 4), (24, 1), (24, 5), (7, 1), (0, 3), (9, 155), (1, 5)}),
        ("unflatten", {(3, 3, 4), (3, 2, 6), (2, 2, 3), (2, 3, 5), (2, 4, 2, 3), (3, 0, 4), (5, 2, 65), (7, 1, 1)}),
        ("unsqueeze", {(3, 1, 4), (1, 3, 4), (3, 4, 1), (1, 3, 4, 1), (7, 1, 1), (1,), (0, 1, 2), (5, 1, 129)}),
    ):
        assert {first(BY_ID[id], s).shape for s in BY_ID[id].samples()} == want


def test_extents_of_slices_by_counting() -> None:
    for id in ("slice", "slice_backward"):
        for s in BY_ID[id].samples():
            shape, p = s.inputs[0].shape, dict(s.params)
            found = first(BY_ID[id], s).shape
            for axis, start, stop, step in zip(p["axes"], p["starts"], p["stops"], p["steps"], strict=True):
                n = shape[axis]
                low, high = (0, n) if step > 0 else (-1, n - 1)
                begin, end = (max(low, min(v + n if v < 0 else v, high)) for v in (start, stop))
                assert found[axis] == len(range(begin, end, step)), s.name


def test_the_models_are_accepted_by_the_checker() -> None:
    portable = ("transpose", "flip", "reshape", "flatten_to_matrix", "squeeze", "unsqueeze", "expand", "tile", "slice", "slice_backward")
    assert check_models(BY_ID[id] for id in portable) > 200
