"""What a seed must fix: the order in which data are read (with any number of workers), dropout masks, initial weights."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

import numpy as np

from csvkit_ml.criteria import Exact
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import exactly
from validation_suites.sampling import pairwise, uniform
from validation_suites.training_faults import flag_down

DTYPES = ("float32", "float64")
SOURCE = "PyTorch documentation, reproducibility; torch.utils.data.DataLoader; torch.nn.init"
FIXED = Exact(
    rationale="What is drawn depends on the seed alone: drawn again, not one element differs.",
    literature="Matsumoto and Nishimura 1998; PyTorch documentation, reproducibility",
)
WEIGHTS = {"linear": (5, 7), "conv2d": (3, 4, 3), "embedding": (11, 4), "lstm": (5, 6), "network": (7, 5, 3)}
"""Kind of layer -> its extents: inputs and outputs; channels and kernel; entries and width; inputs and hidden units; widths of two layers."""


def _loader_samples() -> Iterable[Sample]:
    rows = ((23, 4, True), (64, 16, True), (23, 4, False), (1, 4, True))  # every row starts processes: few of them
    for i, (items, batch, shuffle) in enumerate(rows):
        name = f"n{items}-batch{batch}-{'shuffled' if shuffle else 'in-order'}"
        p = params(items=items, batch=batch, shuffle=shuffle, seed=300 + i)
        yield Sample(name=name, dtype="int64", inputs=(), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _loader(sample: Sample) -> tuple[Expected, ...]:
    """Of two epochs: places where the order is another than without workers, or another when repeated; what was read in the second, ascending;
    bits in which what workers draw differs when repeated.

    Flags: another epoch and another seed have another order (shuffled, of so many items that an equal order has a chance below 1e-20).
    """
    n = int(sample.param("items"))
    none = np.zeros(n, np.int64)
    return (
        exactly(none, dtype="int64"), exactly(np.arange(n), dtype="int64", name="y1"), exactly(none, dtype="int64", name="y2"),
        exactly(np.ones(2, bool), dtype="bool", name="y3"),
    )  # fmt: skip


def order(sample: Sample, stream: str = "") -> Array:
    """A drawn order of our own, for the faults."""
    return np.asarray(seed_for("order", sample.name, stream).permutation(int(sample.param("items"))))


def _in_results(id: str, sentence: str, which: int, of: object) -> Fault:
    """`of(sample)` in place of one result, where it differs."""

    def apply(function: Function, sample: Sample, results: Results) -> Results | None:
        made = np.asarray(of(sample)).astype(results[which].dtype)  # type: ignore[operator]
        same = made.shape == results[which].shape and made.tobytes() == results[which].tobytes()
        return None if same else tuple(made if i == which else r for i, r in enumerate(results))

    return Fault(id=id, sentence=sentence, apply=apply)


def _by_arrival(sample: Sample) -> Array:
    """Two workers' batches in the order in which they are ready: the second worker's first."""
    n, batch = int(sample.param("items")), int(sample.param("batch"))
    starts = list(range(0, n, batch))
    swapped = [s for a, b in zip(starts[::2], [*starts[1::2], None], strict=False) for s in (b, a) if s is not None]
    arrived = np.concatenate([np.arange(s, min(s + batch, n)) for s in swapped])
    return np.asarray(order(sample)[arrived] - order(sample))


def _read_twice(sample: Sample) -> Array:
    """Every worker reads the first half."""
    n = int(sample.param("items"))
    return np.asarray(np.sort(np.arange(n) % max(1, (n + 1) // 2)))


def _short(sample: Sample) -> Array:
    """The last, incomplete batch is dropped."""
    n, batch = int(sample.param("items")), int(sample.param("batch"))
    return np.arange(n - n % batch)


def _mask_samples() -> Iterable[Sample]:
    """Two operands without zeros, of one shape."""
    for i, r in enumerate(pairwise({"dtype": (*DTYPES, "bfloat16"), "p": (0.5, 0.1, 0.9), "shape": ((8, 33), (1031,), (2, 3, 4, 65))})):
        name = f"{r['dtype']}-p{r['p']:g}-{'x'.join(map(str, r['shape']))}"
        inputs = tuple(uniform(r["dtype"], r["shape"], "mask", name, part, low=1.0, high=2.0) for part in "ab")
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=inputs, params=params(p=r["p"], seed=400 + i), why=why)


def _mask(sample: Sample) -> tuple[Expected, ...]:
    """Where the masks of two operands differ (seed set anew), where after the generator's state was restored; another seed differs."""
    none = exactly(np.zeros(sample.inputs[0].shape, bool), dtype="bool")
    again = exactly(np.zeros(sample.inputs[0].shape, bool), dtype="bool", name="y1")
    return none, again, exactly(np.ones(3, bool), dtype="bool", name="y2")


def _masks_differ(sample: Sample, stream: str) -> Array:
    keep = 1 - float(sample.param("p"))
    a, b = (seed_for("mask", sample.name, s).random(sample.inputs[0].shape) < keep for s in ("", stream))
    return np.asarray(a ^ b)


def _by_values(sample: Sample) -> Array:
    """The smallest values are dropped first: the mask depends on the data."""
    p = float(sample.param("p"))
    a, b = (x.astype(np.float64) < 1 + p for x in sample.arrays())
    return np.asarray(a ^ b)


def _weight_samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "kind": tuple(WEIGHTS)})):
        p = params(kind=r["kind"], extents=WEIGHTS[r["kind"]], dtype=r["dtype"], seed=500 + i)
        yield Sample(name=f"{r['dtype']}-{r['kind']}", dtype=r["dtype"], inputs=(), params=p, why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def weights_of(kind: str, extents: tuple[int, ...]) -> int:
    """Numbers that a layer is initialised with."""
    match kind, extents:
        case "linear", (i, o):
            return o * i + o
        case "conv2d", (i, o, k):
            return o * i * k * k + o
        case "embedding", _:
            return prod(extents)
        case "lstm", (i, h):
            return 4 * h * (i + h + 2)
        case "network", (a, b, c):
            return b * a + b + c * b + c
    raise ValueError(kind)


def _weights(sample: Sample) -> tuple[Expected, ...]:
    """Bits in which two layers made from one seed differ; flags: another seed gives others, they are not all the same number."""
    n = weights_of(sample.param("kind"), sample.param("extents"))
    return exactly(np.zeros(n, np.int64), dtype="int64"), exactly(np.ones(2, bool), dtype="bool", name="y1")


def _other_weights(stream: str, tail: bool = False) -> object:
    def of(sample: Sample) -> Array:
        n = weights_of(sample.param("kind"), sample.param("extents"))
        a, b = (seed_for("weights", sample.name, s).standard_normal(n).astype(sample.dtype) for s in ("", stream))
        kind = f"i{a.dtype.itemsize}"
        found = np.asarray(a.view(kind) ^ b.view(kind)).astype(np.int64)
        return np.asarray(found * (np.arange(n) >= n - n // 3)) if tail else found

    return of


FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="loader_order", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall read every item of a data set once an epoch, in an order fixed by the seed, the same with any number of workers.",
        source=SOURCE, oracle="by definition: the order without workers, every item once", samples=_loader_samples, reference=_loader, criterion=FIXED,
        faults=(_in_results("by-arrival", "Batches come in the order in which workers finish.", 0, _by_arrival),
                _in_results("order-not-seeded", "The order is drawn anew each time.", 0, lambda s: order(s) - order(s, "again")),
                _in_results("read-twice", "Every worker reads the same half.", 1, _read_twice),
                _in_results("last-batch-dropped", "The last, incomplete batch is dropped.", 1, _short),
                _in_results("workers-not-seeded", "What workers draw is not fixed by the seed.", 2, lambda s: order(s, "draws") + 1),
                flag_down("same-every-epoch", "Every epoch has the same order.", 0)),
    ),
    Function(
        id="seeded_masks", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall draw dropout masks that depend on the seed, not on the data, and continue from a restored generator state.",
        source="Srivastava et al. 2014; PyTorch documentation, torch.manual_seed, torch.set_rng_state",
        oracle="by definition: no element of the mask differs", samples=_mask_samples, reference=_mask, criterion=FIXED,
        faults=(_in_results("mask-by-values", "The mask depends on the data.", 0, _by_values),
                _in_results("seed-ignored", "The mask is drawn anew each time.", 0, lambda s: _masks_differ(s, "again")),
                _in_results("state-not-restored", "After the state was restored another mask is drawn.", 1, lambda s: _masks_differ(s, "later")),
                flag_down("one-mask", "Another seed gives the same mask.", 0), flag_down("nothing-dropped", "Nothing is dropped.", 1)),
    ),
    Function(
        id="seeded_weights", side=Side.TRAINING, area="determinism of training",
        requirement="The library shall initialise layers from the same seed with the same weights, bit for bit, and from another seed with others.",
        source=SOURCE, oracle="by definition: no bit differs", samples=_weight_samples, reference=_weights, criterion=FIXED,
        faults=(_in_results("seed-ignored", "Weights are drawn anew each time.", 0, _other_weights("again")),
                _in_results("bias-not-seeded", "The last third is drawn from another generator.", 0, _other_weights("bias", tail=True)),
                flag_down("one-draw", "Another seed gives the same weights.", 0), flag_down("constant", "All weights are one number.", 1)),
    ),
)  # fmt: skip
