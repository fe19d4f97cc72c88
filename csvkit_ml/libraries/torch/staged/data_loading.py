"""Torch bindings: data sets, samplers and loaders with no, one and two workers."""

from __future__ import annotations

import collections
import itertools
from typing import Any

from csvkit_ml.libraries.binding import Binding

Record = collections.namedtuple("Record", ("values", "back"))  # noqa: PYI024


def _dataset(t, values):
    """A map-style data set of a list."""
    members = {"__getitem__": lambda self, i: values[i], "__len__": lambda self: len(values)}
    made: Any = type("Listed", (t.utils.data.Dataset,), members)
    return made()


def _stream(t, values):
    """An iterable data set of a list."""
    made: Any = type("Stream", (t.utils.data.IterableDataset,), {"__iter__": lambda self: iter(values)})
    return made()


def _lengths(t, batches):
    batches = [t.as_tensor(b) for b in batches]
    whole = t.cat(batches).to(t.int64) if batches else t.zeros(0, dtype=t.int64)
    return [whole, t.tensor([len(b) for b in batches], dtype=t.int64)]


def _sampled_batches(t, p):
    data = t.utils.data
    made = data.BatchSampler(data.SequentialSampler(range(p["n"])), p["batch"], p["drop_last"])
    batches = list(made)
    return _lengths(t, batches) if len(made) == len(batches) else [t.tensor(len(made)), t.tensor(len(batches))]


def _loaded_batches(workers, of=_dataset, **more):
    def form(t, p):
        made = t.utils.data.DataLoader(
            of(t, list(range(p["n"]))), batch_size=p["batch"], drop_last=p["drop_last"], num_workers=workers, **more
        )
        return _lengths(t, list(made))

    return form


def _tensor_batches(t, p):
    made = t.utils.data.DataLoader(t.utils.data.TensorDataset(t.arange(p["n"])), batch_size=p["batch"], drop_last=p["drop_last"])
    return _lengths(t, [b for (b,) in made])


def _by_batch_sampler(t, p):
    data = t.utils.data
    made = data.BatchSampler(range(p["n"]), p["batch"], p["drop_last"])
    return _lengths(t, list(data.DataLoader(_dataset(t, list(range(p["n"]))), batch_sampler=made)))


def _seeded(t, seed):
    return t.Generator().manual_seed(seed)


def _orders(order):
    """`order(t, p, generator)` is the order of one epoch."""

    def form(t, p):
        first, again, other = (list(order(t, p, _seeded(t, s))) for s in (p["seed"], p["seed"], p["seed"] + 1))
        answers = [first != sorted(first), first == again, first != other]
        return [t.tensor(sorted(first), dtype=t.int64), t.tensor(answers)]

    return form


def _loader_order(workers, **more):
    def order(t, p, generator):
        data = _dataset(t, list(range(p["n"])))
        made = t.utils.data.DataLoader(data, batch_size=p["batch"], shuffle=True, generator=generator, num_workers=workers, **more)
        return [int(i) for b in made for i in b]

    return order


def _same_for_workers(t, p, generator):
    """The order must not depend on who loads."""
    state = generator.get_state()
    alone = _loader_order(0)(t, p, generator)
    helped = _loader_order(2)(t, p, _seeded(t, 0).set_state(state))
    return alone if alone == helped else [*alone[:-1], alone[0]]


def _random_sampler(t, p, generator):
    return t.utils.data.RandomSampler(range(p["n"]), generator=generator)


def _random_rounds(t, p, generator):
    """As many draws as there are indices, twice: each round holds every index once."""
    made = list(t.utils.data.RandomSampler(range(p["n"]), num_samples=2 * p["n"], generator=generator))
    return made[: p["n"]] if sorted(made[p["n"] :]) == list(range(p["n"])) else made


def _subset_sampler(t, p, generator):
    return t.utils.data.SubsetRandomSampler(list(range(p["n"])), generator=generator)


def _randperm(t, p, generator):
    return t.randperm(p["n"], generator=generator).tolist()


def _shard(t, p, rank, epoch=0, **more):
    made = t.utils.data.DistributedSampler(range(p["n"]), p["replicas"], rank, **more)
    made.set_epoch(epoch)
    found = list(made)
    if len(found) != len(made):
        raise ValueError("the length of the sampler is not that of its order")
    return found


def _shards(t, p):
    return t.tensor([i for r in range(p["replicas"]) for i in _shard(t, p, r, shuffle=False, drop_last=p["drop_last"])], dtype=t.int64)


def _loaded_shards(t, p):
    data, found = _dataset(t, list(range(p["n"]))), []
    for rank in range(p["replicas"]):
        made = t.utils.data.DistributedSampler(data, p["replicas"], rank, shuffle=False, drop_last=p["drop_last"])
        found += [int(i) for b in t.utils.data.DataLoader(data, batch_size=2, sampler=made) for i in b]
    return t.tensor(found, dtype=t.int64)


def _shuffled_shards(t, p):
    first, again, other = ([_shard(t, p, r, epoch, seed=p["seed"]) for r in range(p["replicas"])] for epoch in (1, 1, 2))
    times = sorted(collections.Counter(itertools.chain(*first)).values())
    return [t.tensor(times), t.tensor([first == again, first != other, len({len(s) for s in first}) == 1])]


def _split(t, p):
    data = range(p["n"])
    given = [*p["lengths"]]
    if sum(given) > 1:
        given = [int(x) for x in given]
    first, again = (t.utils.data.random_split(data, given, generator=_seeded(t, p["seed"])) for _ in range(2))
    indices = [list(part) for part in first]
    flat = [i for part in indices for i in part]
    answers = [indices == [list(part) for part in again], flat != sorted(flat)]
    return [t.tensor(sorted(flat)), t.tensor([len(part) for part in first]), t.tensor(answers)]


def _entries(x):
    """One nested entry a row."""
    return [{"row": r, "number": float(r[0]), "whole": i, "nested": (bool(r[0] > 0), [Record(r, r.flip(0))])} for i, r in enumerate(x)]


def _leaves(b):
    positive, (record,) = b["nested"]
    if type(record) is not Record:
        raise TypeError("a record came back as " + type(record).__name__)
    return [b["row"], b["number"], b["whole"], positive, record.back]


def _collated(t, p, x):
    return _leaves(t.utils.data.default_collate(_entries(x)))


def _loaded(workers):
    def form(t, p, x):
        (batch,) = t.utils.data.DataLoader(_dataset(t, _entries(x)), batch_size=len(x), num_workers=workers)
        return [y.clone() for y in _leaves(batch)]

    return form


def _converted(t, p, x):
    """No batches: entries are converted one by one."""
    made = t.utils.data.default_convert(_entries(x))
    found = list(zip(*(_leaves(e) for e in made)))  # noqa: B905
    dtypes = (None, t.float64, t.int64, t.bool, None)
    return [t.stack(list(c)) if d is None else t.tensor(c, dtype=d) for c, d in zip(found, dtypes)]  # noqa: B905


def _composed(t, p):
    data = t.utils.data
    first, second = ([b + i for i in range(p[n])] for b, n in ((10, "n"), (1000, "m")))
    whole = data.ConcatDataset([_dataset(t, first), _dataset(t, second)])
    subset = data.Subset(whole, list(range(len(whole)))[::-2])
    pairs = data.StackDataset(_dataset(t, first), _dataset(t, [500 + i for i in range(p["n"])]))
    joined = [whole[i] for i in range(len(whole))]
    return _shown(t, joined, list(subset), [pairs[i] for i in range(p["n"])], [len(whole), len(subset), len(pairs)])


def _shown(t, joined, subset, pairs, lengths):
    return [t.tensor(joined), t.tensor(subset), t.tensor([list(pair) for pair in pairs]), t.tensor(lengths)]


def _chained(t, p):
    """Streams one after the other, a subset of a tensor data set, pairs of tensors, sums of sets."""
    data = t.utils.data
    first, second = 10 + t.arange(p["n"]), 1000 + t.arange(p["m"])
    joined = [int(i) for i in data.ChainDataset([_stream(t, first.tolist()), _stream(t, second.tolist())])]
    whole = data.TensorDataset(first) + data.TensorDataset(second)
    subset = data.Subset(whole, list(range(len(whole)))[::-2])
    pairs = data.TensorDataset(first, 500 + t.arange(p["n"]))
    return _shown(t, joined, [int(i) for (i,) in subset], [[int(a), int(b)] for a, b in pairs], [len(whole), len(subset), len(pairs)])


def _from_the_end(t, p):
    """Negative positions count from the end."""
    joined, subset, pairs, lengths = _composed(t, p)
    whole = t.utils.data.ConcatDataset([_dataset(t, [b + i for i in range(p[n])]) for b, n in ((10, "n"), (1000, "m"))])
    return [t.tensor([whole[i - len(whole)] for i in range(len(whole))]), subset, pairs, lengths]


def _worker_item(t):
    info = t.utils.data.get_worker_info()
    return t.tensor([info.id, info.seed - info.id, t.initial_seed() - info.seed, info.num_workers]), t.rand(1).item()


def _observed(t, p, **more):
    made: Any = type(
        "Observed", (t.utils.data.Dataset,), {"__getitem__": lambda self, i: (i, *_worker_item(t)), "__len__": lambda self: p["n"]}
    )
    loader = t.utils.data.DataLoader(made(), batch_size=p["batch"], num_workers=p["workers"], generator=_seeded(t, p["seed"]), **more)
    parts = [[u.clone() for u in b] for b in loader]
    return [t.cat(column) for column in zip(*parts)]  # noqa: B905


def _worker_seeds(**more):
    def form(t, p):
        order, info, drawn = _observed(t, p, **more)
        _, again, redrawn = _observed(t, p, **more)
        base = _seeded(t, p["seed"])
        expected = t.empty((), dtype=t.int64).random_(generator=base)
        repeat = t.equal(info, again) and t.equal(drawn, redrawn) and bool((info[:, 3] == p["workers"]).all())
        differ = len(set(drawn.tolist())) == len(drawn)
        seeds = info[:, 0] + info[:, 1] + info[:, 2] - info[0, 1]
        known = bool((info[:, 1] == expected).all()) or bool((info[:, 1] == info[0, 1]).all())
        return [order, info[:, 0], seeds, t.tensor([repeat and known, differ])]

    return form


def _counted_orders(order):
    """How often each order of a few things comes, in lexicographic order."""

    def form(t, p):
        t.manual_seed(p["seed"])
        k = p["words"]
        found = collections.Counter(tuple(order(t, k)) for _ in range(p["draws"]))
        return t.tensor([found[w] for w in itertools.permutations(range(k))])

    return form


def _weighted(t, p):
    t.manual_seed(p["seed"])
    sampler = t.utils.data.WeightedRandomSampler(p["weights"], p["draws"])
    return t.bincount(t.tensor(list(sampler)), minlength=len(p["weights"]))


def _weighted_multinomial(t, p):
    t.manual_seed(p["seed"])
    return t.bincount(t.multinomial(t.tensor(p["weights"]), p["draws"], replacement=True), minlength=len(p["weights"]))


def _weighted_categorical(t, p):
    t.manual_seed(p["seed"])
    made = t.distributions.Categorical(probs=t.tensor(p["weights"]))
    return t.bincount(made.sample((p["draws"],)), minlength=len(p["weights"]))


def _pairs(t, p):
    t.manual_seed(p["seed"])
    k = len(p["weights"])
    drawn = t.multinomial(t.tensor(p["weights"]).expand(p["draws"], k), 2, replacement=False)
    return t.bincount(drawn[:, 0] * k + drawn[:, 1], minlength=k * k)


def _binding(function, names, since="", dtypes=("int64",), **forms):
    forms = {n.replace("_", "-"): f for n, f in forms.items()}
    names = tuple(n if n.startswith("torch.") else "torch.utils.data." + n for n in names)
    return Binding(function=function, forms=forms, names=names, dtypes=dtypes, layouts=(), since=since)


BINDINGS = (
    _binding(
        "loader_batches",
        ("BatchSampler", "SequentialSampler", "DataLoader", "TensorDataset", "IterableDataset", "Dataset", "Sampler"),
        plain=_sampled_batches,
        loader=_loaded_batches(0),
        one_worker=_loaded_batches(1),
        two_workers=_loaded_batches(2),
        stream=_loaded_batches(0, _stream),
        streamed_by_worker=_loaded_batches(1, _stream),
        tensors=_tensor_batches,
        batch_sampler=_by_batch_sampler,
        persistent=_loaded_batches(2, persistent_workers=True, prefetch_factor=3),
    ),
    _binding(
        "loader_shuffle",
        ("RandomSampler", "SubsetRandomSampler", "DataLoader", "torch.randperm"),
        plain=_orders(_random_sampler),
        rounds=_orders(_random_rounds),
        subset=_orders(_subset_sampler),
        randperm=_orders(_randperm),
        loader=_orders(_loader_order(0)),
        two_workers=_orders(_same_for_workers),
    ),
    _binding("distributed_shards", ("DistributedSampler",), plain=_shards, loaded=_loaded_shards),
    _binding("distributed_shuffle", ("DistributedSampler",), plain=_shuffled_shards),
    _binding("random_split", ("random_split", "Subset"), plain=_split),
    _binding(
        "collation",
        ("default_collate", "default_convert", "DataLoader"),
        dtypes=("float32", "float64"),
        plain=_collated,
        loader=_loaded(0),
        worker=_loaded(1),
        converted=_converted,
    ),
    _binding(
        "dataset_composition",
        ("ConcatDataset", "ChainDataset", "Subset", "StackDataset", "TensorDataset"),
        since="2.1",
        plain=_composed,
        chained=_chained,
        from_the_end=_from_the_end,
    ),
    _binding(
        "loader_workers",
        ("DataLoader", "get_worker_info"),
        plain=_worker_seeds(),
        persistent=_worker_seeds(persistent_workers=True),
    ),
    _binding(
        "permutation_sampler",
        ("torch.randperm",),
        plain=_counted_orders(lambda t, k: t.randperm(k).tolist()),
    ),
    _binding(
        "weighted_sampler",
        ("WeightedRandomSampler", "torch.multinomial", "torch.distributions.Categorical"),
        plain=_weighted,
        multinomial=_weighted_multinomial,
        categorical=_weighted_categorical,
    ),
    _binding("weighted_pairs_sampler", ("torch.multinomial",), plain=_pairs),
)
