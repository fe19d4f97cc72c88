"""How deep: quick is a part of standard, exhaustive a superset; a plan of standard depth has the bytes that it always had."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from csvkit_ml import registry
from csvkit_ml.judgement.detection import detect
from csvkit_ml.libraries.port import Offer
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import SampleClass
from csvkit_ml.model.spec import Depth, FunctionDepth, ValidationSpec
from csvkit_ml.planning.catalogue import Catalogue, make_catalogue
from csvkit_ml.planning.depth import at_depth, at_depths, depth_of, variants_at

FUNCTIONS = registry.functions()
PLAIN = ValidationSpec(asked="torch==2.13.0", library="torch", version="2.13.0")


@pytest.mark.parametrize("id", ["exp", "conv2d", "grad_select", "layer_norm", "sgd"])
def test_quick_is_a_part_with_every_type(id: str) -> None:
    every = list(FUNCTIONS[id].samples())
    quick = list(at_depth(FUNCTIONS[id], Depth.QUICK).samples())
    assert [s for s in every if s.name in {q.name for q in quick}] == quick
    assert {s.dtype for s in quick} == {s.dtype for s in every}
    assert 0 < len(quick) < len(every)
    assert not any(s.why in (SampleClass.EXHAUSTIVE, SampleClass.EDGE) for s in quick)
    assert quick[0].why is SampleClass.ORDINARY


def test_quick_still_detects_faults() -> None:
    assert all(d.detected for d in detect(at_depth(FUNCTIONS["exp"], Depth.QUICK)))


def test_quick_runs_every_further_variant_once() -> None:
    offer = Offer(function="f", names=(), dtypes=("float32", "int8"), variants=("plain", "method"), brief=("alias",), paths=("trace",), once=("compile",))
    first = variants_at(Depth.QUICK, offer, {}, "float32")
    assert first == ("plain", "method", "alias", "trace")
    assert variants_at(Depth.QUICK, offer, {"float32": set(first)}, "int8") == ("plain",)
    assert variants_at(Depth.QUICK, offer, {"float32": {"plain"}}, "float32") == first
    assert variants_at(Depth.STANDARD, offer, {"float32": set(first)}, "int8") == first


def test_quick_leaves_out_what_takes_seconds_and_says_so() -> None:
    lengthy = {f.id for f in FUNCTIONS.values() if f.lengthy}
    assert {"compiled_training", "trained_lstm", "steady_memory", "sum_of_long"} <= lengthy
    spec = replace(PLAIN, functions=("exp", "sum_of_long"), depth=Depth.QUICK)
    plan = catalogue(spec).plan
    assert [f.id for f in plan.functions] == ["exp"]
    assert [(n.function, n.what) for n in plan.not_offered] == [("sum_of_long", "function")]
    assert not catalogue(replace(spec, depth=Depth.STANDARD)).plan.not_offered


def catalogue(spec: ValidationSpec) -> Catalogue:
    home, worker = registry.home, sha256(b"")
    return make_catalogue(spec, registry.libraries()["torch"], at_depths(FUNCTIONS, spec), home=home, settings={}, worker=worker)


def test_exhaustive_adds_a_value_between_any_two_of_float16() -> None:
    every = list(FUNCTIONS["elu"].samples())
    deep = list(at_depth(FUNCTIONS["elu"], Depth.EXHAUSTIVE).samples())
    assert deep[: len(every)] == every
    more = deep[len(every) :]
    values = np.concatenate([s.arrays()[0] for s in more])
    assert {(s.dtype, s.why) for s in more} == {("float32", SampleClass.EXHAUSTIVE)}
    assert len(np.unique(values)) == values.size == 2 * 31 * 1024
    assert (values.view(np.uint32) & 1).all()
    with np.errstate(over="ignore"):
        assert (values != values.astype(np.float16)).all()
    assert list(at_depth(FUNCTIONS["elu"], Depth.EXHAUSTIVE).samples())[-1] == deep[-1]


def test_a_function_without_float16_stays_as_it_is() -> None:
    assert list(at_depth(FUNCTIONS["grad_select"], Depth.EXHAUSTIVE).samples()) == list(FUNCTIONS["grad_select"].samples())


def test_a_depth_of_its_own_comes_first() -> None:
    spec = ValidationSpec(
        asked="x", library="torch", version="1", depth=Depth.QUICK, depths=(FunctionDepth(function="exp", depth=Depth.EXHAUSTIVE, reason="why"),)
    )
    assert (depth_of(spec, "exp"), depth_of(spec, "relu")) == (Depth.EXHAUSTIVE, Depth.QUICK)
    assert at_depths(FUNCTIONS, PLAIN) is FUNCTIONS
    assert len(list(at_depths(FUNCTIONS, spec)["relu"].samples())) < len(list(FUNCTIONS["relu"].samples()))
    assert decode(ValidationSpec, canonical(spec)) == spec


def test_the_usual_depth_is_not_written() -> None:
    assert b"depth" not in canonical(PLAIN)
    assert decode(ValidationSpec, canonical(PLAIN)) == PLAIN
    with pytest.raises(CodecError):
        decode(ValidationSpec, canonical(PLAIN).replace(b'"functions":[]', b'"depth":"deep","functions":[]'))
