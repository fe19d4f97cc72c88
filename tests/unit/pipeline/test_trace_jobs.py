"""Which samples tell what a function calls: few, read no further than needed, every form of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from csvkit_ml import registry
from csvkit_ml.model.function import Sample, params
from csvkit_ml.model.tensor import Tensor
from csvkit_ml.pipeline.splitting import TRACED_SAMPLES, trace_jobs

TORCH = registry.library("torch")
EXP = next(o for o in TORCH.offers() if o.function == "exp")
FORMS = tuple(v for v in EXP.variants if "=" not in v)


def test_no_more_samples_are_made_than_are_traced() -> None:
    made: list[str] = []

    def samples() -> Iterator[Sample]:
        for i in range(100):
            made.append(f"s{i}")
            yield Sample(name=made[-1], dtype="float32", inputs=(Tensor.of([1.0], "float32"),), params=params(i=i))

    jobs = list(trace_jobs(replace(registry.functions()["exp"], samples=samples), EXP, TORCH))
    assert [j.prefix for j in jobs] == [f"exp/s{i}" for i in range(TRACED_SAMPLES)]
    assert len(made) == TRACED_SAMPLES


def test_a_type_that_is_new_alone_is_traced_in_forms_and_no_modes() -> None:
    first, *more = trace_jobs(registry.functions()["exp"], EXP, TORCH)
    assert set(FORMS) < set(first.variants)
    assert any(v.startswith("mode=") for v in first.variants)
    assert more
    for job in more:
        assert set(FORMS) <= set(job.variants)
        assert not any(v.startswith("layout=") for v in job.variants)
