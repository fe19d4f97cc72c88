"""Classical machine learning: encoders, scalers and imputers; linear models and support vector machines."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Scaled
from csvkit_ml.criteria.joint import Each
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references import exactly
from csvkit_ml.references.running_error import Rounded, expected_rounded, rounded
from validation_suites import faults
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling import normal, positive

ML = "ONNX operator specification, ai.onnx.ml."
SIZES = ((5, 4), (1, 1), (33, 7), (130, 3), (7, 65), (1, 17))
"""Rows, features."""
Samples = Callable[[], Iterable[Sample]]
PLAINLY = tuple(f for f in PLAIN if f.id != "nan-lost")


def _sample(name: str, inputs: Iterable[Any], i: int, dtype: str = "float32", **given: Any) -> Sample:
    made = tuple(a if isinstance(a, Tensor) else Tensor.of(a) for a in inputs)
    why = SampleClass.COVERING if i else SampleClass.ORDINARY
    return Sample(name=f"{dtype}-{name}", dtype=dtype, inputs=made, params=params(**given), why=why)


def _numbers(values: Any) -> tuple[float, ...]:
    """float32 values as parameters."""
    return tuple(float(v) for v in np.asarray(values, dtype=np.float32).reshape(-1))


def _draw(*names: str) -> np.random.Generator:
    return seed_for("classical", *names)


def _extractions() -> Iterable[Sample]:
    for dtype in ("float32", "float64", "int64", "int32"):
        for i, (n, c) in enumerate(SIZES):
            x = _draw("extract", f"{n}x{c}").integers(-99, 100, (n, c)).astype(dtype)
            at = _draw("extract", "at", f"{n}x{c}").integers(0, c, max(1, c // 2) + 1)
            yield _sample(f"{n}x{c}", (x, at), i, dtype)


def _binarisations() -> Iterable[Sample]:
    for i, (n, c) in enumerate(SIZES):
        for threshold in (0.0, 0.5, -1.25):
            x = np.round(_draw("binarise", f"{n}x{c}").normal(0, 1, (n, c)) * 4) / 4
            yield _sample(f"{n}x{c}-over{threshold}", (x.astype(np.float32),), i, threshold=threshold)
    x = np.array([[0.0, -0.0, np.inf, -np.inf, 1e-45, -1e-45]], dtype=np.float32)
    yield _sample("special", (x,), 1, threshold=0.0)


def _vectors() -> Iterable[Sample]:
    for dtype in ("float32", "float64", "int64", "int32"):
        for i, widths in enumerate(((3, 2), (1,), (4, 1, 5), (2,) * 6)):
            for n in (1, 4):
                x = [_draw("vector", str(i), str(k)).integers(-99, 100, (n, w)).astype(dtype) for k, w in enumerate(widths)]
                yield _sample(f"{n}-{'+'.join(map(str, widths))}", x, i, dtype, widths=widths)


def _imputations() -> Iterable[Sample]:
    for i, (n, c) in enumerate(SIZES):
        for each in (True, False):
            name = f"{n}x{c}{'-each' if each else ''}"
            rng = _draw("impute", name)
            x = rng.normal(0, 1, (n, c)).astype(np.float32)
            given = _numbers(rng.normal(0, 1, c if each else 1))
            yield _sample(f"{name}-nan", (np.where(rng.random((n, c)) < 0.3, np.float32(np.nan), x),), i, given=given, missing="nan")
            yield _sample(f"{name}-minus9", (np.where(rng.random((n, c)) < 0.3, np.float32(-9), x),), i, given=given, missing="-9")
            whole = tuple(int(v) for v in rng.integers(-50, 50, c if each else 1))
            yield _sample(f"{name}-minus9", (rng.integers(-12, 3, (n, c)),), i, "int64", given=whole, missing="-9")


def _impute(p: Any, x: Array) -> Array:
    missing = np.isnan(x) if p["missing"] == "nan" else x == int(p["missing"])
    return np.where(missing, np.array(p["given"], dtype=x.dtype), x)


def _first_value(p: Any, x: Array) -> Array:
    return _impute({**p, "given": p["given"][:1]}, x)


def _one_hots() -> Iterable[Sample]:
    """Integers, some of them no category; an axis is added at the end."""
    for i, (shape, known) in enumerate(
        (((6,), (0, 1, 2)), ((3, 4), (5, -2, 9, 100)), ((1,), (7,)), ((2, 3, 2), (3, 1, 2)), ((65,), tuple(range(20, 0, -1))))
    ):
        x = _draw("one hot", str(i)).choice([*known, 77], shape)
        for dtype in ("int64", "float32"):
            yield _sample(f"{'x'.join(map(str, shape))}-{len(known)}", (x.astype(dtype),), i, dtype, categories=known)


def _one_hot(p: Any, x: Array) -> Array:
    return np.asarray(x[..., None] == np.array(p["categories"])).astype(np.float32)


def _encodings(dtype: str) -> Samples:
    """Keys in no order, some of the data no key."""

    def samples() -> Iterable[Sample]:
        for i, (shape, count) in enumerate((((6,), 3), ((3, 5), 7), ((1,), 1), ((2, 3, 4), 12), ((129,), 40))):
            rng = _draw("labels", dtype, str(i))
            keys = rng.permutation(200)[:count] - 100
            x = rng.choice([*keys, 500], shape)
            values = rng.permutation(1000)[:count]
            if dtype == "float32":
                yield _sample(
                    f"{'x'.join(map(str, shape))}-{count}",
                    (x.astype(np.float32) / 8,),
                    i,
                    dtype,
                    keys=_numbers(keys / 8),
                    values=_numbers(values / 4),
                    default=-1.5,
                )
            else:
                k, v = tuple(int(a) for a in keys), tuple(int(a) for a in values)
                yield _sample(f"{'x'.join(map(str, shape))}-{count}", (x,), i, dtype, keys=k, values=v, default=-7)

    return samples


def _encode(p: Any, x: Array) -> Array:
    known = dict(zip(p["keys"], p["values"], strict=True))
    return np.array([known.get(v, p["default"]) for v in x.reshape(-1).tolist()], dtype=x.dtype).reshape(x.shape)


def _matrix_samples(id: str, own: Callable[[int, int, str], dict[str, Any]], make: Any = normal) -> Samples:
    def samples() -> Iterable[Sample]:
        for i, (n, c) in enumerate(SIZES):
            for k in range(3):
                name = f"{n}x{c}-{k}"
                given = own(c, k, name)
                yield _sample(f"{name}{given.pop('label', '')}", (make("float32", (n, c), id, name),), i, **given)

    return samples


def _scale_params(c: int, k: int, name: str) -> dict[str, Any]:
    """One offset and scale for every feature, or one of each for all."""
    m = c if k else 1
    rng = _draw("scale", name)
    return {"offset": _numbers(rng.normal(0, 1, m)), "scale": _numbers(rng.uniform(0.25, 4, m))}


def _one(s: Sample) -> Any:
    return rounded(s.arrays()[0], s.dtype)


def _scaled(s: Sample) -> Any:
    p: dict[str, Any] = dict(s.params)
    return (_one(s) - np.array(p["offset"])) * np.array(p["scale"])


def _norm_params(c: int, k: int, name: str) -> dict[str, Any]:
    return {"norm": ("MAX", "L1", "L2")[k], "label": ("-max", "-l1", "-l2")[k]}


def _normalised(s: Sample) -> Any:
    """Data are positive: the operator's formulas and those of norms agree."""
    x, norm = _one(s), s.param("norm")
    if norm == "MAX":
        return x / x.max(axis=-1, keepdims=True)
    return x / (x.sum(axis=-1, keepdims=True) if norm == "L1" else np.sqrt((x * x).sum(axis=-1, keepdims=True)))


def _linear_params(c: int, k: int, name: str) -> dict[str, Any]:
    targets = (1, 3, 2)[k]
    rng = _draw("linear", name)
    return {
        "weights": _numbers(rng.normal(0, 1, (targets, c))),
        "intercepts": _numbers(rng.normal(0, 1, targets)) if k < 2 else None,
        "targets": targets,
    }


def _affine(x: Any, weights: Array, bias: Array) -> Any:
    products = x.reshape(x.value.shape[0], 1, -1) * rounded(weights.astype(np.float32)[None], "float32")
    return products.sum(axis=-1) + rounded(bias.astype(np.float32), "float32")


def _linear(s: Sample) -> Any:
    p: dict[str, Any] = dict(s.params)
    bias = np.zeros(p["targets"]) if p["intercepts"] is None else np.array(p["intercepts"])
    return _affine(_one(s), np.array(p["weights"]).reshape(p["targets"], -1), bias)


def _classifier_params(c: int, k: int, name: str) -> dict[str, Any]:
    rng, classes = _draw("classes", name), 3 + k
    labels = tuple(int(v) for v in rng.permutation(50)[:classes])
    return {
        "weights": _numbers(rng.normal(0, 1, (classes, c))),
        "intercepts": _numbers(rng.normal(0, 1, classes)),
        "targets": classes,
        "labels": labels,
    }


def _apart(s: Sample) -> bool:
    """Whether no two best scores of a row are close."""
    scores = np.sort(_linear(s).value, axis=-1)
    return bool((scores[:, -1] - scores[:, -2] > 1e-3).all())


def _classifications() -> Iterable[Sample]:
    return (s for s in _matrix_samples("linear_classifier", _classifier_params)() if _apart(s))


def _classes(s: Sample) -> tuple[Expected, ...]:
    scores = _linear(s)
    labels = np.array(s.param("labels"), dtype=np.int64)[scores.value.argmax(axis=-1)]
    return exactly(labels, dtype="int64"), expected_rounded(scores, dtype="float32", name="y1")


def _other_labels(s: Sample) -> tuple[Array, ...]:
    """Positions instead of labels."""
    scores = _linear(s).value.astype(np.float64)
    return scores.argmax(axis=-1), scores


def _lowest(s: Sample) -> tuple[Array, ...]:
    scores = _linear(s).value.astype(np.float64)
    return np.array(s.param("labels"))[scores.argmin(axis=-1)], scores


def _svm_params(c: int, k: int, name: str) -> dict[str, Any]:
    vectors = (5, 9, 16)[k]
    rng = _draw("svm", name)
    return {
        "kernel": ("RBF", "POLY", "LINEAR")[k],
        "label": ("-rbf", "-poly", "-linear")[k],
        "vectors": _numbers(rng.normal(0, 1, (vectors, c))),
        "weights": _numbers(rng.normal(0, 1, vectors)),
        "rho": _numbers([rng.normal()])[0],
        "gamma": (0.5 / c, 0.25, 0.0)[k],
        "shift": (0.0, 1.5, 0.0)[k],
        "degree": (0, 3, 0)[k],
    }


def kernel(x: Rounded, vectors: Array, p: dict[str, Any]) -> Any:
    """K(x_i, v_j), [rows, vectors]."""
    v = rounded(vectors.astype(np.float32)[None], "float32")
    rows = x.reshape(x.value.shape[0], 1, -1)
    gamma = rounded(np.float32(p["gamma"]), "float32")
    if p["kernel"] == "RBF":
        d = rows - v
        return np.exp(-gamma * (d * d).sum(axis=-1))
    dot = (rows * v).sum(axis=-1)
    if p["kernel"] == "LINEAR":
        return dot
    inner = gamma * dot + rounded(np.float32(p["shift"]), "float32")
    return inner * inner * inner


def _svm(s: Sample) -> Any:
    p: dict[str, Any] = dict(s.params)
    c = s.inputs[0].shape[1]
    made = kernel(_one(s), np.array(p["vectors"]).reshape(-1, c), p)
    total = (made * rounded(np.array(p["weights"], dtype=np.float32), "float32")).sum(axis=-1, keepdims=True)
    return total + rounded(np.float32(p["rho"]), "float32")


def _known(formula: Callable[[Sample], Rounded]) -> Callable[[Sample], tuple[Expected, ...]]:
    return lambda s: (expected_rounded(formula(s), dtype="float32"),)


def _wrong(id: str, sentence: str, formula: Callable[[Sample], Rounded], **changes: Any) -> Fault:
    """The formula with other parameters, each a function of the old one."""

    def compute(s: Sample) -> Array | None:
        p: dict[str, Any] = dict(s.params)
        new = {k: c(p[k]) for k, c in changes.items()}
        if all(p[k] == v for k, v in new.items()):
            return None
        other = Sample(name=s.name, dtype=s.dtype, inputs=s.inputs, params=params(**{**p, **new}))
        return np.asarray(formula(other).value, dtype=np.float64)

    return faults.computed(id, sentence, compute)


RUNNING = Scaled(
    c=1.0,
    c_hard=2.0,
    scale="running error bound of the formula / u",
    rationale="Every operation rounds once, sums of n terms in any order; the bound is carried from operation to operation.",
    literature="Higham 2002, 2.2 and 3.3; Higham and Mary 2019",
)
BOUND = "80-bit extended precision with a running bound of rounding errors"


def _turn(values: tuple[float, ...]) -> tuple[float, ...]:
    return (*values[1:], values[0])


def _zeros(values: Any) -> Any:
    return None if values is None else tuple(0.0 for _ in values)


def _measured(
    id: str, says: str, op: str, samples: Samples, formula: Callable[[Sample], Rounded], *own: Fault, general: tuple[Fault, ...] = PLAINLY
) -> Function:
    return Function(
        id=id,
        side=Side.INFERENCE,
        area="classical",
        requirement=f"The library shall {says}.",
        source=ML + op,
        oracle=BOUND,
        samples=samples,
        reference=_known(formula),
        criterion=RUNNING,
        faults=(*general, faults.BF16_INPUTS, faults.TF32_INPUTS, faults.relative(1e-4), *own),
    )


def _encoder(id: str, what: str, dtype: str) -> Function:
    return moving(
        id,
        f"replace {what} keys by their values, what is no key by the default",
        f"{ML}LabelEncoder",
        _encodings(dtype),
        _encode,
        ("default-lost", "What is no key becomes 0.", lambda p, x: _encode({**p, "default": 0}, x)),
        ("next-value", "Values are those of the next key.", lambda p, x: _encode({**p, "values": _turn(p["values"])}, x)),
        area="classical",
        general=PLAINLY,
        oracle="exact: a table",
    )


FUNCTIONS: tuple[Function, ...] = (
    moving(
        "array_feature_extractor",
        "return the elements at given positions of the last axis",
        f"{ML}ArrayFeatureExtractor",
        _extractions,
        lambda p, x, at: x[..., at],
        ("next", "Positions are one too large.", lambda p, x, at: x[..., (at + 1) % x.shape[-1]]),
        ("first-repeated", "The first position is taken for all.", lambda p, x, at: x[..., np.full_like(at, at[0])]),
        area="classical",
        general=PLAINLY,
    ),
    moving(
        "binarizer",
        "return 1 above the threshold and 0 elsewhere",
        f"{ML}Binarizer",
        _binarisations,
        lambda p, x: (x > np.float32(p["threshold"])).astype(np.float32),
        ("at-threshold", "The threshold itself gives 1.", lambda p, x: (x >= np.float32(p["threshold"])).astype(np.float32)),
        ("threshold-ignored", "The threshold is 0.", lambda p, x: (x > 0).astype(np.float32)),
        area="classical",
        general=PLAINLY,
        oracle="exact: a comparison",
    ),
    moving(
        "feature_vectorizer",
        "join features of several operands as float32",
        f"{ML}FeatureVectorizer",
        _vectors,
        lambda p, *x: np.concatenate(x, axis=1).astype(np.float32),
        ("reversed", "Operands come in reverse order.", lambda p, *x: np.concatenate(x[::-1], axis=1)),
        (
            "first-repeated",
            "The first row is returned for all.",
            lambda p, *x: np.repeat(np.concatenate(x, axis=1)[:1], x[0].shape[0], axis=0),
        ),
        area="classical",
        outputs=("float32",),
        general=PLAINLY,
    ),
    moving(
        "imputer",
        "replace missing values by the value given, for each feature or for all",
        f"{ML}Imputer",
        _imputations,
        _impute,
        ("first-value", "The first feature's value is put everywhere.", _first_value),
        ("not-replaced", "Missing values stay.", lambda p, x: x),
        ("zero", "0 is put.", lambda p, x: _impute({**p, "given": tuple(0 for _ in p["given"])}, x)),
        area="classical",
        general=PLAINLY,
    ),
    moving(
        "one_hot_encoder",
        "mark each category at its place, and what is no category nowhere",
        f"{ML}OneHotEncoder",
        _one_hots,
        _one_hot,
        ("next-place", "Marks are one place too far.", lambda p, x: np.roll(_one_hot(p, x), 1, axis=-1)),
        (
            "unknown-first",
            "What is no category is marked as the first.",
            lambda p, x: _one_hot(p, np.where(x == 77, p["categories"][0], x)),
        ),
        area="classical",
        outputs=("float32",),
        general=PLAINLY,
        oracle="exact: a comparison",
    ),
    _encoder("label_encoder", "integer", "int64"),
    _encoder("label_encoder_float", "float32", "float32"),
    _measured(
        "feature_scaler",
        "return (x - offset) scale",
        "Scaler",
        _matrix_samples("feature_scaler", _scale_params),
        _scaled,
        _wrong("offset-ignored", "The offset is not taken off.", _scaled, offset=_zeros),
        _wrong("next-scale", "Scales are those of the next feature.", _scaled, scale=_turn),
    ),
    _measured(
        "feature_normalizer",
        "divide each row by its largest value, its sum or its Euclidean norm",
        "Normalizer",
        _matrix_samples("feature_normalizer", _norm_params, positive),
        _normalised,
        _wrong("other-norm", "Another norm is taken.", _normalised, norm={"MAX": "L1", "L1": "L2", "L2": "MAX"}.get),
    ),
    _measured(
        "linear_regressor",
        "return the linear function of the features for every target",
        "LinearRegressor",
        _matrix_samples("linear_regressor", _linear_params),
        _linear,
        _wrong("intercept-dropped", "The intercept is not added.", _linear, intercepts=_zeros),
        _wrong("next-weight", "Weights are those of the next feature.", _linear, weights=_turn),
    ),
    Function(
        id="linear_classifier",
        side=Side.INFERENCE,
        area="classical",
        requirement="The library shall return the label of the class with the largest linear score, and all scores.",
        source=f"{ML}LinearClassifier",
        oracle=BOUND,
        samples=_classifications,
        reference=_classes,
        criterion=Each(criteria=(Exact(rationale="The best two scores of every row are apart.", literature="as for the scores"), RUNNING)),
        faults=(
            *PLAINLY,
            faults.computed("position-for-label", "The class's position is returned for its label.", _other_labels),
            faults.computed("smallest", "The class with the smallest score is returned.", _lowest),
            faults.other_params("intercept-dropped", "The intercept is not added.", intercepts=_zeros),
            faults.other_params("next-weight", "Weights are those of the next feature.", weights=_turn),
        ),
    ),
    _measured(
        "svm_regressor",
        "return the kernel expansion over the support vectors",
        "SVMRegressor",
        _matrix_samples("svm_regressor", _svm_params),
        _svm,
        _wrong("rho-dropped", "rho is not added.", _svm, rho=lambda v: 0.0),
        _wrong("gamma-twice", "gamma is twice as large.", _svm, gamma=lambda v: 2 * v),
        _wrong("next-vector", "Weights are those of the next support vector.", _svm, weights=_turn),
        _wrong("shift-dropped", "The constant of the polynomial is left out.", _svm, shift=lambda v: 0.0),
        general=PLAINLY[:2],
    ),
)
