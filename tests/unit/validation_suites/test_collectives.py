"""Collectives element by element in the formats' own arithmetic; ranks that hang, fail or die are told as such and are gone afterwards."""

from __future__ import annotations

import operator
import os
import pickle
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from csvkit_ml.libraries.torch.staged import collectives as binding
from validation_suites.training import collectives

BY_ID = {f.id: f for f in collectives.FUNCTIONS}
OF: dict[str, Callable[[Any, Any], Any]] = {
    "SUM": operator.add, "PRODUCT": operator.mul, "MIN": min, "MAX": max, "BAND": operator.and_, "BOR": operator.or_, "BXOR": operator.xor,
    "AVG": lambda a, b: (a + b) / type(a)(2),
}  # fmt: skip
SENT = ("all_gather", "gather_to_root", "broadcast", "scatter_from_root", "all_to_all", "send_receive", "object_collectives")


@pytest.mark.parametrize("id", ["all_reduce", "all_reduce_average", "reduce_to_root", "reduce_scatter"])
def test_reductions_in_the_formats_own_arithmetic(id: str) -> None:
    """Scalars of numpy and ml_dtypes round by themselves; the reference rounds a result in double precision."""
    for sample in BY_ID[id].samples():
        for x, expected in zip(sample.arrays(), BY_ID[id].reference(sample), strict=True):
            for k, name in enumerate(sample.param("reductions")):
                for at in range(x.shape[-1]):
                    for rank in range(2):
                        pair = (x[0, rank, at], x[1, rank, at]) if id == "reduce_scatter" else (x[0, at], x[1, at])
                        assert float(expected.value[k, rank, at]) == float(OF[name](*pair))


@pytest.mark.parametrize("id", SENT)
def test_what_is_sent_is_what_was_brought(id: str) -> None:
    """By loops over (what the output's first axis counts, its second)."""
    source: dict[str, Callable[[Any, int, int], Any]] = {
        "all_gather": lambda x, i, j: x[j], "gather_to_root": lambda x, i, j: x[j], "object_collectives": lambda x, i, j: x[j],
        "broadcast": lambda x, i, j: x[i], "scatter_from_root": lambda x, i, j: x[i, j], "all_to_all": lambda x, i, j: x[j, i],
        "send_receive": lambda x, i, j: x[1 - i, j],
    }  # fmt: skip
    for sample in BY_ID[id].samples():
        for x, expected in zip(sample.arrays(), BY_ID[id].reference(sample), strict=True):
            assert expected.value.size >= 10
            for i, j in np.ndindex(expected.value.shape[:2]):
                assert expected.value[i, j].tolist() == source[id](x, i, j).astype(np.float64).tolist()


def test_uneven_parts_are_all_there() -> None:
    for sample in BY_ID["all_to_all_uneven"].samples():
        for x, expected in zip(sample.arrays(), BY_ID["all_to_all_uneven"].reference(sample), strict=True):
            a, b = sample.param("cuts")
            parts = [x[0].tolist()[:a], x[1].tolist()[:b], x[0].tolist()[a:], x[1].tolist()[b:]]
            assert expected.value.tolist() == sum(parts, [])


def _torch(**more: Any) -> Any:
    """As much of torch as ranks need to meet and answer."""

    def save(values: Any, file: Any) -> None:
        file.write(pickle.dumps([v.value for v in values]))

    distributed = SimpleNamespace(
        is_available=lambda: True, is_gloo_available=lambda: True, init_process_group=lambda *a, **k: None, barrier=lambda: None,
        destroy_process_group=lambda: None, **more,
    )  # fmt: skip
    return SimpleNamespace(distributed=distributed, save=save, load=lambda f: pickle.loads(f.read()), set_num_threads=lambda n: None)


class _Number:
    def __init__(self, value: int) -> None:
        self.value = value

    def detach(self) -> _Number:
        return self

    contiguous = detach


def test_both_ranks_answer() -> None:
    assert binding.on_ranks(_torch(), lambda d, rank: [_Number(10 + rank), _Number(os.getpid())])[1][0] == 11
    first, second = binding.on_ranks(_torch(), lambda d, rank: [_Number(os.getpid())])
    assert len({first[0], second[0], os.getpid()}) == 3


@pytest.mark.parametrize(
    ("work", "error", "says"),
    [
        (lambda: time.sleep(30), TimeoutError, "did not answer"),
        (lambda: os._exit(3), RuntimeError, "without an answer"),
        (lambda: 1 // 0, RuntimeError, "ZeroDivisionError"),
        (lambda: SimpleNamespace().absent, binding.NotSupported, "has no attribute"),
    ],
)
def test_a_rank_that_hangs_dies_or_fails_is_told_and_ends(monkeypatch: pytest.MonkeyPatch, work: Any, error: Any, says: str) -> None:
    monkeypatch.setattr(binding, "LIMIT_S", 0.5)
    monkeypatch.setattr(binding, "END_S", 0.1)
    seen: list[Any] = []
    end = binding._end
    monkeypatch.setattr(binding, "_end", lambda made: (seen.extend(made), end(made)))
    with pytest.raises(error, match=says):
        binding.on_ranks(_torch(), lambda d, rank: [_Number(0)] if rank == 1 else work())
    assert len(seen) == 2
    assert all(p.exitcode is not None for p in seen)


def test_without_gloo_nothing_is_asked() -> None:
    torch = _torch()
    torch.distributed.is_gloo_available = lambda: False
    with pytest.raises(binding.NotSupported):
        binding.on_ranks(torch, lambda d, rank: [_Number(0)])
