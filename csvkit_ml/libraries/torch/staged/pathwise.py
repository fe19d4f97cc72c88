"""Torch bindings: values of torch.distributions by rsample, with their gradients by the parameters."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.distributions import CLASSES

FLOATS = ("float32", "float64")
FIXED = {"student_t": (0,)}
"""Parameters that are given without a gradient."""
ONE_NUMBER = (
    "normal", "laplace", "cauchy", "gumbel", "uniform", "exponential", "half_normal", "half_cauchy", "log_normal", "weibull", "pareto", "kumaraswamy",
    "continuous_bernoulli", "relaxed_bernoulli", "student_t",
)  # fmt: skip
IMPLICIT = ("gamma", "chi2", "inverse_gamma", "beta")


def _leaves(p, columns):
    fixed = FIXED.get(p["law"], ())
    return [c.detach().clone().requires_grad_(i not in fixed) for i, c in enumerate(columns)]


def _made(t, p, leaves):
    kind, keywords = CLASSES[p["law"]]
    return getattr(t.distributions, kind)(**dict(zip(keywords, leaves)))  # noqa: B905


def _plain(t, p, *columns):
    t.manual_seed(p["seed"])
    leaves = _leaves(p, columns)
    y = _made(t, p, leaves).rsample()
    y.sum().backward()
    return [y.detach(), *(leaf.grad for leaf in leaves if leaf.requires_grad)]


def _independent(t, p, *columns):
    """As one event, differentiated by the function of autograd."""
    t.manual_seed(p["seed"])
    leaves = _leaves(p, columns)
    y = t.distributions.Independent(_made(t, p, leaves), 1).rsample()
    return [y.detach(), *t.autograd.grad(y, [leaf for leaf in leaves if leaf.requires_grad], t.ones_like(y))]


def _one_by_one(t, p, *columns):
    """Scalar parameters, each its own draw."""
    rows = [_plain(t, dict(p, seed=p["seed"] + i), *row) for i, row in enumerate(zip(*columns))]  # noqa: B905
    return [t.stack(part) for part in zip(*rows)]  # noqa: B905


def _many(t, p, *columns):
    """Parameters of one number in a batch of one, several draws each: the gradient is that of the draw which is asked alone."""
    t.manual_seed(p["seed"])
    leaves = _leaves(p, columns)
    y = _made(t, p, leaves).rsample((3,))
    y[1].sum().backward()
    return [y.detach()[1], *(leaf.grad for leaf in leaves if leaf.requires_grad)]


def _vector(t, p, arguments):
    d = t.distributions
    if p["law"] == "multivariate_normal":
        return d.MultivariateNormal(arguments[0], scale_tril=arguments[1])
    if p["law"] == "dirichlet":
        return d.Dirichlet(arguments[0])
    return None


def _drawn(t, p, leaves, shape):
    """Temperatures are one number each in this class, so that rows are drawn one by one."""
    if p["law"] == "relaxed_one_hot":
        rows = [t.distributions.RelaxedOneHotCategorical(a[0], logits=b).rsample(shape) for a, b in zip(*leaves)]  # noqa: B905
        return t.stack(rows, -2)
    return _vector(t, p, leaves).rsample(shape)


def _vectors(shape):
    def form(t, p, weights, *arguments):
        t.manual_seed(p["seed"])
        leaves = [a.detach().clone().requires_grad_(True) for a in arguments]
        y = _drawn(t, p, leaves, shape)
        y = y[-1] if shape else y
        (y * weights).sum().backward()
        return [y.detach(), *(leaf.grad.tril() if leaf.dim() == 3 else leaf.grad for leaf in leaves)]

    return form


def _binding(function, forms, names):
    return Binding(function=function, forms=forms, names=tuple("torch.distributions." + n for n in names), dtypes=FLOATS, layouts=("strided",))


WAYS = {"plain": _plain, "independent": _independent, "one-by-one": _one_by_one, "draws": _many}
BINDINGS = (
    _binding("pathwise_gradient", WAYS, ("Distribution", "Independent", *(CLASSES[k][0] for k in ONE_NUMBER))),
    _binding("implicit_gradient", WAYS, ("Distribution", "Independent", *(CLASSES[k][0] for k in IMPLICIT))),
    _binding("pathwise_vector_gradient", {"plain": _vectors(()), "draws": _vectors((3,))}, ("MultivariateNormal", "RelaxedOneHotCategorical", "Dirichlet")),
)
