"""Right and wrong operands by numpy's own judgement; models."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from csvkit_ml.model.function import Function, Sample
from tests.unit.validation_suites.onnx_models import check_models
from validation_suites.inference.wrong_positions import FUNCTIONS, LABELS


def plainly(operator: str, x: Any, i: Any) -> Any:
    """What numpy answers, or refuses: a second opinion on what is right and wrong."""
    i = np.asarray(i, dtype=np.int64)
    return _PLAINLY[operator](x, i)


def _placed(x: Any, i: Any) -> Any:
    y = x.copy()
    y[tuple(i.T)] = 0
    return y


def _along(x: Any, i: Any) -> Any:
    return x[np.arange(i.shape[0])[:, None], i, 0]


def _cut(x: Any, i: Any) -> Any:
    if (i < 0).any() or i.sum() != x.shape[1]:
        raise ValueError("sizes")
    return np.split(x, np.cumsum(i)[:-1], axis=1)


def _within(low: int, high: int) -> Callable[[Any, Any], Any]:
    """Numbers from low to high, none else."""

    def ask(x: Any, i: Any) -> Any:
        if ((i < low) | (i > high)).any():
            raise ValueError("outside")
        return i

    return ask


def _tiled(x: Any, i: Any) -> Any:
    if i.size != x.ndim:
        raise ValueError("one number for each axis")
    return np.tile(x, i)


def _narrowed(x: Any, i: Any) -> Any:
    if i[1] < 0 or i[0] + i[1] > x.shape[1] or i[0] < 0:
        raise ValueError("outside")
    return x[:, i[0] : i[0] + i[1]]


_PLAINLY: Mapping[str, Callable[[Any, Any], Any]] = {
    "gather": lambda x, i: np.take(x, i, axis=1), "gather_elements": _along, "scatter_elements": _along, "gather_nd": lambda x, i: x[tuple(i.T)],
    "scatter_nd": _placed, "topk": _within(0, 6), "split": _cut, "reshape": lambda x, i: _reshaped(x, i), "expand": np.broadcast_to,
    "sum": lambda x, i: x.sum(axis=int(i[0])), "unsqueeze": lambda x, i: np.expand_dims(x, int(i[0])), "cumsum": lambda x, i: x.cumsum(axis=int(i[0])),
    "tile": _tiled, "filled": lambda x, i: np.zeros(i), **{n: lambda x, i: np.take(np.arange(6), i) for n in LABELS},
    **{n: lambda x, i: np.take(x, i, axis=0) for n in ("index_select", "index_add", "index_copy", "index_fill", "index_reduce", "embedding_bag", "select")},
    **{n: lambda x, i: np.take(x, i) for n in ("take", "put", "put_add")},
    **dict.fromkeys(("take_along_dim", "scatter_add", "scatter_reduce", "scatter_number"), _along),
    "one_hot": _within(0, 4), "bincount": lambda x, i: np.bincount(i), "narrow": _narrowed, "kthvalue": _within(1, 7),
    "permute": lambda x, i: np.transpose(x, i), "diagonal": lambda x, i: np.diagonal(x, 0, *map(int, i)),
    "repeat_interleave": lambda x, i: np.repeat(x, i, axis=0), "masked_scatter": _within(3, 4), "max_unpool": _within(0, 5),
    "unflatten": lambda x, i: x.reshape(5, *i, 7), "chunk": _within(1, 6),
}  # fmt: skip


def _reshaped(x: Any, i: Any) -> Any:
    if (i < -1).any():
        raise ValueError("negative")
    return x.reshape(i)


def refuses(sample: Sample, which: str) -> bool:
    try:
        plainly(sample.param("operator"), sample.arrays()[0], sample.param(which))
    except (IndexError, ValueError, TypeError, MemoryError, OverflowError):
        return True
    return False


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.id)
def test_numpy_refuses_the_same(function: Function) -> None:
    """(refused, answered) as the reference says: the wrong operand, and the right one."""
    for sample in function.samples():
        (made,) = function.reference(sample)
        found = [int(refuses(sample, "wrong")), int(not refuses(sample, "right"))]
        assert made.value.tolist() == found, sample.name


def test_every_sample_lowers_to_a_valid_model() -> None:
    assert check_models(f for f in FUNCTIONS if f.id != "refuse_wrong_arguments") > 20
