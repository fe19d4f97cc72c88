"""Normalisations over groups of channels, over each channel, by the root mean square, and over neighbouring channels."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from csvkit_ml.criteria import FORMATS, Scaled
from csvkit_ml.model.function import Expected, Fault, Function, Sample, SampleClass, params
from csvkit_ml.model.tensor import Array
from csvkit_ml.references import extended
from csvkit_ml.references.normalisation import Group, affine, growth, standardised
from csvkit_ml.references.rounding import ROUNDINGS
from validation_suites import faults
from validation_suites.inference.normalisation import COMMON, MOMENTS, STORED, by_group, known, layer, normalisation
from validation_suites.normalisation_faults import of_group, parameters_confused
from validation_suites.sampling import normal, pairwise
from validation_suites.sampling.normalised import FLOATS, Place, channels, hard_data, layers, named

GROUPS: tuple[Place, ...] = (
    ((2, 6, 5, 7), {"groups": 3}), ((2, 6, 9), {"groups": 2}), ((3, 8, 4, 4), {"groups": 8}), ((2, 5, 3, 3), {"groups": 1}),
    ((4, 12), {"groups": 4}), ((1, 6, 2, 3, 4), {"groups": 3}), ((2, 32, 3, 3), {"groups": 4}),
)  # fmt: skip
INSTANCES: tuple[Place, ...] = tuple((s, {}) for s in ((2, 5, 7, 8), (3, 4, 17), (1, 3, 3, 4, 5), (2, 16, 4, 4), (1, 1, 6, 6)))
MVN: tuple[Place, ...] = tuple(((s, {"axes": axes})) for s, axes in (
    ((2, 3, 5, 7), (0, 2, 3)), ((2, 3, 5, 7), (0, 1, 2, 3)), ((3, 4, 6, 6), (0, 2, 3)),
))  # fmt: skip


def _group(sample: Sample) -> Group:
    """x as [N, G, C / G, ...]."""
    x, *rest = map(extended, sample.arrays())
    groups = int(sample.param("groups"))
    shape = (x.shape[0], groups, x.shape[1] // groups, *x.shape[2:])
    given = [v.reshape(1, groups, -1, *[1] * (x.ndim - 2)) for v in rest]
    weight, bias = (*given, None, None)[:2]
    return Group(x=x.reshape(shape), axes=tuple(range(2, len(shape))), weight=weight, bias=bias)


def _instance(sample: Sample) -> Group:
    """Each channel of each sample by itself."""
    x, *rest = map(extended, sample.arrays())
    given = [v.reshape(1, -1, *[1] * (x.ndim - 2)) for v in rest]
    weight, bias = (*given, None, None)[:2]
    return Group(x=x, axes=tuple(range(2, x.ndim)), weight=weight, bias=bias)


def _mean_variance(sample: Sample) -> Group:
    return Group(x=extended(sample.arrays()[0]), axes=tuple(sample.param("axes")))


def _mean_variance_samples() -> Iterable[Sample]:
    """Spread well above the 1e-9 that implementations add to the deviation, which the formula does not have."""
    for s in channels("mean_variance_normalization", MVN, {"axes": (0, 2, 3)}, ("none",), 2):
        x = s.inputs[0]
        if not any(how in s.name for how in ("constant", "tiny", "near-eps", "-0x", "2x3x4")):
            lifted = x if len(x.shape) == 4 else replace(x, shape=(*x.shape, 1))
            yield replace(s, inputs=(lifted,), params=tuple((k, 0.0 if k == "eps" else v) for k, v in s.params))


def _eps(sample: Sample) -> float:
    """None = the spacing at 1 of the format that computes: float64 for float64, else float32."""
    eps = sample.param("eps")
    return 2 * ROUNDINGS[sample.dtype].accumulate if eps is None else float(eps)


def _rms_samples() -> Iterable[Sample]:
    """Defaults of 16-bit data are functions of their own: releases define them otherwise."""
    yield from (s for s in layers("rms_norm", ("weight", "none")) if not _mixed(s))
    yield from _default_eps(FLOATS[:2])


def _mixed(sample: Sample) -> bool:
    """Parameters of another format than the data's."""
    return any(t.dtype != sample.dtype for t in sample.inputs)


def _rms_16_bit_samples() -> Iterable[Sample]:
    yield from _default_eps(FLOATS[2:])
    yield from (s for s in layers("rms_norm", ("weight", "none")) if _mixed(s))


def _default_eps(dtypes: tuple[str, ...]) -> Iterable[Sample]:
    """Data well above and well below the default eps."""
    for dtype in dtypes:
        for how, scale in (("default-eps", 1.0), ("default-eps-small", 2.0**-8)):
            x = normal(dtype, (4, 6, 32), "rms_norm", dtype, how, scale=scale)
            yield Sample(name=f"{dtype}-{how}", dtype=dtype, inputs=(x,), params=params(axis=-1, eps=None), why=SampleClass.COVERING)


def _eps_of_data(sample: Sample) -> float:
    """None = the spacing at 1 of the data's format."""
    eps = sample.param("eps")
    return 2 * FORMATS[sample.dtype].u if eps is None else float(eps)


def _rms(sample: Sample, eps: Callable[[Sample], float] = _eps) -> tuple[Expected, ...]:
    """x / sqrt(mean x^2 + eps) w: a sum of squares does not cancel."""
    group, wide = layer(sample), ROUNDINGS[sample.dtype].sums
    with np.errstate(all="ignore"):
        square = (group.x * group.x).mean(axis=group.axes, keepdims=True)
        z = group.x / np.sqrt(square + np.longdouble(eps(sample)))
        value, scale = affine(z, wide * np.abs(z) * (growth(group.count) / 2 + 4), group, wide)
    return known(value, scale, sample, group.count)


def _rms_fault(how: Callable[[Group, Any, float], Any], eps: Callable[[Sample], float] = _eps) -> Callable[[Sample], Array | None]:
    def compute(sample: Sample) -> Array | None:
        group = layer(sample)
        if not group.x.size:
            return None
        square = (group.x * group.x).mean(axis=group.axes, keepdims=True)
        return np.asarray(affine(how(group, square, eps(sample)), 0.0, group)[0])

    return compute


def _own_eps(sample: Sample) -> Array | None:
    """The spacing of the data's own format."""
    own = _eps_of_data(sample)
    if sample.param("eps") is not None or own == _eps(sample):
        return None
    return _rms_fault(lambda g, square, e: g.x / np.sqrt(square + own))(sample)


def _response_samples() -> Iterable[Sample]:
    """x [N, C, ...]; an odd number of neighbouring channels, which both libraries centre alike."""
    shapes = ((2, 8, 5, 6), (3, 7, 9), (1, 3, 2, 3, 4), (2, 33, 3, 3), (2, 1, 4, 4))
    rows = pairwise({
        "dtype": FLOATS, "shape": shapes, "size": (5, 1, 3, 11), "alpha": (1e-4, 1.0), "beta": (0.75, 0.5, 1.25), "k": (1.0, 2.0, 0.0625),
    })  # fmt: skip
    for i, r in enumerate(rows):
        name = f"{r['dtype']}-{named(r['shape'])}-size{r['size']}-alpha{r['alpha']:g}-beta{r['beta']:g}-k{r['k']:g}"
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        yield _response_sample(name, r["dtype"], r["shape"], why, **{k: r[k] for k in ("size", "alpha", "beta", "k")})
    plain: dict[str, Any] = {"size": 5, "alpha": 1.0, "beta": 0.75, "k": 1.0}
    for dtype in FLOATS:
        for how, x in hard_data("local_response_norm", dtype, (2, 6, 3, 4)):
            if how not in ("large", "tiny"):
                yield Sample(name=f"{dtype}-{how}", dtype=dtype, inputs=(x,), params=_single(plain), why=SampleClass.CONDITIONED)
        falling = normal(dtype, (2, 12, 3, 5), "local_response_norm", dtype, "falling").array().astype(np.float64)
        falling *= 2.0 ** np.arange(7, -5, -1).reshape(1, -1, 1, 1)
        yield _response_sample(f"{dtype}-falling", dtype, (2, 12, 3, 5), SampleClass.CONDITIONED, data=falling, **plain)
        special = normal(dtype, (1, 9, 2, 2), "local_response_norm", dtype, "special").array().astype(np.float64)
        special[0, 1, 0, 0], special[0, 7, 1, 1], special[0, 4, 0, 1] = np.nan, np.inf, -np.inf
        yield _response_sample(f"{dtype}-special", dtype, special.shape, SampleClass.SPECIAL, data=special, **plain)
    for n in (1, 7, 16, 17, 33, 65, 257):
        yield _response_sample(f"float32-n{n}", "float32", (2, 6, 1, n), SampleClass.EDGE, **plain)
    for shape in ((1, 8, 70, 60), (2, 300, 2, 2)):
        yield _response_sample(f"float32-{named(shape)}", "float32", shape, SampleClass.EDGE, **plain)


def _single(plain: dict[str, Any]) -> Any:
    """Attributes as float32 holds them."""
    return params(**{k: v if k == "size" else float(np.float32(v)) for k, v in plain.items()})


def _response_sample(name: str, dtype: str, shape: tuple[int, ...], why: SampleClass, *, data: Array | None = None, **plain: Any) -> Sample:
    x = normal(dtype, shape, "local_response_norm", name) if data is None else normal(dtype, shape, "none", scale=0.0)
    if data is not None:
        x = replace(x, data=data.astype(x.array().dtype).tobytes())
    return Sample(name=name, dtype=dtype, inputs=(x,), params=_single(plain), why=why)


def _response(sample: Sample) -> tuple[Expected, ...]:
    """x / (k + alpha / size sum of squares)^beta: nothing cancels; the power may go through the logarithm; every step may be stored."""
    x = extended(sample.arrays()[0])
    size, alpha, beta, k = (sample.param(n) for n in ("size", "alpha", "beta", "k"))
    half = (size - 1) // 2
    with np.errstate(all="ignore"):
        square = np.pad(x * x, [(half, half) if a == 1 else (0, 0) for a in range(x.ndim)])
        base = np.longdouble(k) + np.longdouble(alpha) / size * sum(square[:, i : i + x.shape[1]] for i in range(size))
        value = x / base ** np.longdouble(beta)
        wide = ROUNDINGS[sample.dtype].sums
        scale = np.abs(value) * (beta * (wide * growth(size) + 4) + np.abs(beta * np.log(base)) + 3)
    return known(value, scale, sample, size)


RESPONSE = Scaled(
    c=2.0, c_hard=16.0, scale="|y| (beta (size u_acc / u + 4) + |beta log base| + 3)", wide_accumulation=False,
    rationale="A sum of squares does not cancel; its relative error enters with beta, as does the logarithm's where a power is"
    " exp(beta log).",
    literature="Higham 2002, ch. 3",
)  # fmt: skip

RMS_SOURCE = "Zhang and Sennrich 2019; ONNX operator specification, RMSNormalization (opset 23); torch.nn.RMSNorm"
RMS = replace(
    MOMENTS, scale="|z w| [u_acc / u (sqrt(n) / 2 + 4) + 2]",
    rationale="A sum of squares does not cancel; its root halves the error. 16-bit data: statistics in float32 (u_acc), z and z w stored.",
)  # fmt: skip


def _rms_faults(eps: Callable[[Sample], float]) -> tuple[Fault, ...]:
    return (
        faults.computed("eps-outside-root", "eps is added to the root.", _rms_fault(lambda g, square, e: g.x / (np.sqrt(square) + e), eps)),
        faults.computed("mean-subtracted", "Layer normalisation instead.", lambda s: np.asarray(
            standardised(layer(s), eps(s))[0]) if s.arrays()[0].size else None),
        faults.computed("sum-for-mean", "The sum of squares is not divided.",
                        _rms_fault(lambda g, square, e: g.x / np.sqrt(square * g.count + e), eps)),
    )  # fmt: skip


FUNCTIONS: tuple[Function, ...] = (
    normalisation(
        "group_norm", "w (x - mean) / sqrt(variance + eps) + b, mean and biased variance over each group of channels",
        "Wu and He 2018; ONNX operator specification, GroupNormalization (opset 21); torch.nn.GroupNorm",
        lambda: channels("group_norm", GROUPS, {"groups": 3}), by_group(_group), MOMENTS, *parameters_confused(), *of_group(_group),
        faults.other_params("one-group", "All channels are one group.", groups=1),
    ),
    normalisation(
        "instance_norm", "w (x - mean) / sqrt(variance + eps) + b, mean and biased variance over each channel of each sample",
        "Ulyanov, Vedaldi, Lempitsky 2016; ONNX operator specification, InstanceNormalization; torch.nn.InstanceNorm2d",
        lambda: channels("instance_norm", INSTANCES, {}, ("both", "none"), 2), by_group(_instance, stored=True), STORED,
        *parameters_confused(), *of_group(_instance),
        faults.computed("over-the-batch", "Mean and variance over the batch too.", lambda s: np.asarray(
            standardised(replace(_instance(s), axes=(0, *_instance(s).axes)), float(s.param("eps")))[0]) if s.arrays()[0].size else None),
    ),
    normalisation(
        "mean_variance_normalization", "(x - mean) / sqrt(mean (x - mean)^2) over the given axes",
        "ONNX operator specification, MeanVarianceNormalization", _mean_variance_samples, by_group(_mean_variance), MOMENTS,
        *of_group(_mean_variance)[1:],
        faults.other_params("wrong-axes", "Over the batch and the places of each channel only.", axes=(0, 2, 3)),
        eps=False,
    ),
    normalisation(
        "rms_norm", "w x / sqrt(mean x^2 + eps) over the last axes, eps being the spacing at 1 of the format unless given",
        RMS_SOURCE, _rms_samples, _rms, RMS, *_rms_faults(_eps),
        faults.other_sample("weight-ignored", "The weights are ignored.",
                            lambda s: replace(s, inputs=s.inputs[:1]) if len(s.inputs) > 1 else None),
    ),
    normalisation(
        "rms_norm_16_bit", "w x / sqrt(mean x^2 + eps) of 16-bit data: default eps of float32, the format that computes; the answer has the data's"
        " format, whatever the weights' is", RMS_SOURCE, _rms_16_bit_samples, _rms, RMS, *_rms_faults(_eps),
        faults.computed("own-format-eps", "The default eps of the data's format, not of the one that computes.", _own_eps),
        eps=False, common=COMMON[:3],
    ),
    normalisation(
        "rms_norm_eps_of_data", "x / sqrt(mean x^2 + eps) of 16-bit data, eps being the spacing at 1 of the data's format, as documented before"
        " PyTorch 2.7", RMS_SOURCE, lambda: _default_eps(FLOATS[2:]), lambda s: _rms(s, _eps_of_data), RMS,
        *_rms_faults(_eps_of_data),
        faults.computed("computing-eps", "The default eps of the format that computes.", _rms_fault(lambda g, square, e: g.x / np.sqrt(square + e))),
        eps=False, common=COMMON[:3],
    ),
    normalisation(
        "local_response_norm", "x / (k + alpha / size sum x^2)^beta, the sum over `size` neighbouring channels",
        "Krizhevsky, Sutskever, Hinton 2012; ONNX operator specification, LRN; torch.nn.LocalResponseNorm",
        _response_samples, _response, RESPONSE,
        faults.other_params("alpha-not-divided", "alpha is not divided by size.", alpha=lambda a: 5 * a),
        faults.other_params("k-ignored", "k is taken to be 1.", k=1.0),
        faults.other_params("beta-ignored", "beta is taken to be 3/4.", beta=0.75),
        faults.other_params("one-channel", "Neighbours are not counted.", size=1),
        eps=False,
    ),
)  # fmt: skip
