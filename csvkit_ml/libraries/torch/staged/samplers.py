"""Torch bindings: samplers of one number, by in-place methods, functions and torch.distributions.

A form gets the seed, the law's arguments and how many draws; with the edges of cells it draws in pieces and returns the counts.
"""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

FLOATS = ("float32", "float64")
_PIECE = 250_000
"""Draws at a time."""


def _form(draw):
    """`draw(t, arguments, n, dtype)` gives n values."""

    def form(t, p, *edges):
        t.manual_seed(p["seed"])
        dtype, n = getattr(t, p["dtype"]), p["draws"]
        if not edges:
            return draw(t, p["arguments"], n, dtype).to(dtype)
        counts = t.zeros(edges[0].numel() + 1, dtype=t.int64)
        for _ in range(n // _PIECE):
            counts += t.bincount(t.bucketize(draw(t, p["arguments"], _PIECE, dtype).double(), edges[0]), minlength=counts.numel())
        return counts

    return form


def _tensors(t, arguments, n, dtype):
    return [t.full((n,), a, dtype=dtype) for a in arguments]


def _method(name, arguments=tuple, after=None):
    """An in-place method of an empty tensor."""

    def draw(t, values, n, dtype):
        y = getattr(t.empty(n, dtype=dtype), name)(*arguments(values))
        return after(y) if after else y

    return _form(draw)


def _class(name, keywords, sample="sample", before=None):
    """A class of torch.distributions with arguments by keyword, asked for one sample of a whole shape."""

    def draw(t, values, n, dtype):
        given = {k: t.tensor(v, dtype=dtype) for k, v in zip(keywords, before(values) if before else values)}  # noqa: B905
        return getattr(getattr(t.distributions, name)(**given), sample)((n,))

    return _form(draw)


def _batch(name, keywords, sample="sample", before=None):
    """The same with a batch of equal parameters, one draw of each."""

    def draw(t, values, n, dtype):
        tensors = _tensors(t, before(values) if before else values, n, dtype)
        return getattr(getattr(t.distributions, name)(**dict(zip(keywords, tensors))), sample)()  # noqa: B905

    return _form(draw)


def _both(name, keywords, reparametrised=True):
    sample = "rsample" if reparametrised else "sample"
    return {"plain": _class(name, keywords), "batch": _batch(name, keywords, sample)}


def _binding(function, names, forms, since=""):
    return Binding(function=function + "_sampler", forms=forms, names=names, dtypes=FLOATS, layouts=(), since=since)


def _named(function, name, keywords, reparametrised=True, since=""):
    return _binding(function, ("torch.distributions." + name,), _both(name, keywords, reparametrised), since)


def _function(name):
    """torch.<name> of tensors of parameters."""
    return _form(lambda t, values, n, dtype: getattr(t, name)(*_tensors(t, values, n, dtype)))


def _pairs(t, values, n, dtype):
    """Normal: tensors of means and deviations, then a mean alone, then a deviation alone."""
    mean, sd = _tensors(t, values, n, dtype)
    third = n // 3
    return t.cat([t.normal(mean[:third], sd[:third]), t.normal(values[0], sd[third : 2 * third]), t.normal(mean[2 * third :], values[1])])


def _randint_like(t, values, n, dtype):
    return t.randint_like(t.empty(n, dtype=dtype), values[0], values[1])


def _categorical(t, values, n, dtype):
    low, high = values
    return t.distributions.Categorical(probs=t.ones(high - low, dtype=dtype)).sample((n,)) + low


def _multinomial(t, values, n, dtype):
    low, high = values
    return t.multinomial(t.full((high - low,), 3.0, dtype=dtype), n, replacement=True) + low


def _multinomial_bernoulli(t, values, n, dtype):
    return t.multinomial(t.tensor([1 - values[0], values[0]], dtype=dtype), n, replacement=True)


def _one_hot(name):
    def draw(t, values, n, dtype):
        made = getattr(t.distributions, name)(t.tensor([1 - values[0], values[0]], dtype=dtype))
        return (made.rsample if name.endswith("Through") else made.sample)((n,))[:, 1]

    return _form(draw)


def _multinomial_marginal(t, values, n, dtype):
    made = t.distributions.Multinomial(int(values[0]), t.tensor([values[1], (1 - values[1]) / 3, (1 - values[1]) * 2 / 3], dtype=dtype))
    return made.sample((n,))[:, 0]


def _binomial_class(t, values, n, dtype):
    return t.distributions.Binomial(int(values[0]), t.tensor(values[1], dtype=dtype)).sample((n,))


def _dirichlet_marginal(t, values, n, dtype):
    return t.distributions.Dirichlet(t.tensor([values[0], values[1] / 3, values[1] * 2 / 3], dtype=dtype)).rsample((n,))[:, 0]


def _wishart_diagonal(t, values, n, dtype):
    """A diagonal element over that of the scale matrix."""
    scale = t.tensor([[2.0, 0.5], [0.5, 1.0]], dtype=dtype)
    return t.distributions.Wishart(t.tensor(values[0], dtype=dtype), covariance_matrix=scale).rsample((n,))[:, 1, 1]


def _standardised(t, y, mean, lower, values):
    """Whitened values of a normal vector, given the mean and deviation that are asked."""
    z = t.linalg.solve_triangular(lower.double(), (y - mean).double().mT, upper=False).mT.reshape(-1)
    return z * values[1] + values[0]


def _rotation(t, dtype):
    return t.tensor([[1.0, 0.0], [0.5, 2.0]], dtype=dtype), t.tensor([1.0, -1.0], dtype=dtype)


def _vector_normal(t, values, n, dtype):
    lower, mean = _rotation(t, dtype)
    y = t.distributions.MultivariateNormal(mean, scale_tril=lower).rsample((n // 2,))
    return _standardised(t, y, mean, lower, values)


def _low_rank(t, values, n, dtype):
    factor, diagonal, mean = t.tensor([[1.0], [2.0]], dtype=dtype), t.tensor([0.5, 1.0], dtype=dtype), t.tensor([1.0, -1.0], dtype=dtype)
    y = t.distributions.LowRankMultivariateNormal(mean, factor, diagonal).rsample((n // 2,))
    lower = t.linalg.cholesky((factor @ factor.mT + t.diag(diagonal)).double())
    return _standardised(t, y, mean, lower, values)


def _independent(t, values, n, dtype):
    made = t.distributions.Normal(t.full((4,), values[0], dtype=dtype), t.full((4,), values[1], dtype=dtype))
    return t.distributions.Independent(made, 1).rsample((n // 4,)).reshape(-1)


def _transformed(t, values, n, dtype):
    base = t.distributions.Normal(t.zeros((), dtype=dtype), t.ones((), dtype=dtype))
    return t.distributions.TransformedDistribution(base, [t.distributions.AffineTransform(values[0], values[1])]).rsample((n,))


def _exp_transformed(t, values, n, dtype):
    base = t.distributions.Normal(t.tensor(values[0], dtype=dtype), t.tensor(values[1], dtype=dtype))
    return t.distributions.TransformedDistribution(base, [t.distributions.ExpTransform()]).sample((n,))


def _relaxed_pair(t, values, n, dtype):
    """Two classes: the first part follows the law of the relaxed Bernoulli."""
    made = t.distributions.RelaxedOneHotCategorical(
        t.tensor(values[0], dtype=dtype), probs=t.tensor([values[1], 1 - values[1]], dtype=dtype)
    )
    return made.rsample((n,))[:, 0]


def _relaxed(t, values, n, dtype):
    return t.distributions.RelaxedBernoulli(t.tensor(values[0], dtype=dtype), probs=t.tensor(values[1], dtype=dtype)).rsample((n,))


def _mixture(t, values, n, dtype):
    w, a, b = values
    parts = t.distributions.Normal(t.tensor([a, b], dtype=dtype), t.ones(2, dtype=dtype))
    return t.distributions.MixtureSameFamily(t.distributions.Categorical(t.tensor([w, 1 - w], dtype=dtype)), parts).sample((n,))


def _log_ratio(t, values, n, dtype):
    y = t.distributions.LogisticNormal(t.tensor([values[0]], dtype=dtype), t.tensor([values[1]], dtype=dtype)).rsample((n,)).double()
    return y[:, 0].log() - y[:, 1].log()


def _correlation(t, values, n, dtype):
    """Of a 3 x 3 matrix: each correlation follows the beta law of eta + 1/2 on [-1, 1]."""
    lower = t.distributions.LKJCholesky(3, t.tensor(values[0] - 0.5, dtype=dtype)).sample((n,))
    return (lower[:, 2] * lower[:, 1]).sum(-1)


def _truncated(t, values, n, dtype):
    return t.nn.init.trunc_normal_(t.empty(n, dtype=dtype), *values)


BINDINGS = (
    _binding(
        "rectangular",
        ("torch.Tensor.uniform_", "torch.distributions.Uniform", "torch.nn.init.uniform_"),
        {
            **_both("Uniform", ("low", "high")),
            "method": _method("uniform_"),
            "init": _form(lambda t, v, n, dtype: t.nn.init.uniform_(t.empty(n, dtype=dtype), *v)),
        },
    ),
    _binding(
        "gaussian",
        (
            "torch.normal",
            "torch.Tensor.normal_",
            "torch.distributions.Normal",
            "torch.distributions.MultivariateNormal",
            "torch.nn.init.normal_",
            "torch.distributions.LowRankMultivariateNormal",
            "torch.distributions.Independent",
            "torch.distributions.TransformedDistribution",
        ),
        {
            **_both("Normal", ("loc", "scale")),
            "method": _method("normal_"),
            "function": _form(_pairs),
            "vector": _form(_vector_normal),
            "init": _form(lambda t, v, n, dtype: t.nn.init.normal_(t.empty(n, dtype=dtype), *v)),
            "low-rank": _form(_low_rank),
            "independent": _form(_independent),
            "transformed": _form(_transformed),
        },
    ),
    _binding(
        "exponential",
        ("torch.Tensor.exponential_", "torch.distributions.Exponential"),
        {**_both("Exponential", ("rate",)), "method": _method("exponential_")},
    ),
    _binding(
        "bernoulli",
        (
            "torch.bernoulli",
            "torch.Tensor.bernoulli",
            "torch.Tensor.bernoulli_",
            "torch.distributions.Bernoulli",
            "torch.multinomial",
            "torch.distributions.OneHotCategorical",
            "torch.distributions.OneHotCategoricalStraightThrough",
        ),
        {
            "plain": _function("bernoulli"),
            "class": _class("Bernoulli", ("probs",)),
            "method": _method("bernoulli_"),
            "tensor": _form(lambda t, v, n, dtype: t.full((n,), v[0], dtype=dtype).bernoulli()),
            "probabilities": _form(lambda t, v, n, dtype: t.empty(n, dtype=dtype).bernoulli_(t.tensor(v[0], dtype=dtype))),
            "multinomial": _form(_multinomial_bernoulli),
            "one-hot": _one_hot("OneHotCategorical"),
            "straight-through": _one_hot("OneHotCategoricalStraightThrough"),
        },
    ),
    _binding(
        "discrete_uniform",
        (
            "torch.randint",
            "torch.randint_like",
            "torch.Tensor.random_",
            "torch.multinomial",
            "torch.Tensor.multinomial",
            "torch.distributions.Categorical",
        ),
        {
            "plain": _form(lambda t, v, n, dtype: t.randint(v[0], v[1], (n,))),
            "like": _form(_randint_like),
            "method": _method("random_"),
            "multinomial": _form(_multinomial),
            "categorical": _form(_categorical),
            "rows": _form(
                lambda t, v, n, dtype: t.ones(n // 40, v[1] - v[0], dtype=dtype).multinomial(40, replacement=True).reshape(-1) + v[0]
            ),
        },
    ),
    _binding(
        "binomial",
        ("torch.binomial", "torch.distributions.Binomial", "torch.distributions.Multinomial"),
        {"plain": _form(_binomial_class), "function": _function("binomial"), "multinomial": _form(_multinomial_marginal)},
    ),
    _binding(
        "poisson", ("torch.poisson", "torch.distributions.Poisson"), {"plain": _function("poisson"), "class": _class("Poisson", ("rate",))}
    ),
    _binding(
        "geometric",
        ("torch.Tensor.geometric_", "torch.distributions.Geometric"),
        {"plain": _class("Geometric", ("probs",)), "method": _method("geometric_", after=lambda y: y - 1)},
    ),
    _named("negative_binomial", "NegativeBinomial", ("total_count", "probs"), reparametrised=False),
    _binding(
        "cauchy",
        ("torch.Tensor.cauchy_", "torch.distributions.Cauchy"),
        {**_both("Cauchy", ("loc", "scale")), "method": _method("cauchy_")},
    ),
    _binding(
        "log_normal",
        ("torch.Tensor.log_normal_", "torch.distributions.LogNormal", "torch.distributions.ExpTransform"),
        {**_both("LogNormal", ("loc", "scale")), "method": _method("log_normal_"), "transformed": _form(_exp_transformed)},
    ),
    _binding(
        "beta",
        ("torch.distributions.Beta", "torch.distributions.Dirichlet"),
        {**_both("Beta", ("concentration1", "concentration0")), "dirichlet": _form(_dirichlet_marginal)},
    ),
    _named("gamma", "Gamma", ("concentration", "rate")),
    _named("inverse_gamma", "InverseGamma", ("concentration", "rate")),
    _named("chi2", "Chi2", ("df",)),
    _named("fisher_snedecor", "FisherSnedecor", ("df1", "df2")),
    _named("student_t", "StudentT", ("df", "loc", "scale")),
    _named("laplace", "Laplace", ("loc", "scale")),
    _named("gumbel", "Gumbel", ("loc", "scale")),
    _named("half_normal", "HalfNormal", ("scale",)),
    _named("half_cauchy", "HalfCauchy", ("scale",)),
    _named("pareto", "Pareto", ("scale", "alpha")),
    _named("generalized_pareto", "GeneralizedPareto", ("loc", "scale", "concentration"), since="2.9"),
    _named("weibull", "Weibull", ("scale", "concentration")),
    _named("kumaraswamy", "Kumaraswamy", ("concentration1", "concentration0")),
    _named("continuous_bernoulli", "ContinuousBernoulli", ("probs",)),
    _named("von_mises", "VonMises", ("loc", "concentration"), reparametrised=False),
    _binding(
        "concrete",
        ("torch.distributions.RelaxedBernoulli", "torch.distributions.RelaxedOneHotCategorical"),
        {"plain": _form(_relaxed), "one-hot": _form(_relaxed_pair)},
    ),
    _binding("truncated_normal", ("torch.nn.init.trunc_normal_",), {"plain": _form(_truncated)}),
    _binding("mixture", ("torch.distributions.MixtureSameFamily",), {"plain": _form(_mixture)}),
    _binding("logistic_normal", ("torch.distributions.LogisticNormal",), {"plain": _form(_log_ratio)}),
    _binding("symmetric_beta", ("torch.distributions.LKJCholesky",), {"plain": _form(_correlation)}),
)
