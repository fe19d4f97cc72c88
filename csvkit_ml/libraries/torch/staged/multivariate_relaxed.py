"""Torch bindings: densities of the low-rank normal, of relaxed classes and of the logistic normal, as a batch and one at a time."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")


def _low_rank(t, p, *xs):
    d = t.distributions
    if p["quantity"] == "log_prob":
        return d.LowRankMultivariateNormal(*xs[1:]).log_prob(xs[0])
    if p["quantity"] == "entropy":
        return d.LowRankMultivariateNormal(t.zeros_like(xs[1]), *xs).entropy()
    return d.kl_divergence(d.LowRankMultivariateNormal(*xs[:3]), d.LowRankMultivariateNormal(*xs[3:]))


def _full(t, mean, factor, diagonal):
    return t.distributions.MultivariateNormal(mean, factor @ factor.mT + t.diag_embed(diagonal))


def _against_full(t, p, *xs):
    """The divergence from a distribution with the whole covariance."""
    if p["quantity"] != "kl":
        return _low_rank(t, p, *xs)
    return t.distributions.kl_divergence(t.distributions.LowRankMultivariateNormal(*xs[:3]), _full(t, *xs[3:]))


def _relaxed(by):
    def form(t, p, x, temperature, weights):
        given = {"probs": weights} if by == "probs" else {"logits": weights.log()}
        made = [t.distributions.RelaxedOneHotCategorical(c[0], **{k: v[i] for k, v in given.items()}) for i, c in enumerate(temperature)]
        return t.stack([m.log_prob(row) for m, row in zip(made, x)])  # noqa: B905

    return form


def _logistic(t, p, x, mean, width):
    return t.distributions.LogisticNormal(mean, width).log_prob(x)


def _rows(form):
    return lambda t, p, *xs: t.cat([form(t, p, *(x[i : i + 1] for x in xs)) for i in range(xs[0].shape[0])])


def _binding(function, names, first, **others):
    forms = {"plain": first, "one-by-one": _rows(first), **{k.replace("_", "-"): v for k, v in others.items()}}
    return Binding(function=function, forms=forms, names=tuple("torch.distributions." + n for n in names), dtypes=FLOATS, layouts=("strided",))


BINDINGS = (
    _binding("low_rank_normal_distribution", ("LowRankMultivariateNormal", "kl_divergence"), _low_rank, against_full=_against_full),
    _binding("relaxed_classes_distribution", ("RelaxedOneHotCategorical",), _relaxed("probs"), logits=_relaxed("logits")),
    _binding("logistic_normal_distribution", ("LogisticNormal",), _logistic),
)
