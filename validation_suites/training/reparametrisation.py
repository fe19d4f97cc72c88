"""Parameters expressed by others: weight and spectral normalisation, orthogonal maps, parametrisations, pruning; exact initial values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Scaled
from csvkit_ml.model.function import Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import U, expected_extended, extended
from validation_suites import faults
from validation_suites.guarantees import Guarantee, case, denied, wrong, yes
from validation_suites.sampling import normal, pairwise

DTYPES = ("float32", "float64")
AREA = "reparametrisation and pruning"
SHAPES = ((5, 7), (6, 3, 4), (4, 2, 3, 3), (1, 9), (33, 17))


def _weight_samples() -> Iterable[Sample]:
    for i, r in enumerate(pairwise({"dtype": DTYPES, "dim": (0, 1, None), "shape": SHAPES})):
        name = f"{r['dtype']}-{'x'.join(map(str, r['shape']))}-dim{r['dim']}".lower()
        v = normal(r["dtype"], r["shape"], "weight norm", name)
        g = normal(r["dtype"], _sizes(r["shape"], r["dim"]), "weight norm", "g", name)
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield Sample(name=name, dtype=r["dtype"], inputs=(v, g), params=params(dim=r["dim"]), why=why)


def _sizes(shape: tuple[int, ...], dim: int | None) -> tuple[int, ...]:
    return () if dim is None else tuple(n if i == dim else 1 for i, n in enumerate(shape))


def _weight(sample: Sample, squares: Callable[[Any], Any] = lambda v: v * v) -> tuple[Expected, ...]:
    """g v / |v| over all axes but one."""
    v, g = map(extended, sample.arrays())
    dim = sample.param("dim")
    over = tuple(i for i in range(v.ndim) if i != dim)
    norm = np.sqrt(squares(v).sum(axis=over, keepdims=dim is not None))
    y = g * (v / norm)
    n = v.size / (1 if dim is None else v.shape[dim])
    return (
        expected_extended(
            y, dtype=sample.dtype, radius=(n + 8) * U * np.abs(y), scale=np.abs(y) * (4 + min(n, 6 * math.sqrt(n))), any_sign_of_zero=True
        ),
    )


def _spectral_samples() -> Iterable[Sample]:
    for i, (rows, columns) in enumerate(((5, 7), (7, 5), (4, 4), (16, 33), (1, 6))):
        random, k = seed_for("spectral", str(i)), min(rows, columns)
        left, right = (np.linalg.qr(random.standard_normal((n, n)))[0][:, :k] for n in (rows, columns))
        x = Tensor.of(left * (3.0 * 0.5 ** np.arange(k)) @ right.T, "float32")
        yield Sample(
            name=f"float32-{rows}x{columns}",
            dtype="float32",
            inputs=(x,),
            params=params(seed=i),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )


def _spectral(sample: Sample) -> tuple[Expected, ...]:
    """W over its largest singular value; that of double precision is far more exact than float32 needs."""
    x = sample.arrays()[0].astype(np.float64)
    y = x / np.linalg.svd(x, compute_uv=False)[0]
    return (
        Expected(
            name="y",
            dtype="float32",
            value=y,
            radius=1e-13 * np.abs(y),
            scale=np.abs(y) * (2 * math.sqrt(x.size) + 8),
            any_sign_of_zero=True,
        ),
    )


def _frobenius(sample: Sample) -> Any:
    x = sample.arrays()[0].astype(np.float64)
    return None if min(x.shape) == 1 else x / np.linalg.norm(x)


def _orthogonal_samples() -> Iterable[Sample]:
    for i, (dtype, shape) in enumerate(itertools.product(DTYPES, ((5, 5), (7, 4), (4, 7), (16, 16), (1, 1)))):
        x = normal(dtype, shape, "orthogonal", str(i))
        yield Sample(
            name=f"{dtype}-{'x'.join(map(str, shape))}",
            dtype=dtype,
            inputs=(x,),
            params=params(seed=i),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )


def _gram(sample: Sample) -> tuple[Expected, ...]:
    """Q^T Q of a tall matrix, Q Q^T of a wide one."""
    n = min(sample.inputs[0].shape)
    return (
        Expected(
            name="y", dtype=sample.dtype, value=np.eye(n), scale=np.full((n, n), 4.0 * max(sample.inputs[0].shape)), any_sign_of_zero=True
        ),
    )


def _distinct(shape: tuple[int, ...], *names: str) -> Tensor:
    """Whole numbers of different magnitude, both signs, none 0."""
    random = seed_for("distinct", *names)
    made = random.permutation(np.arange(1.0, math.prod(shape) + 1)) * random.choice([-1.0, 1.0], math.prod(shape))
    return Tensor.of(made.reshape(shape), "float32")


def _pruned_cases() -> Iterable[Sample]:
    for (kind, amount), shape in itertools.product(
        (("l1", 0.3), ("l1", 5), ("rows", 0.5), ("columns", 2), ("custom", 0), ("identity", 0), ("twice", 0.5)), ((4, 6), (5, 7))
    ):
        yield case(
            f"{kind}-{amount}-{'x'.join(map(str, shape))}", _distinct(shape, kind, str(shape)), dtype="float32", kind=kind, amount=amount
        )


def mask(sample: Sample) -> Array:
    """What is kept: round(amount n) of the smallest are not (of rows and columns: by their Euclidean norm)."""
    w, kind, amount = sample.arrays()[0].astype(np.float64), sample.param("kind"), sample.param("amount")
    if kind == "identity":
        return np.ones(w.shape)
    if kind == "custom":
        return np.asarray(w > 0, dtype=np.float64)
    if kind in ("rows", "columns"):
        size = np.linalg.norm(w, axis=1 if kind == "rows" else 0)
        kept = (_ranks(size) >= _number(amount, size.size)).astype(np.float64)
        return np.broadcast_to(kept[:, None] if kind == "rows" else kept, w.shape).copy()
    lost = _number(amount, w.size)
    if kind == "twice":
        lost += _number(amount, w.size - lost)
    return (_ranks(np.abs(w)) >= lost).astype(np.float64)


def _ranks(size: Array) -> Array:
    return np.asarray(np.argsort(np.argsort(size.ravel())).reshape(size.shape))


def _number(amount: float, n: int) -> int:
    return int(amount) if isinstance(amount, int) else round(amount * n)


def pruned(sample: Sample) -> tuple[Any, ...]:
    """(pruned weight, gradient of its sum with respect to the original, answers)."""
    w, kept = sample.arrays()[0].astype(np.float64), mask(sample)
    return w * kept, kept, yes(True, False, True)


def _largest(sample: Sample) -> tuple[Any, ...]:
    if sample.param("kind") != "l1":
        return pruned(sample)
    w = sample.arrays()[0].astype(np.float64)
    kept = (_ranks(-np.abs(w)) >= _number(sample.param("amount"), w.size)).astype(np.float64)
    return w * kept, kept, yes(True, False, True)


def _gradient_everywhere(sample: Sample) -> tuple[Any, ...]:
    made = pruned(sample)
    return made[0], np.ones_like(made[1]), made[2]


def _signed(sample: Sample) -> tuple[Any, ...]:
    """By value instead of magnitude."""
    if sample.param("kind") != "l1":
        return pruned(sample)
    w = sample.arrays()[0].astype(np.float64)
    kept = (_ranks(w) >= _number(sample.param("amount"), w.size)).astype(np.float64)
    return w * kept, kept, yes(True, False, True)


def _global_cases() -> Iterable[Sample]:
    for amount, seed in itertools.product((0.25, 0.6, 7), (1, 2)):
        made = _distinct((39,), "global", str(amount), str(seed)).array()
        yield case(
            f"amount{amount}-seed{seed}",
            Tensor.of(made[:24].reshape(4, 6)),
            Tensor.of(made[24:].reshape(3, 5)),
            dtype="float32",
            amount=amount,
        )


def _globally(sample: Sample) -> tuple[Any, ...]:
    a, b = (x.astype(np.float64) for x in sample.arrays())
    rank = _ranks(np.abs(np.concatenate([a.ravel(), b.ravel()])))
    kept = rank >= _number(sample.param("amount"), rank.size)
    return a * kept[: a.size].reshape(a.shape), b * kept[a.size :].reshape(b.shape)


def _layer_by_layer(sample: Sample) -> tuple[Any, ...]:
    amount = sample.param("amount")
    return tuple(w * (_ranks(np.abs(w)) >= _number(amount, w.size)) for w in (x.astype(np.float64) for x in sample.arrays()))


def _random_cases() -> Iterable[Sample]:
    for kind, amount, shape in (("cells", 0.3, (6, 10)), ("cells", 11, (5, 5)), ("rows", 0.5, (8, 3)), ("columns", 1, (4, 6))):
        yield case(f"{kind}-{amount}", dtype="float32", kind=kind, amount=amount, shape=shape, seed=3)


def _randomly(sample: Sample) -> tuple[Any, ...]:
    """(zeros a row or column, or in all; answers: the same seed the same, another seed another, whole rows)."""
    shape, kind = sample.param("shape"), sample.param("kind")
    n = {"cells": math.prod(shape), "rows": shape[0], "columns": shape[1]}[kind]
    return np.array([_number(sample.param("amount"), n)]), yes(True, True)


def _parametrised_cases() -> Iterable[Sample]:
    for shape in ((3, 4), (1, 1), (7, 5)):
        w = Tensor.of(seed_for("parametrised", str(shape)).integers(-8, 9, shape) * 2.0 + 0.5, "float32")
        yield case("x".join(map(str, shape)), w, dtype="float32")


def _parametrised(sample: Sample) -> tuple[Any, ...]:
    """w -> w + 1, whose inverse sets the original, then w -> 2 w: (weight, original, weight after writing 6 into it, weight left behind, answers)."""
    w = sample.arrays()[0].astype(np.float64)
    return 2 * w, w - 1, np.full_like(w, 6.0), w, yes(True, True, True, False, True)


def _initial_cases() -> Iterable[Sample]:
    rows: tuple[tuple[str, tuple[int, ...], float], ...] = (
        ("constant", (3, 5), 0.3),
        ("ones", (4,), 0),
        ("zeros", (2, 3, 2), 0),
        ("eye", (3, 5), 0),
        ("eye", (4, 4), 0),
        ("dirac", (4, 2, 3), 1),
        ("dirac", (6, 3, 3, 5), 2),
        ("dirac", (2, 5, 3, 3, 3), 1),
        ("constant", (1,), -2.5),
    )
    for (kind, shape, value), dtype in itertools.product(rows, DTYPES):
        yield case(
            f"{dtype}-{kind}-{'x'.join(map(str, shape))}-{value:g}", dtype=dtype, kind=kind, shape=shape, value=value, dtype_name=dtype
        )


def initial(sample: Sample) -> tuple[Any, ...]:
    """Constants, identities, and convolutions that hand on their channels, group by group."""
    kind, shape, value = sample.param("kind"), sample.param("shape"), sample.param("value")
    if kind in ("constant", "ones", "zeros"):
        return (np.full(shape, {"constant": np.dtype(sample.dtype).type(value), "ones": 1.0, "zeros": 0.0}[kind]).astype(np.float64),)
    made = np.zeros(shape)
    if kind == "eye":
        np.fill_diagonal(made, 1.0)
        return (made,)
    groups = int(value)
    each, middle = shape[0] // groups, tuple(n // 2 for n in shape[2:])
    for g, d in itertools.product(range(groups), range(min(each, shape[1]))):
        made[(g * each + d, d, *middle)] = 1.0
    return (made,)


def _first_tap(sample: Sample) -> tuple[Any, ...]:
    made = initial(sample)[0]
    return (np.roll(made, 1, axis=-1),)


def _one_group(sample: Sample) -> tuple[Any, ...]:
    if sample.param("kind") != "dirac":
        return initial(sample)
    return initial(case("other", dtype=sample.dtype, kind="dirac", shape=sample.param("shape"), value=1))


GAINS = (
    ("linear", None),
    ("conv2d", None),
    ("sigmoid", None),
    ("tanh", None),
    ("relu", None),
    ("leaky_relu", None),
    ("leaky_relu", 0.3),
    ("selu", None),
)


def _gain_samples() -> Iterable[Sample]:
    for i, (name, slope) in enumerate(GAINS):
        label = f"{name.replace('_', '-')}{'' if slope is None else f'-{slope:g}'}"
        yield Sample(
            name=label,
            dtype="float64",
            inputs=(),
            params=params(name=name, slope=slope),
            why=SampleClass.COVERING if i else SampleClass.ORDINARY,
        )


def _gain(sample: Sample) -> tuple[Expected, ...]:
    slope = 0.01 if sample.param("slope") is None else sample.param("slope")
    value = {"tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + slope**2)), "selu": 0.75}.get(sample.param("name"), 1.0)
    return (Expected(name="y", dtype="float64", value=np.asarray(value), radius=2.0**-52, scale=4 * value),)


NEAR = Scaled(
    c=2.0,
    c_hard=64.0,
    scale="|y| (sqrt n + c), or the extent for the entries of Q^T Q",
    rationale="A norm and a quotient, or a product of orthogonal factors: errors grow like the extents times the roundoff.",
    literature="Higham 2002, ch. 3 and 19; Salimans and Kingma 2016; Miyato et al. 2018",
)
PRUNE = "PyTorch documentation, torch.nn.utils.prune"

FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="weight_norm",
        side=Side.TRAINING,
        area=AREA,
        requirement="The library shall give the weight g v / |v|, the norm taken over all axes but one.",
        source="Salimans and Kingma 2016; PyTorch documentation, torch.nn.utils.parametrizations.weight_norm",
        oracle="extended precision (2^-64)",
        samples=_weight_samples,
        reference=_weight,
        criterion=NEAR,
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.other_params("other-axis", "The norm leaves out another axis.", dim=lambda d: None if d == 1 else d),
            faults.computed(
                "sum-for-norm", "The sum of magnitudes is taken for the norm.", lambda s: _weight(s, lambda v: np.abs(v))[0].value
            ),
        ),
    ),
    Function(
        id="spectral_norm",
        side=Side.TRAINING,
        area=AREA,
        requirement="The library shall divide a weight by its largest singular value, after enough power iterations.",
        source="Miyato et al. 2018; PyTorch documentation, torch.nn.utils.parametrizations.spectral_norm",
        oracle="double-precision singular values (1e-13)",
        samples=_spectral_samples,
        reference=_spectral,
        criterion=NEAR,
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.computed("frobenius", "The Frobenius norm is taken.", _frobenius),
        ),
    ),
    Function(
        id="orthogonal_matrices",
        side=Side.TRAINING,
        area=AREA,
        requirement="The library shall give a matrix with orthonormal columns, or rows where it is wide.",
        source="PyTorch documentation, torch.nn.utils.parametrizations.orthogonal and torch.nn.init.orthogonal_; Saxe et al. 2014",
        oracle="exact: the identity",
        samples=_orthogonal_samples,
        reference=_gram,
        criterion=NEAR,
        faults=(
            faults.one_element(),
            faults.relative(1e-4),
            faults.stale(),
            faults.changed("half-gain", "Columns have length 1/2.", lambda y: y / 4),
        ),
    ),
    Function(
        id="initial_gain",
        side=Side.TRAINING,
        area="initialisers",
        requirement="The library shall return the recommended gain of a nonlinearity.",
        source="He et al. 2015; PyTorch documentation, torch.nn.init.calculate_gain",
        oracle="closed form",
        samples=_gain_samples,
        reference=_gain,
        criterion=NEAR,
        faults=(faults.one_element(), faults.relative(1e-4), faults.other_params("slope-ignored", "The slope is ignored.", slope=0.01)),
    ),
    *(
        g.function()
        for g in (
            Guarantee(
                id="pruning",
                area=AREA,
                source=PRUNE,
                cases=_pruned_cases,
                truth=pruned,
                requirement="The library shall set the smallest weights, rows or columns to zero, without a gradient, and keep them zero for good.",
                faults=(
                    wrong("largest", "The largest are pruned.", _largest),
                    wrong("by-value", "The value decides, not the magnitude.", _signed),
                    wrong("gradient-everywhere", "What is pruned gets a gradient.", _gradient_everywhere),
                    denied("not-permanent", "Zeros are lost on removal.", 2, 2),
                ),
            ),
            Guarantee(
                id="pruning_global",
                area=AREA,
                source=PRUNE,
                cases=_global_cases,
                truth=_globally,
                requirement="The library shall prune the smallest weights over several layers together.",
                faults=(
                    wrong("layer-by-layer", "Each layer loses its share.", _layer_by_layer),
                    wrong("nothing", "Nothing is pruned.", lambda s: s.arrays()),
                    faults.other_params("one-more", "One more is pruned.", amount=lambda a: a + 1 if isinstance(a, int) else a + 0.05),
                ),
            ),
            Guarantee(
                id="pruning_random",
                area=AREA,
                source=PRUNE,
                cases=_random_cases,
                truth=_randomly,
                requirement="The library shall prune as many random cells, rows or columns as asked, repeatably by the seed.",
                faults=(
                    denied("not-repeatable", "The same seed prunes others.", 1),
                    denied("seed-ignored", "Every seed prunes the same.", 1, 1),
                    faults.changed("one-more", "One more is pruned.", lambda y: y + 1),
                ),
            ),
            Guarantee(
                id="parametrisation",
                area=AREA,
                source="PyTorch documentation, torch.nn.utils.parametrize",
                cases=_parametrised_cases,
                truth=_parametrised,
                requirement="The library shall compute a weight by registered maps, write through their inverses, and leave the weight on removal.",
                faults=(
                    wrong("order", "The maps run in reverse.", lambda s: (_parametrised(s)[0] - 1, *_parametrised(s)[1:])),
                    faults.stale(),
                    denied("not-told", "A parametrised module does not say so.", 4),
                    denied("cache-stale", "The cache is read after it ends.", 4, 4),
                ),
            ),
            Guarantee(
                id="initial_values",
                area="initialisers",
                source="PyTorch documentation, torch.nn.init",
                cases=_initial_cases,
                truth=initial,
                requirement="The library shall fill a weight with a constant, an identity, or a convolution that hands on its channels.",
                faults=(
                    wrong("other-tap", "The identity lies beside the centre.", _first_tap),
                    wrong("one-group", "Groups are ignored.", _one_group),
                    faults.stale(),
                ),
            ),
        )
    ),
)
