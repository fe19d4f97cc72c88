"""Collective operations of two processes: what each rank holds afterwards, exactly.

Two operands make one rounding and have no order, so that floats too have one right answer. Row r of an operand is what rank r brings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import round_to
from csvkit_ml.model.function import Expected, Fault, Function, Results, Sample, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes

AREA, SOURCE = "collective operations", "PyTorch documentation, torch.distributed; MPI 4.0, chapter 6 (collective communication)"
RANKS = 2
LIMITS = {"int32": 2**15, "int64": 2**31, "uint8": 16, "int8": 11}
"""Products of two numbers below these do not overflow."""
REAL = ("float32", "float64", "float16", "bfloat16")
REDUCTIONS = {"whole": ("SUM", "PRODUCT", "MIN", "MAX", "BAND", "BOR", "BXOR"), "real": ("SUM", "PRODUCT", "MIN", "MAX")}
_OF: dict[str, Callable[[Array, Array], Any]] = {
    "SUM": np.add, "PRODUCT": np.multiply, "MIN": np.minimum, "MAX": np.maximum, "AVG": lambda a, b: (a + b) / 2,
    "BAND": np.bitwise_and, "BOR": np.bitwise_or, "BXOR": np.bitwise_xor,
}  # fmt: skip


def _operand(dtype: str, shape: tuple[int, ...], *names: str) -> Tensor:
    random = seed_for("collectives", dtype, *names)
    if dtype in LIMITS:
        low = 0 if dtype.startswith("u") else 1 - LIMITS[dtype]
        return Tensor.of(random.integers(low, LIMITS[dtype], shape), dtype)
    return Tensor.of(random.standard_normal(shape), dtype)


def _cases(id: str, *shape: int, reductions: bool = False) -> Callable[[], Iterable[Sample]]:
    """Whole numbers, then floats; each sample brings an operand [2, *shape, n] of every dtype of its kind."""

    def made() -> Iterable[Sample]:
        for kind, dtypes, n in (("real", REAL, 301), ("whole", tuple(LIMITS), 7), ("real", REAL, 16)):
            inputs = [_operand(d, (RANKS, *shape, n), id, kind) for d in dtypes]
            values: Any = {"reductions": REDUCTIONS[kind]} if reductions else {}
            yield case(f"{kind}-n{n}", *inputs, dtype="float32" if kind == "real" else "int64", **values)

    return made


def _averaged() -> Iterable[Sample]:
    for n in (33, 1, 8):
        yield case(f"n{n}", *(_operand(d, (RANKS, n), "average", str(n)) for d in REAL), dtype="float32", reductions=("AVG",))


def _in_format(dtype: str, value: Any) -> Array:
    """Rounded once. Of two floats, double precision then rounded to a format of half the digits is as rounded once (Figueroa 1995)."""
    return np.asarray(round_to(dtype, np.asarray(value), None) if dtype in REAL else np.asarray(value).astype(dtype))


Held = Callable[[Sample, Array, str], Any]
"""(sample, operand [2, ...] in float64 or int64, dtype) -> what the ranks hold."""


def _each(held: Held) -> Callable[[Sample], tuple[Any, ...]]:
    """One output an operand, in its dtype."""

    def truth(sample: Sample) -> tuple[Any, ...]:
        made = []
        for i, t in enumerate(sample.inputs):
            x = t.array()
            wide = x.astype(np.float64 if t.dtype in REAL else np.int64)
            value = _in_format(t.dtype, held(sample, wide, t.dtype))
            wide = value.astype(np.float64) if t.dtype in REAL else value
            made.append(Expected(name=f"y{i}" if i else "y", dtype=t.dtype, value=wide))
        return tuple(made)

    return truth


def _wrong(id: str, sentence: str, held: Held) -> Fault:
    return wrong(id, sentence, lambda s: tuple(_in_format(e.dtype, e.value) for e in _each(held)(s)))


def reduced(sample: Sample, x: Array, dtype: str) -> Any:
    """[reductions, ...] of x [2, ...]."""
    return np.stack([_in_format(dtype, _OF[r](x[0], x[1])) for r in sample.param("reductions")]).astype(x.dtype)


def _on_both(sample: Sample, x: Array, dtype: str) -> Any:
    """[reductions, rank, n]."""
    made = reduced(sample, x, dtype)
    return np.stack([made, made], axis=1)


def _own_only(sample: Sample, x: Array, dtype: str) -> Any:
    return np.stack([x] * len(sample.param("reductions")))


def _first_only(sample: Sample, x: Array, dtype: str) -> Any:
    return np.stack([x[[0, 0]]] * len(sample.param("reductions")))


def _twice(sample: Sample, x: Array, dtype: str) -> Any:
    """A rank's contribution is taken twice, the other's is lost."""
    return _on_both(sample, x[[1, 1]], dtype)


def _not_halved(sample: Sample, x: Array, dtype: str) -> Any:
    return 2 * _on_both(sample, x, dtype)


def _to_roots(sample: Sample, x: Array, dtype: str) -> Any:
    """[reductions, root, n]: what each root holds when it is the one."""
    return _on_both(sample, x, dtype)


def _gathered(sample: Sample, x: Array, dtype: str) -> Any:
    """[rank, from, n]."""
    return np.stack([x, x])


def _swapped(sample: Sample, x: Array, dtype: str) -> Any:
    return np.stack([x[::-1], x[::-1]])


def _dropped(sample: Sample, x: Array, dtype: str) -> Any:
    return np.stack([x[[0, 0]], x[[0, 0]]])


def _own_place_stale(sample: Sample, x: Array, dtype: str) -> Any:
    """What a rank itself brings is missing."""
    made = np.stack([x, x])
    made[0, 0], made[1, 1] = 0, 0
    return made


def _broadcast(sample: Sample, x: Array, dtype: str) -> Any:
    """[source, rank, n]."""
    return np.stack([np.stack([row, row]) for row in x])


def _unsent(sample: Sample, x: Array, dtype: str) -> Any:
    return np.stack([x, x])


def _other_source(sample: Sample, x: Array, dtype: str) -> Any:
    return _broadcast(sample, x[::-1], dtype)


def _first_source(sample: Sample, x: Array, dtype: str) -> Any:
    return _broadcast(sample, x[[0, 0]], dtype)


def _reduced_parts(sample: Sample, x: Array, dtype: str) -> Any:
    """[reductions, rank, n] of x [2, 2, n]: part r of the reduction at rank r."""
    return reduced(sample, x, dtype)


def _parts_swapped(sample: Sample, x: Array, dtype: str) -> Any:
    return reduced(sample, x, dtype)[:, ::-1]


def _parts_own(sample: Sample, x: Array, dtype: str) -> Any:
    own = np.stack([x[0, 0], x[1, 1]])
    return np.stack([own] * len(sample.param("reductions")))


def _first_part(sample: Sample, x: Array, dtype: str) -> Any:
    return reduced(sample, x, dtype)[:, [0, 0]]


def _scattered(sample: Sample, x: Array, dtype: str) -> Any:
    """[source, rank, n] of x [2, 2, n]: part r of the source's at rank r."""
    return x


def _scattered_swapped(sample: Sample, x: Array, dtype: str) -> Any:
    return x[:, ::-1]


def _scattered_own(sample: Sample, x: Array, dtype: str) -> Any:
    return np.swapaxes(x, 0, 1)


def _exchanged(sample: Sample, x: Array, dtype: str) -> Any:
    """[rank, from, n] of x [2, 2, n]: part r of every rank's at rank r."""
    return np.swapaxes(x, 0, 1)


def _kept(sample: Sample, x: Array, dtype: str) -> Any:
    return x


def _from_behind(sample: Sample, x: Array, dtype: str) -> Any:
    return np.swapaxes(x, 0, 1)[:, ::-1]


def _uneven() -> Iterable[Sample]:
    for n in (8, 33, 4):
        inputs = [_operand(d, (RANKS, n), "uneven", str(n)) for d in ("float32", "int64")]
        yield case(f"n{n}", *inputs, dtype="float32", cuts=(1, n - 3))


def uneven(sample: Sample, x: Array, dtype: str) -> Any:
    """Ranks cut their n elements after `cuts`; rank 0 gets what lies before, rank 1 what lies behind; all in one row, rank 0 first."""
    a, b = sample.param("cuts")
    return np.concatenate([x[0, :a], x[1, :b], x[0, a:], x[1, b:]])


def _uneven_other(sample: Sample, x: Array, dtype: str) -> Any:
    a, b = sample.param("cuts")
    return np.concatenate([x[1, :b], x[0, :a], x[1, b:], x[0, a:]])


def _uneven_kept(sample: Sample, x: Array, dtype: str) -> Any:
    return np.concatenate([x[0], x[1]])


def _uneven_first(sample: Sample, x: Array, dtype: str) -> Any:
    a, b = sample.param("cuts")
    return np.concatenate([x[0, :a], x[1, -b:], x[0, a:], x[1, : x.shape[1] - b]])


def _letters() -> Iterable[Sample]:
    for n in (5, 64, 9):
        inputs = [_operand(d, (RANKS, 3, n), "letters", str(n)) for d in ("float32", "bfloat16", "int64")]
        yield case(f"n{n}", *inputs, dtype="float32")


def _delivered(sample: Sample, x: Array, dtype: str) -> Any:
    """[rank, message, n]: each rank has the other's three messages, in the order sent."""
    return x[::-1]


def _late(sample: Sample, x: Array, dtype: str) -> Any:
    return x[::-1, [0, 0, 1]]


def _overtaken(sample: Sample, x: Array, dtype: str) -> Any:
    return x[::-1, [1, 0, 2]]


def _returned(sample: Sample, x: Array, dtype: str) -> Any:
    return x


def _objects() -> Iterable[Sample]:
    for n in (5, 9, 64):
        yield case(f"n{n}", *(_operand(d, (RANKS, n), "objects") for d in ("float32", "int64")), dtype="float32")


def _waiting() -> Iterable[Sample]:
    for late, wait in ((0, 60), (1, 60), (1, 0)):
        name = f"rank{late}-late" if wait else "at-once"
        yield case(name, Tensor.of(np.arange(4.0), "float32"), dtype="float32", late=late, wait_ms=wait)


def waited(sample: Sample) -> tuple[Any, ...]:
    """Neither rank leaves before both have come; what the late one wrote before is seen by the other; both come through; all over again."""
    return (yes(True, True, True, True),)


def _off(amount: float) -> Fault:
    return faults.relative(amount, "value-off")


def _last_bit() -> Fault:
    """One bit of one element of the first output is lost."""

    def apply(_: Function, __: Sample, results: Results) -> Results:
        made = results[0].copy()
        made.reshape(-1).view(np.uint8)[0] ^= 1
        return (made, *results[1:])

    return Fault(id="one-bit", sentence="The lowest bit of the first element is another.", apply=apply)


_BOTH = (_off(1e-4), _last_bit())


def _row(id: str, requirement: str, cases: Callable[[], Iterable[Sample]], held: Held, *wrongs: Fault) -> Guarantee:
    return Guarantee(
        id=id, area=AREA, source=SOURCE, cases=cases, truth=_each(held), requirement="The library shall " + requirement,
        oracle="exact: one operation on two operands, correctly rounded, or none", faults=(*_BOTH, *wrongs),
    )  # fmt: skip


ROWS = (
    _row("all_reduce", "leave on every rank the reduction of what all ranks bring.", _cases("all_reduce", reductions=True), _on_both,
         _wrong("not-reduced", "Ranks keep their own.", _own_only), _wrong("rank-dropped", "The second rank is left out.", _first_only),
         _wrong("rank-twice", "The second rank is taken twice, the first not at all.", _twice)),
    _row("all_reduce_average", "leave on every rank the mean of what all ranks bring.", _averaged, _on_both,
         _wrong("sum-for-mean", "The sum is not divided by the number of ranks.", _not_halved),
         _wrong("rank-dropped", "The second rank is left out.", _first_only), _wrong("not-reduced", "Ranks keep their own.", _own_only)),
    _row("reduce_to_root", "leave on the root that is named the reduction of what all ranks bring.", _cases("reduce", reductions=True), _to_roots,
         _wrong("not-reduced", "The root keeps its own.", _own_only), _wrong("rank-dropped", "The second rank is left out.", _first_only),
         _wrong("rank-twice", "The second rank is taken twice.", _twice)),
    _row("reduce_scatter", "leave on each rank its own part of the reduction.", _cases("reduce_scatter", RANKS, reductions=True), _reduced_parts,
         _wrong("parts-swapped", "Ranks get each other's part.", _parts_swapped), _wrong("not-reduced", "Ranks keep their own.", _parts_own),
         _wrong("first-part", "Every rank gets the first part.", _first_part)),
    _row("all_gather", "give every rank what each rank brings, bit for bit, by rank.", _cases("all_gather"), _gathered,
         _wrong("ranks-swapped", "What ranks bring is in reverse order.", _swapped), _wrong("rank-dropped", "The first rank's comes twice.", _dropped),
         _wrong("own-missing", "What a rank itself brings is missing.", _own_place_stale)),
    _row("gather_to_root", "give the root that is named what each rank brings, bit for bit, by rank.", _cases("gather"), _gathered,
         _wrong("ranks-swapped", "What ranks bring is in reverse order.", _swapped), _wrong("rank-dropped", "The first rank's comes twice.", _dropped),
         _wrong("own-missing", "What the root itself brings is missing.", _own_place_stale)),
    _row("broadcast", "give every rank what the source brings, bit for bit.", _cases("broadcast"), _broadcast,
         _wrong("not-sent", "Ranks keep their own.", _unsent), _wrong("other-source", "The other rank is the source.", _other_source),
         _wrong("source-ignored", "Rank 0 is always the source.", _first_source)),
    _row("scatter_from_root", "give each rank its own part of what the source brings, bit for bit.", _cases("scatter", RANKS), _scattered,
         _wrong("parts-swapped", "Ranks get each other's part.", _scattered_swapped),
         _wrong("all-to-all", "Parts come from every rank.", _scattered_own)),
    _row("all_to_all", "give each rank its own part of what every rank brings, bit for bit, by rank.", _cases("all_to_all", RANKS), _exchanged,
         _wrong("not-exchanged", "Ranks keep their own.", _kept), _wrong("ranks-swapped", "What ranks bring is in reverse order.", _from_behind)),
    _row("all_to_all_uneven", "exchange parts of the lengths that each rank names.", _uneven, uneven,
         _wrong("not-exchanged", "Ranks keep their own.", _uneven_kept), _wrong("ranks-swapped", "Parts are in reverse order.", _uneven_other),
         _wrong("from-the-end", "The second rank's parts are cut from the end.", _uneven_first)),
    _row("send_receive", "deliver messages of one rank to another bit for bit and in the order sent.", _letters, _delivered,
         _wrong("stale-message", "A message comes twice, the last never.", _late), _wrong("overtaken", "The second message comes first.", _overtaken),
         _wrong("returned", "A rank receives what it sent.", _returned)),
    _row("object_collectives", "give every rank the objects that each rank brings, by rank.", _objects, _gathered,
         _wrong("ranks-swapped", "Objects are in reverse order.", _swapped), _wrong("rank-dropped", "The first rank's object comes twice.", _dropped)),
    Guarantee(
        id="barrier", area=AREA, source=SOURCE, cases=_waiting, truth=waited,
        requirement="The library shall let no rank pass a barrier before every rank has come to it.",
        faults=(denied("passed-early", "A rank passes before the other has come.", 0),
                denied("written-unseen", "What was written before the barrier is not seen behind it.", 0, 1),
                denied("second-open", "The second barrier does not hold.", 0, 3)),
    ),
)  # fmt: skip
FUNCTIONS: tuple[Function, ...] = tuple(r.function() for r in ROWS)
