"""Data on their way to training: every index once, shards that are a partition, batches in order, whoever loads them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Counts
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.training.randomness import draw

AREA, SOURCE = "data loading", "PyTorch documentation, torch.utils.data"
SIZES = ((10, 3), (12, 4), (1, 1), (7, 10), (33, 8), (64, 5))
"""Length of the data and of a batch."""


def _batched() -> Iterable[Sample]:
    for (n, batch), drop in itertools.product(SIZES, (False, True)):
        if n >= batch or not drop:
            yield case(f"n{n}-batch{batch}{'-drop' * drop}", n=n, batch=batch, drop_last=drop)


def batches(sample: Sample) -> tuple[Any, ...]:
    """(indices in order, lengths of the batches)."""
    n, size = sample.param("n"), sample.param("batch")
    whole = n - n % size if sample.param("drop_last") else n
    return np.arange(whole), np.array([min(size, whole - at) for at in range(0, whole, size)], dtype=np.int64)


def _late_start(sample: Sample) -> tuple[Any, ...]:
    order, lengths = batches(sample)
    return np.roll(order, -1), lengths


def _shuffled() -> Iterable[Sample]:
    for n, batch in ((10, 3), (33, 8), (64, 5), (257, 16)):
        yield case(f"n{n}-batch{batch}", n=n, batch=batch, seed=n)


def shuffled(sample: Sample) -> tuple[Any, ...]:
    """(indices sorted, answers: moved, the same for the same seed, another for another seed)."""
    return np.arange(sample.param("n")), yes(True, True, True)


def _duplicate(sample: Sample) -> tuple[Any, ...]:
    order = np.arange(sample.param("n"))
    order[-1] = order[0]
    return np.sort(order), yes(True, True, True)


def _sharded() -> Iterable[Sample]:
    for (n, replicas), drop in itertools.product(((10, 3), (12, 4), (2, 5), (33, 2), (7, 1), (100, 8)), (False, True)):
        if n >= replicas or not drop:
            yield case(f"n{n}-replicas{replicas}{'-drop' * drop}", n=n, replicas=replicas, drop_last=drop)


def shards(sample: Sample) -> tuple[Any, ...]:
    """Indices of rank 0, then of rank 1, ...: every replicas-th of the indices, repeated from the start or cut to a multiple."""
    n, k = sample.param("n"), sample.param("replicas")
    each = n // k if sample.param("drop_last") else math.ceil(n / k)
    padded = np.arange(each * k) % n
    return (np.concatenate([padded[rank::k] for rank in range(k)]),)


def _blocks(sample: Sample) -> tuple[Any, ...]:
    n, k = sample.param("n"), sample.param("replicas")
    each = n // k if sample.param("drop_last") else math.ceil(n / k)
    return (np.arange(each * k) % n,)


def _same_for_all(sample: Sample) -> tuple[Any, ...]:
    made = shards(sample)[0]
    return (np.tile(made[: made.size // sample.param("replicas")], sample.param("replicas")),)


def _other_padding(sample: Sample) -> tuple[Any, ...]:
    """The last index is repeated."""
    n, k = sample.param("n"), sample.param("replicas")
    each = n // k if sample.param("drop_last") else math.ceil(n / k)
    padded = np.minimum(np.arange(each * k), n - 1)
    return (np.concatenate([padded[rank::k] for rank in range(k)]),)


def _shuffled_shards() -> Iterable[Sample]:
    for n, replicas in ((12, 4), (10, 3), (33, 2), (100, 8)):
        yield case(f"n{n}-replicas{replicas}", n=n, replicas=replicas, seed=3)


def shuffled_shards(sample: Sample) -> tuple[Any, ...]:
    """(how often each index is given, answers: same epoch same order, other epoch other order, shards as long as each other)."""
    n, k = sample.param("n"), sample.param("replicas")
    spare = math.ceil(n / k) * k - n
    return np.sort(np.concatenate([np.ones(n - spare, dtype=np.int64), np.full(spare, 2)])), yes(True, True, True)


def _overlapping(sample: Sample) -> tuple[Any, ...]:
    """Each rank shuffles by itself: some indices twice, some never."""
    times, answers = shuffled_shards(sample)
    times = times.copy()
    times[0] -= 1
    times[-1] += 1
    return np.sort(times), answers


def _split() -> Iterable[Sample]:
    rows: tuple[tuple[int, tuple[float, ...]], ...] = (
        (10, (7, 3)),
        (10, (0.7, 0.3)),
        (11, (0.5, 0.25, 0.25)),
        (33, (11, 11, 11)),
        (101, (0.9, 0.1)),
    )
    for n, lengths in rows:
        yield case(f"n{n}-{'_'.join(f'{x:g}' for x in lengths)}", n=n, lengths=lengths, seed=5)


def split_lengths(sample: Sample) -> Array:
    """Fractions are rounded down, and what is left is dealt out one by one from the first part."""
    n, lengths = sample.param("n"), sample.param("lengths")
    if sum(lengths) > 1:
        return np.array(lengths, dtype=np.int64)
    made = [math.floor(n * x) for x in lengths]
    for i in range(n - sum(made)):
        made[i % len(made)] += 1
    return np.array(made, dtype=np.int64)


def split(sample: Sample) -> tuple[Any, ...]:
    return np.arange(sample.param("n")), split_lengths(sample), yes(True, True)


def _rest_to_last(sample: Sample) -> tuple[Any, ...]:
    n, lengths = sample.param("n"), sample.param("lengths")
    made = [math.floor(n * x) for x in lengths] if sum(lengths) <= 1 else list(lengths)
    made[-1] += n - sum(made)
    return np.arange(n), np.array(made, dtype=np.int64), yes(True, True)


def _overlap(sample: Sample) -> tuple[Any, ...]:
    order = np.arange(sample.param("n"))
    order[1] = order[0]
    return order, split_lengths(sample), yes(True, True)


def _collated() -> Iterable[Sample]:
    for dtype, (rows, columns) in itertools.product(("float32", "float64"), ((4, 3), (1, 1), (5, 7))):
        values = Tensor.of(seed_for("collate", dtype, str(rows)).integers(-100, 100, (rows, columns)) / 4, dtype)
        yield case(f"{dtype}-{rows}x{columns}", values, dtype=dtype)


def collated(sample: Sample) -> tuple[Any, ...]:
    """(tensors stacked, floats, whole numbers, truth values, reversed rows from a nested record)."""
    x = sample.arrays()[0].astype(np.float64)
    floats = Expected(name="y1", dtype="float64", value=x[:, 0])
    return x, floats, np.arange(len(x)), x[:, 0] > 0, x[:, ::-1]


def _rows_as_columns(sample: Sample) -> tuple[Any, ...]:
    x, _, whole, truth, back = collated(sample)
    return x.T.reshape(x.shape), x[:, 0], whole, truth, back


def _reversed_batch(sample: Sample) -> tuple[Any, ...]:
    return tuple((m.value if isinstance(m, Expected) else m)[::-1] for m in collated(sample))


def _first_for_all(sample: Sample) -> tuple[Any, ...]:
    x, floats, whole, truth, _ = collated(sample)
    return x, floats.value, whole, truth, np.broadcast_to(x[:1, ::-1], x.shape)


def _composed() -> Iterable[Sample]:
    for n, m in ((4, 3), (1, 5), (7, 7), (16, 1)):
        yield case(f"n{n}-m{m}", n=n, m=m)


def composed(sample: Sample) -> tuple[Any, ...]:
    """Data 10, 11, ... (n of them) and 1000, 1001, ... (m of them): joined, then a subset (every second, backwards), then pairs, then lengths."""
    n, m = sample.param("n"), sample.param("m")
    joined = np.concatenate([10 + np.arange(n), 1000 + np.arange(m)])
    pairs = np.stack([10 + np.arange(n), 500 + np.arange(n)], axis=1)
    return joined, joined[::-2], pairs, np.array([n + m, len(joined[::-2]), n])


def _swapped(sample: Sample) -> tuple[Any, ...]:
    n, m = sample.param("n"), sample.param("m")
    joined, subset, pairs, lengths = composed(sample)
    return np.roll(joined, m) if n != m else np.roll(joined, 1), subset, pairs, lengths


def _boundary(sample: Sample) -> tuple[Any, ...]:
    """The first element of the second set is read one place too far."""
    joined, subset, pairs, lengths = composed(sample)
    made = joined.copy()
    made[sample.param("n")] += 1
    return made, subset, pairs, lengths


def _forward(sample: Sample) -> tuple[Any, ...]:
    joined, _, pairs, lengths = composed(sample)
    subset = joined[::-2]
    return joined, subset[::-1], pairs, lengths


def _workers() -> Iterable[Sample]:
    for n, batch, workers in ((12, 2, 2), (13, 4, 2), (9, 3, 1), (24, 3, 3)):
        yield case(f"n{n}-batch{batch}-workers{workers}", n=n, batch=batch, workers=workers, seed=11)


def workers(sample: Sample) -> tuple[Any, ...]:
    """(indices, number of the worker that loads each, its seed minus the first worker's, answers: seeds repeat, streams of workers differ)."""
    n, batch, k = sample.param("n"), sample.param("batch"), sample.param("workers")
    who = np.arange(n) // batch % k
    return np.arange(n), who, who, yes(True, True)


def _one_seed(sample: Sample) -> tuple[Any, ...]:
    order, who, _, answers = workers(sample)
    return order, who, np.zeros_like(who), answers


def _as_finished(sample: Sample) -> tuple[Any, ...]:
    """Batches come as they are ready: the second before the first."""
    order, who, seeds, answers = workers(sample)
    move = np.concatenate(
        [order[sample.param("batch") : 2 * sample.param("batch")], order[: sample.param("batch")], order[2 * sample.param("batch") :]]
    )
    return order[move], who[move], seeds[move], answers


WORDS = 4
ORDERS = tuple(itertools.permutations(range(WORDS)))
PERMUTED, WEIGHED = 30_000, 400_000
WEIGHTS = (0.5, 1.0, 2.0, 0.0, 3.5)


def _counted(sample: Sample, probability: Array) -> tuple[Any, ...]:
    value = draw(sample).multinomial(sample.param("draws"), probability)
    return (Expected(name="y", dtype="int64", value=value, extra={"probability": probability}),)


def _counts(sample: Sample) -> Criterion:
    return Counts(draws=sample.param("draws"))


def _permuted(sample: Sample) -> tuple[Any, ...]:
    return _counted(sample, np.full(len(ORDERS), 1 / len(ORDERS)))


def _naive_shuffle(sample: Sample) -> tuple[Any, ...]:
    """Each place is exchanged with any place, not only with one that is still to come."""
    found = dict.fromkeys(ORDERS, 0)
    for places in itertools.product(range(WORDS), repeat=WORDS):
        order = list(range(WORDS))
        for i, j in enumerate(places):
            order[i], order[j] = order[j], order[i]
        found[tuple(order)] += 1
    return (seed_for("naive").multinomial(sample.param("draws"), np.array([*found.values()]) / WORDS**WORDS),)


def _never_identity(sample: Sample) -> tuple[Any, ...]:
    p = np.full(len(ORDERS), 1 / (len(ORDERS) - 1))
    p[0] = 0
    return (seed_for("never").multinomial(sample.param("draws"), p / p.sum()),)


def _weights(sample: Sample) -> Array:
    return np.array(sample.param("weights"))


def pair_probability(weights: Array) -> Array:
    """Of ordered pairs drawn without replacement, in rows."""
    p = weights / weights.sum()
    pairs = p[:, None] * weights[None, :] / (weights.sum() - weights)[:, None]
    np.fill_diagonal(pairs, 0.0)
    return np.asarray(pairs.reshape(-1))


def _with_repeats(sample: Sample) -> tuple[Any, ...]:
    p = _weights(sample) / _weights(sample).sum()
    return (seed_for("repeats").multinomial(sample.param("draws"), np.outer(p, p).reshape(-1)),)


def _favoured(probability: Array, factor: float) -> Array:
    """The likeliest comes more often."""
    made = probability.copy()
    made[int(np.argmax(made))] *= factor
    return np.asarray(made / made.sum())


def _orders() -> Iterable[Sample]:
    for seed in (1, 2, 3):
        yield case(f"seed{seed}", draws=PERMUTED, seed=seed, words=WORDS)


def _weighted() -> Iterable[Sample]:
    for seed, weights in enumerate((WEIGHTS, (1.0, 1.0, 1.0, 1.0), (0.01, 5.0, 0.3))):
        yield case(f"weights{len(weights)}", draws=WEIGHED, seed=seed, weights=weights)


ROWS = (
    Guarantee(
        id="loader_batches",
        area=AREA,
        source=SOURCE,
        cases=_batched,
        truth=batches,
        requirement="The library shall deliver data in order, in batches of the size asked, the incomplete last one or not as asked, whoever loads them.",
        faults=(
            wrong("late-start", "The order begins at the second index.", _late_start),
            faults.other_params("last-kept", "The incomplete batch is dropped or kept otherwise than asked.", drop_last=lambda d: not d),
            faults.other_params("batch-off-by-one", "Batches are longer by one.", batch=lambda b: b + 1),
        ),
    ),
    Guarantee(
        id="loader_shuffle",
        area=AREA,
        source=SOURCE,
        cases=_shuffled,
        truth=shuffled,
        requirement="The library shall deliver every index exactly once an epoch in an order that the generator's seed determines.",
        faults=(
            wrong("duplicate", "An index comes twice and another never.", _duplicate),
            denied("not-shuffled", "The order is not changed.", 1),
            denied("not-repeatable", "The same seed gives another order.", 1, 1),
            denied("seed-ignored", "Every seed gives one order.", 1, 2),
        ),
    ),
    Guarantee(
        id="distributed_shards",
        area=AREA,
        source=f"{SOURCE}, DistributedSampler",
        cases=_sharded,
        truth=shards,
        requirement="The library shall give every replica its own shard, of equal length, that together are all indices.",
        faults=(
            wrong("blocks", "Shards are blocks.", _blocks),
            wrong("same-shard", "Every replica gets the first shard.", _same_for_all),
            wrong("last-repeated", "The last index fills up.", _other_padding),
            faults.other_params("drop-ignored", "What is dropped or filled up is exchanged.", drop_last=lambda d: not d),
        ),
    ),
    Guarantee(
        id="distributed_shuffle",
        area=AREA,
        source=f"{SOURCE}, DistributedSampler",
        cases=_shuffled_shards,
        truth=shuffled_shards,
        requirement="The library shall shuffle before it deals out the shards, by seed and epoch, so that no index is lost or given twice more than needed.",
        faults=(
            wrong("overlapping", "Replicas shuffle by themselves.", _overlapping),
            denied("epoch-not-repeatable", "An epoch differs from itself.", 1),
            denied("epoch-ignored", "Every epoch has one order.", 1, 1),
        ),
    ),
    Guarantee(
        id="random_split",
        area=AREA,
        source=f"{SOURCE}, random_split",
        cases=_split,
        truth=split,
        requirement="The library shall split data into disjoint parts of the lengths asked, all of them used, as the generator's seed determines.",
        faults=(
            wrong("rest-to-last", "What rounding leaves goes to the last part.", _rest_to_last),
            wrong("overlap", "Two parts share an index.", _overlap),
            denied("not-repeatable", "The same seed gives another split.", 2),
            denied("not-random", "The split is by position.", 2, 1),
        ),
    ),
    Guarantee(
        id="collation",
        area=AREA,
        source=f"{SOURCE}, default_collate",
        cases=_collated,
        truth=collated,
        requirement="The library shall collate tensors, numbers, truth values, tuples, lists, records and mappings, nested as they are.",
        faults=(
            wrong("rows-as-columns", "Rows and columns are exchanged.", _rows_as_columns),
            wrong("reversed", "The batch is reversed.", _reversed_batch),
            wrong("first-for-all", "The first entry stands for all.", _first_for_all),
        ),
    ),
    Guarantee(
        id="dataset_composition",
        area=AREA,
        source=SOURCE,
        cases=_composed,
        truth=composed,
        requirement="The library shall join, cut and pair data sets by position.",
        faults=(
            wrong("swapped", "Parts are joined in another order.", _swapped),
            wrong("boundary", "The seam is off by one.", _boundary),
            wrong("subset-sorted", "A subset forgets its order.", _forward),
        ),
    ),
    Guarantee(
        id="loader_workers",
        area=AREA,
        source=SOURCE,
        cases=_workers,
        truth=workers,
        requirement="The library shall deal batches to workers in turn, deliver them in order, and seed each worker with the base seed plus its number.",
        faults=(
            wrong("one-seed", "All workers have one seed.", _one_seed),
            wrong("as-finished", "Batches come as they are ready.", _as_finished),
            denied("seeds-not-repeatable", "Seeds do not follow from the generator.", 3),
            denied("streams-equal", "Workers draw equal numbers.", 3, 1),
        ),
    ),
    Guarantee(
        id="permutation_sampler",
        area="samplers",
        source=f"{SOURCE}; torch.randperm; Knuth, TAOCP 2, 3.4.2",
        cases=_orders,
        truth=_permuted,
        criterion=_counts,
        requirement="The library shall draw every order of a few things equally often.",
        oracle="all orders have one probability",
        faults=(
            wrong("naive-shuffle", "Places are exchanged with any place.", _naive_shuffle),
            wrong("never-identity", "The order is never left as it is.", _never_identity),
            wrong("biased", "One order comes 30 % too often.", lambda s: (seed_for("order").multinomial(s.param("draws"), _tilted()),)),
        ),
    ),
    Guarantee(
        id="weighted_sampler",
        area="samplers",
        source=f"{SOURCE}, WeightedRandomSampler; torch.multinomial",
        cases=_weighted,
        criterion=_counts,
        truth=lambda s: _counted(s, _weights(s) / _weights(s).sum()),
        oracle="probabilities proportional to the weights",
        requirement="The library shall draw indices with replacement in proportion to their weights, and none of weight 0.",
        faults=(
            wrong(
                "weights-ignored",
                "All weights count as one.",
                lambda s: (seed_for("w").multinomial(s.param("draws"), np.full(len(_weights(s)), 1 / len(_weights(s)))),),
            ),
            wrong(
                "biased",
                "The largest weight counts 2 % too much.",
                lambda s: (seed_for("w").multinomial(s.param("draws"), _favoured(_weights(s) / _weights(s).sum(), 1.02)),),
            ),
            wrong(
                "off-by-one",
                "Each index has its neighbour's weight.",
                lambda s: (seed_for("w").multinomial(s.param("draws"), np.roll(_weights(s) / _weights(s).sum(), 1)),),
            ),
        ),
    ),
    Guarantee(
        id="weighted_pairs_sampler",
        area="samplers",
        source="PyTorch documentation, torch.multinomial",
        cases=_weighted,
        criterion=_counts,
        truth=lambda s: _counted(s, pair_probability(_weights(s))),
        oracle="the law of successive draws without replacement",
        requirement="The library shall draw indices without replacement so that each draw is in proportion to the weights that are left.",
        faults=(
            wrong("replaced", "Draws are with replacement.", _with_repeats),
            wrong(
                "weights-ignored",
                "All weights count as one.",
                lambda s: (seed_for("p").multinomial(s.param("draws"), pair_probability(np.ones(len(_weights(s))))),),
            ),
            wrong(
                "biased",
                "The likeliest pair comes 5 % too often.",
                lambda s: (seed_for("p").multinomial(s.param("draws"), _favoured(pair_probability(_weights(s)), 1.05)),),
            ),
        ),
    ),
)


def _tilted() -> Array:
    p = np.full(len(ORDERS), 1.0)
    p[3] = 1.3
    return np.asarray(p / p.sum())


FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
