"""Torch bindings: regression and analysis of variance on NIST's reference datasets, with the library's own derivatives and solvers."""

from __future__ import annotations

import math

from csvkit_ml.libraries.binding import Binding

TURN = 2 * math.pi


def _fraction(top, bottom):
    def model(t, x, b):
        above = sum(b[i] * x[0] ** i for i in range(top + 1))
        return above / (1 + sum(b[top + i] * x[0] ** i for i in range(1, bottom + 1)))

    return model


def _decays(t, x, b):
    return sum(b[i] * t.exp(-b[i + 1] * x[0]) for i in (0, 2, 4))


def _waves(t, x, b):
    found = b[0] + b[1] * t.cos(TURN * x[0] / 12) + b[2] * t.sin(TURN * x[0] / 12)
    for i in (3, 6):
        found = found + b[i + 1] * t.cos(TURN * x[0] / b[i]) + b[i + 2] * t.sin(TURN * x[0] / b[i])
    return found


def _peaks(t, x, b):
    return b[0] * t.exp(-b[1] * x[0]) + sum(b[i] * t.exp(-((x[0] - b[i + 1]) ** 2) / b[i + 2] ** 2) for i in (2, 5))


MODELS = {
    "Bennett5": lambda t, x, b: b[0] * (b[1] + x[0]) ** (-1 / b[2]),
    "BoxBOD": lambda t, x, b: b[0] * (1 - t.exp(-b[1] * x[0])),
    "Chwirut": lambda t, x, b: t.exp(-b[0] * x[0]) / (b[1] + b[2] * x[0]),
    "DanWood": lambda t, x, b: b[0] * x[0] ** b[1],
    "ENSO": _waves,
    "Eckerle4": lambda t, x, b: b[0] / b[1] * t.exp(-(((x[0] - b[2]) / b[1]) ** 2) / 2),
    "Gauss": _peaks,
    "Hahn1": _fraction(3, 3),
    "Kirby2": _fraction(2, 2),
    "Lanczos": _decays,
    "MGH09": lambda t, x, b: b[0] * (x[0] ** 2 + x[0] * b[1]) / (x[0] ** 2 + x[0] * b[2] + b[3]),
    "MGH10": lambda t, x, b: b[0] * t.exp(b[1] / (x[0] + b[2])),
    "MGH17": lambda t, x, b: b[0] + b[1] * t.exp(-x[0] * b[3]) + b[2] * t.exp(-x[0] * b[4]),
    "Misra1b": lambda t, x, b: b[0] * (1 - (1 + b[1] * x[0] / 2) ** -2),
    "Misra1c": lambda t, x, b: b[0] * (1 - (1 + 2 * b[1] * x[0]) ** -0.5),
    "Misra1d": lambda t, x, b: b[0] * b[1] * x[0] / (1 + b[1] * x[0]),
    "Nelson": lambda t, x, b: b[0] - b[1] * x[0] * t.exp(-b[2] * x[1]),
    "Rat42": lambda t, x, b: b[0] / (1 + t.exp(b[1] - b[2] * x[0])),
    "Rat43": lambda t, x, b: b[0] / (1 + t.exp(b[1] - b[2] * x[0])) ** (1 / b[3]),
    "Roszman1": lambda t, x, b: b[0] - b[1] * x[0] - t.atan(b[2] / (x[0] - b[3])) / math.pi,
}


def _solved(t, a, y, driver="gels"):
    """Least squares with columns scaled by powers of two, which changes no digit: the ranks that drivers find are then those of the problem."""
    scale = t.exp2(-t.linalg.vector_norm(a, dim=0).log2().round())
    return t.linalg.lstsq(a * scale, y, driver=driver).solution * scale.unsqueeze(1)


def _linear(driver):
    return lambda t, p, a, y: _solved(t, a, y, driver)


def _statistics(t, between, within):
    return t.stack([between, within, between / within])


def _anova(t, p, y):
    n = y.shape[1]
    return _statistics(t, n * y.mean(dim=1).var(), y.var(dim=1).mean())


def _anova_by_columns(t, p, y):
    """Observations along the first axis; variance and mean of one call."""
    variance, mean = t.var_mean(y.T.contiguous(), dim=0)
    return _statistics(t, y.shape[1] * t.var(mean, dim=0), variance.mean())


def _anova_by_deviations(t, p, y):
    k, n = y.shape
    mean = y.sum(dim=1, keepdim=True) / n
    away = mean - mean.sum() / k
    return _statistics(t, n * away.square().sum() / (k - 1), (y - mean).square().sum() / (k * (n - 1)))


def _fitted(jacobian):
    """Levenberg and Marquardt's damped steps, then Gauss-Newton steps."""

    def form(t, p, x, y, start):
        model = MODELS[p["model"]]

        def response(b):
            return model(t, x, b)

        b, damping, reach = start.clone(), 1e-3, t.zeros_like(start)
        residual = y - response(b)
        for _ in range(p["damped"]):
            j = jacobian(t, response, b)
            reach = t.maximum(reach, t.linalg.vector_norm(j, dim=0))
            held = t.where(reach == 0, t.ones_like(reach), reach)
            rows = t.cat([j, math.sqrt(damping) * t.diag(held)])
            new = b + _solved(t, rows, t.cat([residual, t.zeros_like(b)]).unsqueeze(1)).squeeze(1)
            after, settled = y - response(new), bool(((new - b).abs() <= 1e-13 * b.abs()).all())
            if bool(t.isfinite(after).all()) and float(after @ after) <= float(residual @ residual):
                b, residual, damping = new, after, max(damping / 10, 1e-15)
            else:
                damping = min(damping * 10, 1e10)
            if settled:
                break
        for _ in range(p["undamped"]):
            before, b = b, b + _solved(t, jacobian(t, response, b), (y - response(b)).unsqueeze(1)).squeeze(1)
            if bool(((b - before).abs() <= 1e-13 * b.abs()).all()):
                break
        return b

    return form


def _forward(t, response, b):
    return t.func.jacfwd(response)(b)


def _reverse(t, response, b):
    return t.func.jacrev(response)(b)


def _by_backward(t, response, b):
    """The graph-building engine, all rows of the Jacobian in one batch."""
    with t.enable_grad():
        return t.autograd.functional.jacobian(response, b, vectorize=True)


def _lbfgs(line):
    def form(t, p, x, y, start, turn):
        model = MODELS[p["model"]]
        with t.enable_grad():
            away = t.zeros_like(start, requires_grad=True)
            optimiser = t.optim.LBFGS([away], lr=1.0, max_iter=p["steps"], tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe", **line)

            def loss():
                optimiser.zero_grad()
                value = ((y - model(t, x, start + turn @ away)) / p["spread"]).square().sum() / 2
                value.backward()
                return value

            optimiser.step(loss)
            return (start + turn @ away).detach()

    return form


DOUBLE = ("float64",)
BINDINGS = (
    Binding(
        function="strd_linear",
        forms={
            "plain": lambda t, p, a, y: t.linalg.lstsq(a, y, driver="gels").solution,
            **{driver: _linear(driver) for driver in ("gelsy", "gelsd", "gelss")},
        },
        names=("torch.linalg.lstsq",),
        dtypes=DOUBLE,
        layouts=(),
    ),
    Binding(
        function="strd_anova",
        forms={"plain": _anova, "columns": _anova_by_columns, "deviations": _anova_by_deviations},
        names=("torch.Tensor.mean", "torch.Tensor.var", "torch.var_mean"),
        dtypes=DOUBLE,
        layouts=(),
    ),
    Binding(
        function="strd_nonlinear",
        forms={"plain": _fitted(_forward)},
        aliases={"torch.func.jacrev": _fitted(_reverse), "torch.autograd.functional.jacobian": _fitted(_by_backward)},
        names=("torch.func.jacfwd", "torch.func.jacrev", "torch.autograd.functional.jacobian", "torch.linalg.lstsq"),
        dtypes=DOUBLE,
        layouts=(),
    ),
    Binding(
        function="strd_lbfgs",
        forms={"plain": _lbfgs({}), "short-memory": _lbfgs({"history_size": 5})},
        names=("torch.optim.LBFGS",),
        dtypes=DOUBLE,
        layouts=(),
    ),
)
