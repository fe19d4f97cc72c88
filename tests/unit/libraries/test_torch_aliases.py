"""Other names of a function are variants of it: each calls what it is named after, and a wrong one is noticed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from csvkit_ml import registry
from csvkit_ml.criteria import round_to
from csvkit_ml.criteria.joint import measured
from csvkit_ml.libraries.torch.staged.aliases import named
from csvkit_ml.libraries.torch.staged.catalogue import bindings
from csvkit_ml.model.function import VERDICT, Verdict
from csvkit_ml.model.spec import Depth
from csvkit_ml.pipeline.splitting import trace_jobs
from csvkit_ml.planning.catalogue import _plan_samples

TORCH = registry.library("torch")
OFFERS = {o.function: o for o in TORCH.offers()}


class Number:
    """A tensor of one number with the methods that a name may call; records who was called."""

    def __init__(self, value: float, seen: list[str]) -> None:
        self.value, self.seen, self.shape = value, seen, ()

    def expand(self, shape: Any) -> Number:
        return self

    def clone(self) -> Number:
        self.seen.append("clone")
        return Number(self.value, self.seen)

    def sub(self, other: Number) -> Number:
        self.seen.append("sub")
        return Number(self.value - other.value, self.seen)

    def sub_(self, other: Number) -> Number:
        self.seen.append("sub_")
        self.value -= other.value
        return self

    def lazy_(self, other: Number) -> Number:
        """What works in place, but does not write."""
        return Number(self.value - other.value, self.seen)

    def __rsub__(self, other: Number) -> Number:
        self.seen.append("__rsub__")
        return Number(other.value - self.value, self.seen)

    def __isub__(self, other: Number) -> Number:  # type: ignore[misc]
        self.seen.append("__isub__")
        self.value -= other.value
        return self


def called(name: str) -> tuple[float, list[str]]:
    seen: list[str] = []
    t = SimpleNamespace(broadcast_shapes=lambda *s: (), sub=lambda x, y: x.sub(y), sub_=lambda x, y: x.sub_(y))
    (form,) = named(name).values()
    return form(t, {}, Number(5.0, seen), Number(3.0, seen)).value, seen


@pytest.mark.parametrize(
    ("name", "who"),
    [
        ("sub", ["sub"]), ("sub_", ["clone", "sub_"]), ("Tensor.sub", ["sub"]), ("Tensor.sub_", ["clone", "sub_"]),
        ("Tensor.__rsub__", ["__rsub__"]), ("Tensor.__isub__", ["clone", "__isub__"]),
    ],
)  # fmt: skip
def test_a_name_is_its_own_call_in_the_order_of_the_definition(name: str, who: list[str]) -> None:
    assert called(name) == (2.0, who)


def test_what_works_in_place_must_return_what_it_was_given() -> None:
    with pytest.raises(ValueError, match="another tensor"):
        called("Tensor.lazy_")


def test_every_other_name_is_verified_by_the_function_that_it_is_a_variant_of() -> None:
    for function, binding in bindings().items():
        offer = OFFERS[function]
        assert set(binding.aliases) <= set(offer.names)
        assert offer.brief == tuple(binding.aliases)
        assert not set(binding.aliases) & set(offer.variants)


def test_other_names_run_once_in_every_dtype_and_in_traces() -> None:
    function, offer = registry.functions()["add"], OFFERS["add"]
    requests: dict[str, Any] = {}
    planned, _ = _plan_samples(function, offer, TORCH, requests, Depth.STANDARD)
    with_them = [s for s in planned if set(offer.brief) <= set(s.variants)]
    assert [s.dtype for s in with_them] == list(dict.fromkeys(s.dtype for s in planned))
    assert all(s.variants == offer.variants for s in planned if s not in with_them)
    jobs = list(trace_jobs(function, offer, TORCH))
    assert set(offer.brief) <= set(jobs[0].variants)


@pytest.mark.parametrize("function", ["sub", "div", "pow", "atan2", "lt", "floor_divide", "remainder"])
def test_operands_the_wrong_way_around_are_noticed_by_the_cases_that_other_names_run_in(function: str) -> None:
    """The seeded fault of the device: a reflected operator that does not exchange its operands."""
    made, offer = registry.functions()[function], OFFERS[function]
    assert offer.brief
    first = {s.dtype: s for s in reversed(list(made.samples())) if s.dtype in offer.dtypes}
    for sample in first.values():
        wrong = made.reference(replace(sample, inputs=sample.inputs[::-1]))
        expected = made.reference(sample)
        answers = tuple(round_to(e.dtype, e.value, e.low) for e in wrong)
        found = measured(made.criterion_for(sample), answers, expected)
        assert any(VERDICT[m.reason] is Verdict.FAILED for m in found), sample.name
