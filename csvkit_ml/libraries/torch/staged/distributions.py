"""Torch bindings: formulas of torch.distributions, by probabilities and by logits, with a batch of parameters or one at a time."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
CLASSES = {
    "bernoulli": ("Bernoulli", ("probs",)),
    "beta": ("Beta", ("concentration1", "concentration0")),
    "binomial": ("Binomial", ("total_count", "probs")),
    "cauchy": ("Cauchy", ("loc", "scale")),
    "chi2": ("Chi2", ("df",)),
    "continuous_bernoulli": ("ContinuousBernoulli", ("probs",)),
    "exponential": ("Exponential", ("rate",)),
    "fisher_snedecor": ("FisherSnedecor", ("df1", "df2")),
    "gamma": ("Gamma", ("concentration", "rate")),
    "generalized_pareto": ("GeneralizedPareto", ("loc", "scale", "concentration")),
    "geometric": ("Geometric", ("probs",)),
    "gumbel": ("Gumbel", ("loc", "scale")),
    "half_cauchy": ("HalfCauchy", ("scale",)),
    "half_normal": ("HalfNormal", ("scale",)),
    "inverse_gamma": ("InverseGamma", ("concentration", "rate")),
    "kumaraswamy": ("Kumaraswamy", ("concentration1", "concentration0")),
    "laplace": ("Laplace", ("loc", "scale")),
    "log_normal": ("LogNormal", ("loc", "scale")),
    "negative_binomial": ("NegativeBinomial", ("total_count", "probs")),
    "normal": ("Normal", ("loc", "scale")),
    "pareto": ("Pareto", ("scale", "alpha")),
    "poisson": ("Poisson", ("rate",)),
    "relaxed_bernoulli": ("RelaxedBernoulli", ("temperature", "probs")),
    "student_t": ("StudentT", ("df", "loc", "scale")),
    "uniform": ("Uniform", ("low", "high")),
    "von_mises": ("VonMises", ("loc", "concentration")),
    "weibull": ("Weibull", ("scale", "concentration")),
}
"""Class and parameters in the order of the samples, by distribution."""
_POINTWISE = ("log_prob", "cdf", "icdf")


def _made(t, name, arguments):
    kind, keywords = CLASSES[name]
    return getattr(t.distributions, kind)(**dict(zip(keywords, arguments)))  # noqa: B905


def _asked(t, name, quantity, columns):
    if quantity in _POINTWISE:
        return getattr(_made(t, name, columns[1:]), quantity)(columns[0])
    made = getattr(_made(t, name, columns), quantity)
    return made() if quantity == "entropy" else made


def _plain(name):
    return lambda t, p, *columns: _asked(t, name, p["quantity"], columns)


def _one_by_one(name):
    """Scalar parameters."""
    return lambda t, p, *columns: t.stack([_asked(t, name, p["quantity"], row) for row in zip(*columns)])  # noqa: B905


def _expanded(name):
    """A distribution of one parameter each, expanded, with a leading dimension of values."""

    def form(t, p, *columns):
        if p["quantity"] not in _POINTWISE:
            return t.cat([_asked(t, name, p["quantity"], [c[i : i + 1] for c in columns]) for i in range(columns[0].numel())])
        out = []
        for row in zip(*columns):  # noqa: B905
            made = _made(t, name, row[1:]).expand([2])
            out.append(getattr(made, p["quantity"])(row[0].expand(3, 2))[1, 1])
        return t.stack(out)

    return form


def _independent(name):
    """Reinterpreted as one event of one value."""

    def form(t, p, *columns):
        if p["quantity"] not in ("log_prob", "entropy"):
            return _asked(t, name, p["quantity"], columns)
        first = columns[1:] if p["quantity"] == "log_prob" else columns
        made = t.distributions.Independent(_made(t, name, [c[:, None] for c in first]), 1)
        return made.log_prob(columns[0][:, None]) if p["quantity"] == "log_prob" else made.entropy()

    return form


def _divergence(t, p, *columns):
    n = p["count"]
    return t.distributions.kl_divergence(_made(t, p["first"], columns[:n]), _made(t, p["second"], columns[n:]))


def _divergence_of_events(t, p, *columns):
    """As events of one value, where both are of one kind."""
    n = p["count"]
    if p["first"] != p["second"]:
        return _divergence(t, p, *columns)
    first, second = (
        t.distributions.Independent(_made(t, p[k], [c[:, None] for c in part]), 1)
        for k, part in (("first", columns[:n]), ("second", columns[n:]))
    )
    return t.distributions.kl_divergence(first, second)


def _binding(name):
    since = "2.9" if name == "generalized_pareto" else ""
    forms = {"plain": _plain(name), "one-by-one": _one_by_one(name), "expanded": _expanded(name), "independent": _independent(name)}
    names = ("torch.distributions." + CLASSES[name][0], "torch.distributions.Distribution")
    return Binding(function=name + "_distribution", forms=forms, names=names, dtypes=FLOATS, layouts=("strided",), since=since)


BINDINGS = (
    *(_binding(name) for name in CLASSES),
    Binding(
        function="kl_divergence",
        forms={"plain": _divergence, "events": _divergence_of_events},
        names=("torch.distributions.kl_divergence", "torch.distributions.Independent"),
        dtypes=("float32",),
        layouts=("strided",),
    ),
)
