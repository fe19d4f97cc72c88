"""Torch bindings: densities of vectors and matrices, mixtures and classes, as a batch and one at a time."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _normal(t, by, mean, lower):
    """By a factor, or by matrices that whole factors with powers of two on the diagonal make without rounding."""
    if by == "scale_tril":
        return t.distributions.MultivariateNormal(mean, scale_tril=lower)
    if by == "covariance_matrix":
        return t.distributions.MultivariateNormal(mean, covariance_matrix=lower @ lower.mT)
    back = t.linalg.solve_triangular(lower, t.eye(lower.shape[-1], dtype=lower.dtype), upper=False)
    return t.distributions.MultivariateNormal(mean, precision_matrix=back.mT @ back)


def _normals(by):
    def asked(t, quantity, *xs):
        if quantity == "log_prob":
            return _normal(t, by, *xs[1:]).log_prob(xs[0])
        if quantity == "entropy":
            return _normal(t, by, t.zeros_like(xs[0][..., 0]), xs[0]).entropy()
        return t.distributions.kl_divergence(_normal(t, by, *xs[:2]), _normal(t, by, *xs[2:]))

    return asked


def _dirichlet(t, quantity, *xs):
    d = t.distributions
    if quantity == "log_prob":
        return d.Dirichlet(xs[1]).log_prob(xs[0])
    return d.Dirichlet(xs[0]).entropy() if quantity == "entropy" else d.kl_divergence(*map(d.Dirichlet, xs))


def _wishart(t, quantity, x, freedom, lower):
    return t.distributions.Wishart(freedom[..., 0], scale_tril=lower).log_prob(x @ x.mT)


def _lkj(t, quantity, x, eta):
    return t.distributions.LKJCholesky(x.shape[-1], eta[..., 0]).log_prob(x)


def _mixture(t, quantity, x, weights, means, widths):
    d = t.distributions
    return d.MixtureSameFamily(d.Categorical(probs=weights), d.Normal(means, widths)).log_prob(x[..., 0])


def _mixture_of_events(t, quantity, x, weights, means, widths):
    """Parts are events of one value."""
    d = t.distributions
    return d.MixtureSameFamily(d.Categorical(probs=weights), d.Independent(d.Normal(means[..., None], widths[..., None]), 1)).log_prob(x)


def _classes(kind, by):
    def make(t, p):
        return getattr(t.distributions, kind)(**{by: p if by == "probs" else p.log()})

    def asked(t, quantity, *xs):
        if quantity == "log_prob":
            x = xs[0][..., 0].long()
            return make(t, xs[1]).log_prob(x if kind == "Categorical" else t.nn.functional.one_hot(x, xs[1].shape[-1]).to(xs[1].dtype))
        return make(t, xs[0]).entropy() if quantity == "entropy" else t.distributions.kl_divergence(make(t, xs[0]), make(t, xs[1]))

    return asked


def _multinomial(t, quantity, x, p):
    return t.distributions.Multinomial(20, probs=p).log_prob(x)


def _batch(asked):
    return lambda t, p, *xs: asked(t, p["quantity"], *xs)


def _rows(asked):
    return lambda t, p, *xs: t.stack([asked(t, p["quantity"], *row) for row in zip(*xs)])  # noqa: B905


def _binding(name, kinds, first, **others):
    forms = {"plain": _batch(first), "one-by-one": _rows(first), **{k: _batch(v) for k, v in others.items()}}
    names = tuple("torch.distributions." + k for k in kinds)
    return Binding(function=name + "_distribution", forms=forms, names=names, dtypes=FLOATS, layouts=("strided",))


KL = "kl_divergence"
BINDINGS = (
    _binding("multivariate_normal", ("MultivariateNormal", KL), _normals("scale_tril"), covariance=_normals("covariance_matrix"),
             precision=_normals("precision_matrix")),
    _binding("dirichlet", ("Dirichlet", KL), _dirichlet),
    _binding("wishart", ("Wishart",), _wishart),
    _binding("lkj_cholesky", ("LKJCholesky",), _lkj),
    _binding("mixture", ("MixtureSameFamily", "Independent"), _mixture, events=_mixture_of_events),
    _binding("categorical", ("Categorical", "OneHotCategorical", KL), _classes("Categorical", "probs"), logits=_classes("Categorical", "logits"),
             one_hot=_classes("OneHotCategorical", "probs")),
    _binding("multinomial", ("Multinomial",), _multinomial),
)  # fmt: skip
