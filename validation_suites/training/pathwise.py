"""Gradients of drawn values by the parameters of their law: judged by the value that came out, whatever noise it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import mpmath
import numpy as np

from csvkit_ml.criteria import FORMATS
from csvkit_ml.criteria.comparison import differences
from csvkit_ml.criteria.laws import law
from csvkit_ml.criteria.residuals import Residual, measurement
from csvkit_ml.model.function import Expected, Fault, Function, Measurement, Results, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from csvkit_ml.references.term_sums import term_sum
from validation_suites.training.multivariate import DIGITS, exactly, solved
from validation_suites.training.pathwise_laws import IMPLICIT, LAWS, Moving, moved_beta

DTYPES = ("float32", "float64")
ROWS, MORE = 12, {"beta": 60}
"""Values that are drawn; more where an approximation has several pieces."""
BY_ID = {m.id: m for m in (*LAWS, *IMPLICIT)}
APPROXIMATED = {"gamma": (0,), "chi2": (0,), "inverse_gamma": (0,), "beta": (0, 1), "dirichlet": (0,)}
"""Arguments by which published methods approximate the derivative."""


def by_law(name: str, y: Array, arguments: tuple[Array, ...]) -> list[Expected]:
    """Derivatives of values y of a law of one number by every argument that is asked, certified."""
    columns = [np.asarray(c, dtype=np.float64) for c in (y, *arguments)]
    return [term_sum(formula, *columns, dtype="float64") for formula in BY_ID[name].by if formula is not None]


def _normal(y: Any, v: Any, mean: Any, lower: Any) -> list[tuple[Any, Any]]:
    """y = mean + L z: v, and v z' below the diagonal."""
    z, slack = solved(lower, y - mean)
    inverse = np.array((mpmath.matrix(lower.tolist()) ** -1).tolist(), dtype=object).reshape(lower.shape)
    slack = slack + abs(inverse) @ (abs(y) + abs(mean))
    return [(v, 0 * abs(v)), (np.tril(np.outer(v, z)), np.tril(np.outer(abs(v), slack)))]


def _relaxed(y: Any, v: Any, temperature: Any, logits: Any) -> list[tuple[Any, Any]]:
    """y = softmax((logits + noise) / t): J v by the logits and -J log y . v by t, J = (diag y - y y') / t."""
    t, n = temperature[0], len(y)
    log = np.array([mpmath.log(a) for a in y], dtype=object)
    pull = y * (v - y @ v) / t
    size = y * (abs(v) + y @ abs(v)) / t
    widest = max(abs(log)) * t + max(abs(logits))
    slack = size * (n + (widest / t + 1) * 2)
    return [(np.array([-(pull @ log)]), np.array([slack @ (abs(log) + 1) + (size @ abs(log))])), (pull, slack)]


def _dirichlet(y: Any, v: Any, a: Any) -> list[tuple[Any, Any]]:
    """Along rays towards the corners: dy_i/da_j = D_j (d_ij - y_i), D_j (1 - y_j) the derivative of the part's own beta law."""
    total = [float(a.sum() - c) for c in a]
    own = np.array([mpmath.mpf(float(moved_beta(float(c), t, float(x))[0])) for c, t, x in zip(a, total, y, strict=True)], dtype=object)
    rate = own / (1 - y)
    return [(rate * (v - v @ y), rate * (abs(v) + abs(v) @ y))]


VECTORS: dict[str, Callable[..., list[tuple[Any, Any]]]] = {"multivariate_normal": _normal, "relaxed_one_hot": _relaxed, "dirichlet": _dirichlet}
"""By law: (value, weights of its elements, *arguments), one row each -> (derivative of the weighted sum, natural scale) by argument."""


def by_vector(name: str, y: Array, arguments: tuple[Array, ...]) -> list[Expected]:
    """Derivatives of the sum of weights times values, row by row, in forty digits; the first argument holds the weights."""
    with mpmath.workdps(DIGITS):
        rows = [VECTORS[name](*(exactly(a) for a in row)) for row in zip(y, *arguments, strict=True)]
        made = []
        for parts in zip(*rows, strict=True):
            value, scale = (np.array([p[k] for p in parts], dtype=object).astype(np.float64) for k in (0, 1))
            scale = scale + np.abs(value)
            radius = (1e-14 if name == "dirichlet" else 2.0**-52) * scale
            made.append(Expected(name="g", dtype="float64", value=value, radius=radius, scale=scale, any_sign_of_zero=True))
    return made


def derivatives(name: str, y: Array, arguments: tuple[Array, ...], dtype: str) -> list[Expected]:
    """By every argument that is asked; outputs are named y1, y2, ..."""
    made = (by_vector if name in VECTORS else by_law)(name, y, arguments)
    return [replace(e, name=f"y{i + 1}", dtype=dtype) for i, e in enumerate(made)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pathwise:
    """|g - g(y)| <= c u s + a |g(y)|, y the value that was drawn with the gradient g; s as the law's formula has it."""

    law: str
    c: float = 8.0
    c_hard: float = 128.0
    approximation: float = 1e-3
    approximation_hard: float = 1e-2
    kind: str = "pathwise gradient"
    rationale: str = (
        "The gradient belongs to the value that is returned with it; s holds the terms of the derivative, and what the rounding of the value does"
        " to it. Where published methods approximate the implicit derivative, their accuracy class is three digits."
    )
    literature: str = (
        "Figurnov, Mohamed and Mnih 2018; Jankowiak and Obermeyer 2018; pytorch/pytorch pull request 4421 (largest relative error of its approximation:"
        " 0.001); Higham 2002, ch. 3"
    )

    @property
    def formula(self) -> str:
        more = f" + {self.approximation:g} s (hard: {self.approximation_hard:g} s)" if self.law in APPROXIMATED else ""
        return f"{self.law}: y finite; |g - g(y)| <= {self.c:g} u s + u |g|{more}; hard: {self.c_hard:g} u s + u |g|"

    def measure(self, actual: Array, expected: Expected) -> Measurement:
        """Judge the values alone: they are finite."""
        wrong = np.where(np.isfinite(actual.astype(np.float64)), 0.0, np.inf)
        return measurement(Residual(name=expected.name, values=wrong, limit=1.0, hard=1.0), int(actual.size))

    def measure_jointly(self, actual: Results, expected: tuple[Expected, ...]) -> tuple[Measurement, ...]:
        """Judge values [rows, ...] and their gradients; Expected.extra of the first: the arguments, by position."""
        first = self.measure(actual[0], expected[0])
        if first.offenders:
            return (first,)
        arguments = tuple(expected[0].extra[str(i)] for i in range(len(expected[0].extra)))
        truths = derivatives(self.law, actual[0].astype(np.float64), arguments, expected[0].dtype)
        return (first, *(differences(g, e, self._limits(i)) for i, (g, e) in enumerate(zip(actual[1:], truths, strict=True))))

    def _limits(self, argument: int) -> Callable[[Expected], tuple[Array, Array]]:
        about = argument in APPROXIMATED.get(self.law, ())

        def limits(e: Expected) -> tuple[Array, Array]:
            u, size, scale = FORMATS[e.dtype].u, np.abs(e.value), np.asarray(e.scale)
            final = u * size + FORMATS[e.dtype].tiny
            band, hard = self.c * u * scale + final, self.c_hard * u * scale + final
            return band + self.approximation * scale * about, hard + self.approximation_hard * scale * about

        return limits


def _rows(moving: Moving, dtype: str, rows: int) -> tuple[Tensor, ...]:
    table = [moving.arguments[i % len(moving.arguments)] for i in range(rows)]
    return tuple(Tensor.of(np.array(c), dtype) for c in zip(*table, strict=True))


def _samples(laws: tuple[Moving, ...]) -> Iterable[Sample]:
    for i, (m, dtype) in enumerate((m, d) for m in laws for d in DTYPES):
        why = SampleClass.COVERING if i else SampleClass.ORDINARY
        inputs = _rows(m, dtype, MORE.get(m.id, ROWS))
        yield Sample(name=f"{dtype}-{m.id.replace('_', '-')}", dtype=dtype, inputs=inputs, params=params(law=m.id, seed=11 + i), why=why)
    for m in laws[:2]:
        yield Sample(name=f"float32-{m.id}-n1", dtype="float32", inputs=_rows(m, "float32", 1), params=params(law=m.id, seed=5), why=SampleClass.EDGE)


def _vector_samples() -> Iterable[Sample]:
    for i, (name, dtype, (rows, n)) in enumerate((v, d, s) for v in VECTORS for d in DTYPES for s in ((4, 3), (1, 2), (6, 5))):
        r = seed_for("pathwise", name, dtype, str(n))
        v, spread = r.normal(size=(rows, n)), r.normal(size=(rows, n))
        lower = np.tril(r.integers(-1, 2, (rows, n, n)), -1) + np.eye(n) * 2.0 ** r.integers(-1, 2, (rows, 1, n))
        arguments = {"multivariate_normal": (spread, lower), "relaxed_one_hot": (np.exp(spread[:, :1] / 4), spread), "dirichlet": (np.exp(spread) + 0.25,)}
        inputs = tuple(Tensor.of(a, dtype) for a in (v, *arguments[name]))
        why = SampleClass.EDGE if rows == 1 else SampleClass.COVERING if i else SampleClass.ORDINARY
        label = f"{dtype}-{name.replace('_', '-')}-n{n}-rows{rows}"
        yield Sample(name=label, dtype=dtype, inputs=inputs, params=params(law=name, seed=31 + i), why=why)


def drawn(sample: Sample) -> Array:
    """Values of the reference's own draw, rounded to the sample's dtype."""
    name, arguments = sample.param("law"), [a.astype(np.float64) for a in sample.arrays()]
    r = seed_for("pathwise draw", sample.name)
    if name in BY_ID:
        y, rows = r.uniform(0.02, 0.98, len(arguments[0])), np.stack(arguments, axis=1)
        for a in np.unique(rows, axis=0):
            here = (rows == a).all(axis=1)
            y[here] = law(BY_ID[name].law, *a.tolist()).ppf(y[here])
    elif name == "multivariate_normal":
        y = arguments[1] + np.einsum("rij,rj->ri", arguments[2], r.normal(size=arguments[1].shape))
    elif name == "dirichlet":
        y = np.stack([r.dirichlet(a) for a in arguments[1]])
    else:
        score = np.exp((arguments[2] + r.gumbel(size=arguments[2].shape)) / arguments[1])
        y = score / score.sum(axis=1, keepdims=True)
    return np.asarray(y.astype(sample.dtype).astype(np.float64))


def reference(sample: Sample) -> tuple[Expected, ...]:
    """Values of a draw of its own, and their derivatives; the criterion derives those of the values that it is given."""
    arguments, y = tuple(a.astype(np.float64) for a in sample.arrays()), drawn(sample)
    first = Expected(name="y", dtype=sample.dtype, value=y, extra={str(i): a for i, a in enumerate(arguments)})
    return (first, *derivatives(sample.param("law"), y, arguments, sample.dtype))


def _of_gradients(id: str, sentence: str, change: Callable[[Array], Array]) -> Fault:
    """A change of every gradient; the values stay."""

    def apply(_: Function, __: Sample, results: Results) -> Results | None:
        made = tuple(np.asarray(change(g.astype(np.float64)).astype(g.dtype)) for g in results[1:])
        return None if all(m.tobytes() == g.tobytes() for m, g in zip(made, results[1:], strict=True)) else (results[0], *made)

    return Fault(id=id, sentence=sentence, apply=apply)


def _tail(g: Array) -> Array:
    g.reshape(-1)[-1] = g.reshape(-1)[-1] * 1.5 + 0.5
    return g


def _other_draw(_: Function, sample: Sample, results: Results) -> Results:
    """Values are those of another draw than the gradients."""
    return (drawn(replace(sample, name="other " + sample.name)).astype(results[0].dtype), *results[1:])


def _function(id: str, requirement: str, samples: Callable[[], Iterable[Sample]], oracle: str, *more: Fault) -> Function:
    return Function(
        id=id, side=Side.TRAINING, area="distributions", requirement=requirement,
        source="PyTorch documentation, torch.distributions, rsample; Figurnov, Mohamed and Mnih 2018; Jankowiak and Obermeyer 2018", oracle=oracle,
        samples=samples, reference=reference, criterion=lambda sample: Pathwise(law=sample.param("law")),
        faults=(
            _of_gradients("gradient-off", "Gradients are off by a relative 1e-4.", lambda g: g * (1 + 1e-4)),
            _of_gradients("negated", "Gradients have the other sign.", lambda g: -g),
            _of_gradients("detached", "The value does not depend on the parameters.", lambda g: 0 * g),
            _of_gradients("off-by-one", "Gradients land one row too far.", lambda g: np.roll(g, 1, axis=0)),
            _of_gradients("tail-element", "The last element alone is wrong.", _tail),
            Fault(id="other-draw", sentence="Gradients are those of another draw.", apply=_other_draw), *more,
        ),
    )  # fmt: skip


def _approximation_off(_: Function, sample: Sample, results: Results) -> Results | None:
    about = APPROXIMATED.get(sample.param("law"))
    if about is None:
        return None
    return (results[0], *((g * 1.02).astype(g.dtype) if i in about else g for i, g in enumerate(results[1:])))


APPROXIMATION_OFF = Fault(id="approximation-off", sentence="Derivatives that are approximated are off by two hundredths.", apply=_approximation_off)
FUNCTIONS: tuple[Function, ...] = (
    _function(
        "pathwise_gradient", "The library shall return, with a value that is a transform of noise, its derivative by every parameter of the law.",
        lambda: _samples(LAWS), "certified: Arb balls at the value that was drawn",
    ),
    _function(
        "implicit_gradient", "The library shall return, with a value drawn by rejection, -(dF/dp) / f at it, to the three digits of published methods.",
        lambda: _samples(IMPLICIT), "certified: series in Arb balls at the value that was drawn", APPROXIMATION_OFF,
    ),
    _function(
        "pathwise_vector_gradient", "The library shall return, with a vector that is drawn, the derivative of its elements by the parameters of the law.",
        _vector_samples, "forty digits at the value that was drawn; parts of a Dirichlet vector: series in Arb balls", APPROXIMATION_OFF,
    ),
)  # fmt: skip
