"""What training must keep: parameters through a checkpoint, frozen parameters through training steps."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.model.function import Fault as SeededFault
from csvkit_ml.model.tensor import DTYPES, Tensor
from csvkit_ml.references import exactly
from validation_suites import faults
from validation_suites.sampling import normal, pairwise, special, tensor, uniform

FLOATS = ("float32", "float64", "float16", "bfloat16")
INTEGERS = ("bool", "int8", "uint8", "int16", "int32", "int64")
SOURCE = "PyTorch documentation, torch.save, torch.load, Module.load_state_dict"
UNCHANGED = Exact(rationale="Values that are only stored, or must not be touched, keep every bit.", literature="ISO 13485, 4.1.6; IEEE 754-2019, 5.5")


def _values(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    if dtype in FLOATS:
        return normal(dtype, shape, *names)
    if dtype == "bool":
        return Tensor.of(uniform("float64", shape, *names).array() > 0, dtype)
    info = np.iinfo(dtype)
    spread = np.round(uniform("float64", shape, *names, low=max(info.min, -1e15), high=min(info.max, 1e15)).array())
    return Tensor.of(spread, dtype)


def _checkpoint_samples() -> Iterable[Sample]:
    for i, dtype in enumerate((*FLOATS, *INTEGERS)):
        inputs = tuple(_values(dtype, shape, "checkpoint", dtype, str(shape)) for shape in ((4, 33), (33,), (3, 2, 5, 7)))
        yield Sample(name=f"{dtype}-ordinary", dtype=dtype, inputs=inputs, why=SampleClass.COVERING if i else SampleClass.ORDINARY)
    for dtype in FLOATS:
        edge = tensor(special(dtype), dtype)
        yield Sample(name=f"{dtype}-special", dtype=dtype, inputs=(edge, edge, edge), why=SampleClass.SPECIAL)
    for name, shapes in (("scalars", ((), (1,), ())), ("empty", ((0,), (3, 0), (2,))), ("large", ((300, 257), (1,), (70_001,)))):
        inputs = tuple(normal("float32", shape, "checkpoint", name, str(i)) for i, shape in enumerate(shapes))
        yield Sample(name=f"float32-{name}", dtype="float32", inputs=inputs, why=SampleClass.EDGE)


def _checkpoint(sample: Sample) -> tuple[Expected, ...]:
    return tuple(exactly(a, dtype=t.dtype, name=f"y{i}" if i else "y") for i, (a, t) in enumerate(zip(sample.arrays(), sample.inputs, strict=True)))


def _frozen_samples() -> Iterable[Sample]:
    """Input [N, 6]; frozen layer [9, 6], [9] with running mean and variance [9]; trained layer [3, 9], [3]; targets [N, 3]."""
    rows = pairwise({"dtype": ("float32", "float64"), "optimiser": ("sgd", "adam", "adamw"), "decay": (0.0, 0.1), "steps": (1, 7), "batch": (5, 64)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{r['optimiser']}-decay{r['decay']:g}-steps{r['steps']}-n{r['batch']}"
        shapes = ((r["batch"], 6), (9, 6), (9,), (9,), (3, 9), (3,), (r["batch"], 3))
        inputs = [normal(r["dtype"], shape, "frozen", name, str(j)) for j, shape in enumerate(shapes)]
        inputs.insert(4, uniform(r["dtype"], (9,), "frozen", name, "variance", low=0.5, high=2.0))
        p = params(optimiser=r["optimiser"], decay=r["decay"], steps=r["steps"])
        yield Sample(name=name, dtype=r["dtype"], inputs=tuple(inputs), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _frozen(sample: Sample) -> tuple[Expected, ...]:
    """Weight, bias, running mean and variance of the frozen layer as they were; and that the other layer did move."""
    kept = tuple(exactly(t.array(), dtype=t.dtype, name=f"y{i}" if i else "y") for i, t in enumerate(sample.inputs[1:5]))
    return (*kept, exactly(np.array([True, True]), dtype="bool", name="y4"))


def _through(dtype: str, id: str, sentence: str) -> SeededFault:
    """Stored in a narrower format."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        if sample.dtype not in ("float32", "float64"):
            return None
        with np.errstate(over="ignore"):
            out = tuple(r.astype(DTYPES[dtype]).astype(r.dtype) for r in results)
        return None if all(a.tobytes() == b.tobytes() for a, b in zip(out, results, strict=True)) else out

    return SeededFault(id=id, sentence=sentence, apply=apply)


def _moved(which: int, id: str, sentence: str) -> SeededFault:
    """One output took a small step."""

    def apply(function: Function, sample: Sample, results: Results) -> Results:
        changed = (results[which] * results[which].dtype.type(1 - 1e-3)).astype(results[which].dtype)
        return tuple(changed if i == which else r for i, r in enumerate(results))

    return SeededFault(id=id, sentence=sentence, apply=apply)


def _swapped(function: Function, sample: Sample, results: Results) -> Results | None:
    """The second entry is given to the first name."""
    made = faults.truth(function, replace(sample, inputs=(sample.inputs[1], *sample.inputs[1:])))
    same = made[0].shape == results[0].shape and made[0].tobytes() == results[0].tobytes()
    return None if same else made


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="checkpoint", side=Side.TRAINING, area="persistence",
        requirement="The library shall restore from a checkpoint every tensor that was saved, bit for bit, under its own name.",
        source=SOURCE, oracle="exact: what was saved", samples=_checkpoint_samples, reference=_checkpoint, criterion=UNCHANGED,
        faults=(faults.one_element(), faults.stale(), faults.rolled(), faults.nan_lost(),
                _through("float16", "half-stored", "Values are stored in float16."),
                SeededFault(id="names-swapped", sentence="An entry is given to another name.", apply=_swapped)),
    ),
    Function(
        id="frozen_parameters", side=Side.TRAINING, area="persistence",
        requirement="The library shall leave parameters and statistics that are excluded from training unchanged by training steps, and train the others.",
        source="PyTorch documentation, autograd mechanics: locally disabling gradient computation",
        oracle="exact: what was there before", samples=_frozen_samples, reference=_frozen, criterion=UNCHANGED,
        faults=(_moved(0, "weight-decayed", "Weight decay reaches a frozen weight."), _moved(1, "bias-moved", "A frozen bias takes a step."),
                _moved(2, "mean-updated", "The running mean of a frozen layer is updated."),
                _moved(3, "variance-updated", "The running variance of a frozen layer is updated."), faults.stale(),
                SeededFault(id="nothing-trained", sentence="The other layer did not move either.",
                            apply=lambda f, s, r: (*r[:4], np.zeros(2, dtype=bool)))),
    ),
)  # fmt: skip
