"""Training repeated and training resumed, compared bit for bit; and a short training by its function against extended precision.

Raw parameters amplify rounding errors where the true gradient is almost zero. So where bits may differ (other threads, other kernels), a
trained network is judged by its loss curve and by what it computes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params
from csvkit_ml.references import exactly
from csvkit_ml.references.running_error import Rounded, expected_rounded, hyperparameter, rounded
from validation_suites import faults
from validation_suites.sampling import normal, pairwise
from validation_suites.training.losses_pointwise import RUNNING
from validation_suites.training_faults import (
    HIDDEN,
    INPUTS,
    OUTPUTS,
    PARAMETERS,
    Circumstances,
    at_interruption,
    flag_down,
    other,
)  # fmt: skip

DTYPES = ("float32", "float64")
ROWS = 24
STEPS = 6
MOMENTS = {"sgd": 1, "adam": 2, "adamw": 2}
"""Tensors of the size of the parameters that an optimiser keeps."""
SOURCE = "PyTorch documentation, reproducibility; torch.save, Module.load_state_dict, Optimizer.load_state_dict, torch.get_rng_state"
SAME_BITS = Exact(
    rationale="Same seed, same data, same operations in the same order on one configuration: no rounding may differ, so no bit does.",
    literature="IEEE 754-2019, clause 11 (reproducible results); Goldberg 1991",
)


def _repeated_samples() -> Iterable[Sample]:
    """Data [24, 6], targets [24, 3]."""
    rows = pairwise({"dtype": DTYPES, "optimiser": tuple(MOMENTS), "p": (0.5, 0.0), "batch": (8, 5)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{r['optimiser']}-p{r['p']:g}-batch{r['batch']}"
        x, target = (normal(r["dtype"], (ROWS, n), "training", name, str(n)) for n in (INPUTS, OUTPUTS))
        p = params(optimiser=r["optimiser"], p=r["p"], batch=r["batch"], steps=STEPS, seed=100 + i)
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, target), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _resumed_samples() -> Iterable[Sample]:
    """Data [24, 6], targets [24, 3]; interrupted before step `stop`."""
    rows = pairwise({"dtype": DTYPES, "optimiser": tuple(MOMENTS), "p": (0.25, 0.0), "stop": (3, 1, 5)})
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{r['optimiser']}-p{r['p']:g}-stop{r['stop']}"
        x, target = (normal(r["dtype"], (ROWS, n), "resumed", name, str(n)) for n in (INPUTS, OUTPUTS))
        p = params(optimiser=r["optimiser"], p=r["p"], batch=8, steps=STEPS, stop=r["stop"], seed=200 + i)
        yield Sample(name=name, dtype=r["dtype"], inputs=(x, target), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _same(sample: Sample, losses: int, flags: int) -> tuple[Expected, ...]:
    """Bits in which two runs differ: none; flags: all true."""
    sizes = (losses, PARAMETERS, PARAMETERS * MOMENTS[sample.param("optimiser")])
    found = tuple(exactly(np.zeros(n, np.int64), dtype="int64", name=f"y{i}" if i else "y") for i, n in enumerate(sizes))
    return (*found, exactly(np.ones(flags, bool), dtype="bool", name="y3"))


def _repeated(sample: Sample) -> tuple[Expected, ...]:
    return _same(sample, STEPS, 4)


def _resumed(sample: Sample) -> tuple[Expected, ...]:
    return _same(sample, STEPS - int(sample.param("stop")), 3)


def _curve_samples() -> Iterable[Sample]:
    """Data [N, 6], targets [N, 3], weight [9, 6], bias [9], weight [3, 9], bias [3], inputs [5, 6] on which the trained network is asked."""
    for i, r in enumerate(pairwise({"dtype": DTYPES, "rows": (16, 1, 33), "steps": (8, 1, 3), "rate": (0.25, 1.0)})):
        name = f"{r['dtype']}-n{r['rows']}-steps{r['steps']}-rate{r['rate']:g}"
        shapes = ((r["rows"], INPUTS), (r["rows"], OUTPUTS), (HIDDEN, INPUTS), (HIDDEN,), (OUTPUTS, HIDDEN), (OUTPUTS,), (5, INPUTS))
        inputs = tuple(normal(r["dtype"], s, "curve", name, str(j), scale=0.5) for j, s in enumerate(shapes))
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=inputs, params=params(steps=r["steps"], rate=r["rate"]), why=why)


def _layer(x: Rounded, w: Rounded, b: Rounded) -> Rounded:
    n, k = x.value.shape
    out: Rounded = (x.reshape(n, 1, k) * w.reshape(1, -1, k)).sum(2) + b
    return out


def descend(sample: Sample, *, half: bool = False, stale_bias: bool = False, summed: bool = False) -> tuple[Rounded, Rounded]:
    """Loss before each step of gradient descent on the mean squared error, and the trained network's outputs on the last operand.

    Args:
        half: the loss is taken for half the squared error. stale_bias: the hidden bias stays. summed: the mean is left out of the gradient.
    """
    x, target, w, b, v, d, probe = (rounded(a, sample.dtype) for a in sample.arrays())
    n, rate, curve = x.value.shape[0], hyperparameter(sample.param("rate")), []
    for _ in range(int(sample.param("steps"))):
        h = _sigmoid(_layer(x, w, b))
        error = _layer(h, v, d) - target
        curve.append((error * error).sum().reshape(1) / np.float64(error.value.size))
        back = error * np.float64(1 if half else 2) / np.float64(1 if summed else error.value.size)
        slope = (back.reshape(n, OUTPUTS, 1) * v.reshape(1, OUTPUTS, HIDDEN)).sum(1) * h * (1 - h)
        v = v - rate * (back.reshape(n, OUTPUTS, 1) * h.reshape(n, 1, HIDDEN)).sum(0)
        d = d - rate * back.sum(0)
        w = w - rate * (slope.reshape(n, HIDDEN, 1) * x.reshape(n, 1, INPUTS)).sum(0)
        b = b if stale_bias else b - rate * slope.sum(0)
    losses = Rounded(np.concatenate([c.value for c in curve]), np.concatenate([c.error for c in curve]), curve[0].by)
    return losses, _layer(_sigmoid(_layer(probe, w, b)), v, d)


def _sigmoid(z: Rounded) -> Rounded:
    out: Rounded = 1 / (1 + np.exp(-z))
    return out


def _curve(sample: Sample) -> tuple[Expected, ...]:
    losses, outputs = descend(sample)
    return expected_rounded(losses, dtype=sample.dtype), expected_rounded(outputs, dtype=sample.dtype, name="y1")


def _descended(id: str, sentence: str, **how: Any) -> Fault:
    return faults.computed(id, sentence, lambda s: tuple(np.asarray(r.value.astype(np.float64)) for r in descend(s, **how)))


def _late(function: Function, sample: Sample, results: Results) -> Results | None:
    """The loss of a step is reported one step late."""
    curve = np.concatenate([results[0][:1], results[0][:-1]])
    return None if curve.tobytes() == results[0].tobytes() else (curve, *results[1:])


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="training_repeated", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall give from the same seed and data the same loss curve, parameters and optimiser state, bit for bit.",
        source=SOURCE, oracle="by definition: no bit differs between two runs; another seed gives another run", samples=_repeated_samples,
        reference=_repeated, criterion=SAME_BITS,
        faults=(other("other-weights", "The second run starts from other weights.", lambda s: Circumstances(weights=1)),
                other("other-order", "The second run takes the data in another order.", lambda s: Circumstances(order=1)),
                other("other-masks", "The second run draws other dropout masks.", lambda s: Circumstances(masks=1)),
                other("one-ulp-once", "One gradient of one step is rounded otherwise (sums by atomic operations).", lambda s: Circumstances(ulp_at=2)),
                flag_down("nothing-trained", "No parameter moved: two runs of nothing are the same.", 0),
                flag_down("seed-ignored", "Another seed gives the same run.", 3)),
    ),
    Function(
        id="training_resumed", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall continue from a checkpoint of model, optimiser, schedule and generator as if it had not been interrupted.",
        source=SOURCE, oracle="by definition: no bit differs from the run without interruption", samples=_resumed_samples,
        reference=_resumed, criterion=SAME_BITS,
        faults=(other("state-lost", "The optimiser's averages start anew.", at_interruption(state_lost=True)),
                other("count-lost", "The optimiser counts its steps anew.", at_interruption(count_lost=True)),
                other("schedule-restarted", "The rate's schedule starts anew.", at_interruption(rate_lost=True)),
                other("generator-lost", "The generator's state is not restored: other dropout masks.", at_interruption(masks=1)),
                other("half-stored", "The parameters are stored in float16.", at_interruption(narrow=True)),
                other("batch-again", "The batch before the interruption is trained on again.", at_interruption(batch_again=True)),
                flag_down("nothing-trained", "No parameter moved after the interruption.", 0)),
    ),
    Function(
        id="training_curve", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall train a small smooth network by gradient descent with the loss curve and the outputs that exact arithmetic "
        "gives, within the rounding errors of the operations carried out.",
        source="Rumelhart, Hinton, Williams 1986 (gradient of a two-layer network); PyTorch documentation, torch.autograd, torch.optim.SGD",
        oracle="the formula in extended precision (2^-64), judged by what the network computes, not by its parameters", samples=_curve_samples,
        reference=_curve, criterion=RUNNING,
        faults=(_descended("half-gradient", "The gradient is half of what it should be.", half=True),
                _descended("bias-not-trained", "The hidden bias is not trained.", stale_bias=True),
                _descended("not-averaged", "The gradient is that of the sum.", summed=True),
                Fault(id="late-loss", sentence="Losses are reported one step late.", apply=_late),
                faults.narrow_inputs(11, "tf32-inputs", "Data and weights are rounded to TF32."), faults.relative(1e-4), faults.stale()),
    ),
)  # fmt: skip
