"""Every function that fails on a PyTorch release, proven in a few lines of plain PyTorch; nothing of mlcsv is used.

    TORCH_PYTHON specs/findings/torch_proofs.py [--json]

Each proof returns what the library gave and what the definition gives, and is *wrong* where they differ by more than the stated
allowance. One line a proof: wrong | ok | not here (the release lacks the name), what, got, expected.
"""

from __future__ import annotations

import json
import math
import random
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
import torch.nn.functional as F

Result = tuple[bool, object, object]
INF = math.inf
MAX = sys.float_info.max


@dataclass(frozen=True)
class Proof:
    """One statement about the library."""

    functions: str
    """Function ids of the suites, space separated."""
    says: str
    run: Callable[[], Result]


PROOFS: list[Proof] = []


def proof(functions: str, says: str) -> Callable[[Callable[[], Result]], Callable[[], Result]]:
    """Enter a proof."""

    def enter(run: Callable[[], Result]) -> Callable[[], Result]:
        PROOFS.append(Proof(functions, says, run))
        return run

    return enter


def full(value: float, n: int = 1, dtype: Any = torch.float32) -> Any:
    """n times the value: vectorised kernels begin at 8 or 16."""
    return torch.full((n,), value, dtype=dtype)


def near(got: float, want: float, relative: float) -> Result:
    """Wrong where the relative error exceeds the allowance."""
    if math.isnan(got) or math.isinf(got):
        return not (got == want or (math.isnan(want) and math.isnan(got))), got, want
    return abs(got - want) > relative * abs(want), got, want


def equal(got: object, want: object) -> Result:
    """Wrong where they differ; NaN equals NaN, -0 is not 0."""
    return repr(got) != repr(want), got, want


def runs(call: Callable[[], Any]) -> Result:
    """Wrong where a defined call raises."""
    try:
        call()
    except (RuntimeError, IndexError, ValueError, TypeError) as error:
        return True, f"{type(error).__name__}: {str(error)[:80]}", "a value"
    return False, "a value", "a value"


def generator() -> Any:
    """The same data every time."""
    return torch.Generator().manual_seed(0)


def transposed(x: Any) -> Any:
    """The same values with the storage in reverse order of axes."""
    axes = tuple(reversed(range(x.dim())))
    return x.permute(axes).contiguous().permute(axes)


# --- elementary functions -------------------------------------------------------------------------------------------------


@proof("gelu", "gelu(inf) of 33 float32 elements is inf")
def gelu_infinity() -> Result:
    return equal(F.gelu(full(INF, 33))[0].item(), INF)


@proof("gelu", "gelu(2^127) is 2^127")
def gelu_large() -> Result:
    return equal(F.gelu(full(2.0**127, 33))[0].item(), 2.0**127)


@proof("cast narrow_round_trip", "float64 just above the tie 2^-25 rounds up to float16's 2^-24, once")
def cast_half() -> Result:
    return equal(full(2.0**-25 * (1 + 2.0**-40), dtype=torch.float64).half().item(), 2.0**-24)


@proof("cast_bfloat16 narrow_round_trip", "float64 just above the tie 1 + 2^-8 rounds up to bfloat16's 1 + 2^-7, once")
def cast_brain() -> Result:
    return equal(full(1 + 2.0**-8 + 2.0**-40, dtype=torch.float64).bfloat16().item(), 1 + 2.0**-7)


@proof("number_div", "0 / 1e-45 is 0 (IEEE 754: a quotient is rounded once)")
def number_over_tensor() -> Result:
    return equal((0.0 / full(1e-45)).item(), 0.0)


@proof("sinh cosh", "cosh(89) is 2.2e38 in float32, vectorised or not")
def cosh_vectorised() -> Result:
    return near(torch.cosh(full(89.0, 33))[0].item(), math.cosh(89.0), 1e-5)


@proof("i0 i1 modified_bessel_i0 modified_bessel_i1", "i0(89) is 1.9e37 in float32, which float32 holds")
def bessel_overflow() -> Result:
    return near(torch.special.i0(full(89.0)).item(), 1.9012419299064899e37, 1e-4)


def series(first: Fraction, ratio: Callable[[int], Fraction]) -> float:
    """Sum of terms, each the last times a ratio, in rational numbers."""
    term, total, k = first, first, 0
    while abs(term) > Fraction(1, 10**30):
        k += 1
        term *= ratio(k)
        total += term
    return float(total)


def double(name: str, x: float) -> float:
    return float(getattr(torch.special, name)(full(x, dtype=torch.float64)).item())


def bessel_first_kind(n: int, x: Fraction) -> float:
    """Jn: terms fall by -(x / 2)^2 / (k (k + n))."""
    return series((x / 2) ** n, lambda k: -((x / 2) ** 2) / k / (k + n))


J0, J1 = (bessel_first_kind(n, Fraction(47, 10)) for n in (0, 1))


@proof("bessel_j0", "J0(4.7) by its power series, to 12 digits in float64")
def j0() -> Result:
    return near(double("bessel_j0", 4.7), J0, 1e-12)


@proof("bessel_j1", "J1(4.7) by its power series, to 12 digits in float64")
def j1() -> Result:
    return near(double("bessel_j1", 4.7), J1, 1e-12)


@proof("bessel_y0 bessel_y1", "J1 Y0 - J0 Y1 is 2 / (pi x) (Wronskian) at 4.7, with J0 and J1 by series, to 12 digits")
def wronskian() -> Result:
    return near(J1 * double("bessel_y0", 4.7) - J0 * double("bessel_y1", 4.7), 2 / (math.pi * 4.7), 1e-12)


@proof("airy_ai", "Ai(-2.1) by its power series, to 12 digits in float64")
def airy() -> Result:
    x = Fraction(-21, 10)
    even = series(Fraction(1), lambda k: x**3 / (3 * k) / (3 * k - 1))
    odd = series(x, lambda k: x**3 / (3 * k + 1) / (3 * k))
    want = even / (3 ** (2 / 3) * math.gamma(2 / 3)) - odd / (3 ** (1 / 3) * math.gamma(1 / 3))
    return near(double("airy_ai", -2.1), want, 1e-12)


@proof("polygamma", "psi'(1) is pi^2 / 6 to 12 digits in float64")
def trigamma() -> Result:
    return near(torch.polygamma(1, full(1.0, dtype=torch.float64)).item(), math.pi**2 / 6, 1e-12)


def poisson_tail(a: int, x: int) -> float:
    """Q(a, x) of whole numbers: exp(-x) sum x^k / k!, k < a, in rational numbers."""
    term, total = Fraction(1), Fraction(0)
    for k in range(a):
        total += term
        term = term * x / (k + 1)
    return float(total) * math.exp(-x)


@proof("gammainc gammaincc", "Q(25, 24) by its finite sum to 12 digits in float64")
def incomplete_gamma() -> Result:
    x = [full(float(v), dtype=torch.float64) for v in (25, 24)]
    return near(torch.special.gammaincc(*x).item(), poisson_tail(25, 24), 1e-12)


@proof("ndtr", "ndtr(-9) is erfc(9 / sqrt 2) / 2 in float64")
def normal_tail() -> Result:
    return near(torch.special.ndtr(full(-9.0, dtype=torch.float64)).item(), math.erfc(9 / math.sqrt(2)) / 2, 1e-12)


@proof("fmod", "fmod(1e38, 1e-30) is exact (IEEE 754: no rounding)")
def remainder_of_division() -> Result:
    x, y = full(1e38, 16), full(1e-30, 16)
    return equal(torch.fmod(x, y)[0].item(), math.fmod(x[0].item(), y[0].item()))


@proof("remainder", "remainder(0.5, 1e-45) is 0: 0.5 is a multiple of the least subnormal")
def remainder_of_subnormal() -> Result:
    return equal(torch.remainder(full(0.5, 16), full(1e-45, 16))[0].item(), 0.0)


@proof("i0e rsqrt", "the same bfloat16 numbers give the same answer contiguous and strided")
def strided_answers() -> Result:
    x = torch.linspace(0.1, 5, 64).bfloat16()
    strided = torch.empty(128, dtype=torch.bfloat16)[::2].copy_(x)
    differ = sum(int((f(x) != f(strided)).sum()) for f in (torch.special.i0e, torch.rsqrt))
    return equal(f"{differ} of 128 differ", "0 of 128 differ")


@proof("sinc", "sinc(3.4e38) is 0 (at most 1e-39), not NaN")
def sinc_large() -> Result:
    got = torch.sinc(full(3.4e38)).item()
    return not abs(got) < 1e-38, got, "0 +/- 1e-39"


@proof("pow_number", "pow(-0, 0.5) is +0 and pow(-inf, 0.5) is +inf (C, annex F)")
def square_root_power() -> Result:
    return equal(torch.pow(torch.tensor([-0.0, -INF]), 0.5).tolist(), [math.pow(-0.0, 0.5), math.pow(-INF, 0.5)])


@proof("pow float_power", "max^(1 - 2^-53) is 1.797693134862174e308 for sixteen float64 elements")
def power_at_the_end() -> Result:
    e = math.nextafter(1.0, 0.0)
    return near(torch.pow(full(MAX, 16, torch.float64), full(e, 16, torch.float64))[0].item(), math.pow(MAX, e), 1e-14)


@proof("floor_divide", "floor(x / 0.96875) of bfloat16 is the floor of the quotient, rounded")
def floor_of_quotient() -> Result:
    x = torch.linspace(0, 100, 4001).bfloat16()
    y = torch.full_like(x, 0.96875)
    want = torch.floor(x.double() / y.double()).bfloat16()
    return equal(f"{int((torch.div(x, y, rounding_mode='floor') != want).sum())} wrong", "0 wrong")


@proof("log1p umath_log1p", "log1p(1.7e38) is 88.03 in float32")
def log_of_large() -> Result:
    return near(torch.log1p(full(1.7e38, 16))[0].item(), math.log1p(1.7e38), 1e-5)


@proof("ldexp", "ldexp(1e-38, 150) is 1e-38 * 2^150, exactly")
def scaled_by_two() -> Result:
    x = full(1e-38)
    return equal(torch.ldexp(x, torch.tensor([150])).item(), math.ldexp(x.item(), 150))


@proof("isclose", "isclose with equal_nan broadcasts like isclose without")
def close_broadcasts() -> Result:
    return runs(lambda: torch.isclose(torch.ones(6, 1), torch.ones(1, 6), equal_nan=True))


# --- sums of products -----------------------------------------------------------------------------------------------------


def product_errors(got: Any, want: Any, size: Any, count: int) -> Result:
    """Errors against float32 accumulation and one rounding to the format, the largest that analysis allows."""
    u = torch.finfo(got.dtype).eps / 2
    bound = count * 2.0**-24 * size + u * want.abs()
    worst = ((got.double() - want).abs() / bound).max().item()
    return worst > 1.0, f"{worst:.3g} times the bound", "at most 1"


@proof("conv_transpose1d conv_transpose2d conv_transpose3d", "transposed convolution of float16 accumulates wider than float16")
def transposed_convolution() -> Result:
    g = generator()
    x, w = torch.randn(1, 16, 8, 8, generator=g).half(), torch.randn(16, 4, 3, 3, generator=g).half()
    want = F.conv_transpose2d(x.double(), w.double())
    return product_errors(F.conv_transpose2d(x, w), want, F.conv_transpose2d(x.double().abs(), w.double().abs()), 144)


@proof("adaptive_avg_pool3d", "a mean of bfloat16 accumulates wider than bfloat16 (adaptive_avg_pool2d does)")
def adaptive_pool() -> Result:
    x = torch.randn(2, 3, 6, 8, 4, generator=generator()).bfloat16()
    want, size = (F.adaptive_avg_pool3d(v, (3, 4, 2)) for v in (x.double(), x.double().abs()))
    return product_errors(F.adaptive_avg_pool3d(x, (3, 4, 2)), want, size, 10)


@proof("matmul", "mv of a bfloat16 matrix and a strided vector accumulates like that of a contiguous one")
def strided_vector() -> Result:
    g = generator()
    a, b = torch.randn(33, 64, generator=g).bfloat16(), torch.randn(64, 17, generator=g).bfloat16()
    got = torch.stack([torch.mv(a, c) for c in b.unbind(1)], 1)
    return product_errors(got, a.double() @ b.double(), a.double().abs() @ b.double().abs(), 64)


@proof("group_norm", "group_norm of numbers around 1e9 in float64 is bounded by sqrt(n), channels-last too")
def channels_last() -> Result:
    x = torch.randn(2, 6, 3, 4, generator=generator(), dtype=torch.float64) + 1e9
    got = F.group_norm(x.contiguous(memory_format=torch.channels_last), 3).abs().max().item()
    return got > math.sqrt(24), got, "at most 4.9"


@proof("lp_pool1d lp_pool2d lp_pool3d", "a window that is cut at the end (ceil_mode) sums what is in it: (1^2)^(1/2)")
def cut_window() -> Result:
    return near(F.lp_pool1d(torch.ones(1, 1, 3), 2.0, 2, ceil_mode=True)[0, 0, 1].item(), 1.0, 1e-6)


@proof("normalize", "normalize of a float16 zero vector is zero (x / max(norm, eps))")
def zero_vector() -> Result:
    return equal(F.normalize(torch.zeros(1, 4).half()).tolist(), [[0.0] * 4])


@proof("var_mean std_mean", "the mean of 1, inf, 2 is inf, as torch.mean says")
def mean_of_infinity() -> Result:
    return equal(torch.var_mean(torch.tensor([1.0, INF, 2.0]))[1].item(), INF)


@proof("local_response_norm", "accepts a transposed input")
def response_of_transposed() -> Result:
    return runs(lambda: F.local_response_norm(transposed(torch.ones(1, 2, 3, 4, 5)), 5))


@proof("instance_norm", "accepts an empty batch, as group_norm and instance_norm without weights do")
def instance_of_none() -> Result:
    return runs(lambda: torch.nn.InstanceNorm1d(6, affine=True)(torch.empty(0, 6, 4)))


# --- linear algebra, indexing, shape --------------------------------------------------------------------------------------


@proof("matrix_exp", "exp of [[0, a], [-a, 0]] is a rotation, to 14 digits")
def rotation() -> Result:
    a = 0.03
    got = torch.matrix_exp(torch.tensor([[0.0, a], [-a, 0.0]], dtype=torch.complex128))[0, 1].real.item()
    return near(got, math.sin(a), 1e-14)


@proof("matrix_exp", "accepts transposed input")
def exponential_of_transposed() -> Result:
    return runs(lambda: torch.matrix_exp(transposed(torch.ones(2, 3, 4, 4))))


@proof("kron", "accepts transposed input")
def kron_of_transposed() -> Result:
    return runs(lambda: torch.kron(transposed(torch.ones(2, 3, 4)), transposed(torch.ones(4, 2))))


@proof("take_along_axis", "accepts transposed input")
def take_of_transposed() -> Result:
    return runs(lambda: torch.take_along_dim(transposed(torch.ones(5, 7)), torch.tensor([0, 1])))


@proof("isin", "accepts transposed input")
def isin_of_transposed() -> Result:
    return runs(lambda: torch.isin(torch.arange(200.0), transposed(torch.ones(3, 3))))


@proof("fill_diagonal", "fills the diagonal of a transposed tall matrix, wrapped")
def wrapped_diagonal() -> Result:
    return runs(lambda: transposed(torch.zeros(9, 3)).fill_diagonal_(1.0, wrap=True))


@proof("pad", "padding that leaves nothing in one dimension and adds to another gives an empty tensor")
def padded_to_nothing() -> Result:
    return runs(lambda: F.pad(torch.ones(2, 6), (0, -6, 1, 0)))


LEAST_SQUARES = """
import torch
g = torch.Generator().manual_seed(3)
a, b = torch.randn(50, 7, generator=g, dtype=torch.float64), torch.randn(50, 1, generator=g, dtype=torch.float64)
seen = set()
for i in range(200):
    junk = torch.full((1 + i % 17, 513), float(i), dtype=torch.float64)
    x = torch.linalg.lstsq(a, b, driver="gelsy").solution
    seen.add("_".join(v.hex() for v in x.flatten().tolist()))
print(*seen)
"""


@proof("least_squares least_squares_deficient least_squares_wide strd_linear", "lstsq(driver=gelsy) of the same data gives the same bits")
def repeated_least_squares() -> Result:
    seen: set[str] = set()
    for _ in range(3):
        seen |= set(subprocess.run([sys.executable, "-W", "ignore", "-c", LEAST_SQUARES], capture_output=True, text=True, check=True).stdout.split())
    return equal(f"{len(seen)} different answers", "1 different answers")


# --- losses and optimisers ------------------------------------------------------------------------------------------------


@proof("cosine_embedding_loss", "1 - cos(x, y) does not depend on the size of x and y: both times 1e-4 in float64")
def scaled_cosine() -> Result:
    g = generator()
    x, y = (torch.randn(1, 33, generator=g, dtype=torch.float64) for _ in range(2))
    one = torch.ones(1)
    want = 1 - F.cosine_similarity(x, y).item()
    return near(F.cosine_embedding_loss(1e-4 * x, 1e-4 * y, one).item(), want, 1e-9)


def of_nothing(loss: Callable[..., Any]) -> Result:
    """The sum over an empty batch, after other numbers lay in memory."""
    got = []
    for i in range(64):
        torch.full((1, 5), float(i + 1)).mul_(3.0)
        got.append(loss(torch.empty(0, 5), torch.empty(0, dtype=torch.int64) if loss is F.multi_margin_loss else torch.empty(0, 5, dtype=torch.int64)))
    return equal(sorted({v.item() for v in got if v.item() != 0.0})[:2], [])


@proof("multi_margin_loss", "the sum over an empty batch is 0")
def margin_of_nothing() -> Result:
    return of_nothing(lambda x, y: F.multi_margin_loss(x, torch.empty(0, dtype=torch.int64), reduction="sum"))


@proof("multilabel_margin_loss", "the sum over an empty batch is 0")
def labels_of_nothing() -> Result:
    return of_nothing(lambda x, y: F.multilabel_margin_loss(x, y, reduction="sum"))


@proof("soft_margin_loss", "log(1 + exp(-y x)) of y x = -100 is 100")
def soft_margin() -> Result:
    return near(F.soft_margin_loss(full(-100.0), full(1.0)).item(), 100.0, 1e-6)


@proof("grad_nll_loss", "the gradient of a pixel loss of a strided input exists")
def gradient_of_pixels() -> Result:
    def step() -> None:
        x = torch.randn(2, 4, 4, 3, generator=generator()).permute(0, 3, 1, 2).requires_grad_()
        F.nll_loss(x, torch.zeros(2, 4, 4, dtype=torch.int64), reduction="none").backward(torch.ones(2, 4, 8)[..., ::2])

    return runs(step)


def trajectory(make: Callable[[Any], Any], exact: Callable[[float], float], steps: int = 20) -> Result:
    """Constant gradient times the step number, in float64."""
    w = torch.ones(1, dtype=torch.float64)
    optimiser = make(w)
    for i in range(steps):
        w.grad = torch.full((1,), 0.3 * (i + 1), dtype=torch.float64)
        optimiser.step()
    return near(w.item(), exact(0.3), 1e-12)


def adam(decay: float, gradient: float, steps: int = 20) -> float:
    """Loshchilov and Hutter 2019, algorithm 2, learning rate 0.1."""
    w, m, v = 1.0, 0.0, 0.0
    for i in range(1, steps + 1):
        g = gradient * i
        w *= 1 - 0.1 * decay
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w -= 0.1 * (m / (1 - 0.9**i)) / (math.sqrt(v / (1 - 0.999**i)) + 1e-8)
    return w


@proof("adam_differentiable", "Adam(differentiable=True) in float64: 20 steps to 1e-12")
def differentiable_adam() -> Result:
    return trajectory(lambda w: torch.optim.Adam([w], lr=0.1, differentiable=True), lambda g: adam(0.0, g))


@proof("adamw_differentiable", "AdamW(differentiable=True) in float64: 20 steps to 1e-12")
def differentiable_adamw() -> Result:
    return trajectory(lambda w: torch.optim.AdamW([w], lr=0.1, differentiable=True), lambda g: adam(0.01, g))


def nesterov_adam(gradient: float, steps: int = 20) -> float:
    """Dozat 2016 with the schedule of the documentation, learning rate 0.1."""
    w, m, v, product = 1.0, 0.0, 0.0, 1.0
    for i in range(1, steps + 1):
        g = gradient * i
        now, after = (0.9 * (1 - 0.5 * 0.96 ** (k * 0.004)) for k in (i, i + 1))
        product *= now
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        ahead = after * m / (1 - product * after) + (1 - now) * g / (1 - product)
        w -= 0.1 * ahead / (math.sqrt(v / (1 - 0.999**i)) + 1e-8)
    return w


@proof("nadam", "NAdam in float64: 20 steps to 1e-12")
def nadam() -> Result:
    return trajectory(lambda w: torch.optim.NAdam([w], lr=0.1, foreach=False), nesterov_adam)


def averaged_descent(gradient: float, steps: int = 20) -> float:
    """ASGD of the documentation: eta = lr / (1 + lambd lr t)^alpha."""
    w, eta = 1.0, 0.1
    for i in range(1, steps + 1):
        w = w * (1 - 1e-4 * eta) - eta * gradient * i
        eta = 0.1 / (1 + 1e-4 * 0.1 * i) ** 0.75
    return w


@proof("asgd", "ASGD(foreach=True) in float64: 20 steps to 1e-12")
def asgd() -> Result:
    return trajectory(lambda w: torch.optim.ASGD([w], lr=0.1, foreach=True), averaged_descent)


@proof("cosine_annealing_warm_restarts", "step(epoch) at a restart begins the cycle again: the base rate")
def warm_restart() -> Result:
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimiser, T_0=1, T_mult=3)
    wrong = []
    for epoch in (1, 4, 13, 40, 121, 364):
        schedule.step(epoch)
        if optimiser.param_groups[0]["lr"] != 1.0:
            wrong.append(epoch)
    return equal(wrong, [])


# --- distributions --------------------------------------------------------------------------------------------------------


@proof("symmetric_beta_sampler", "LKJCholesky(3, 2.5): each correlation has variance 1 / (2 eta + d - 1) = 1/7")
def correlations() -> Result:
    torch.manual_seed(0)
    factor = torch.distributions.LKJCholesky(3, 2.5).sample((200_000,))
    spread = (factor @ factor.mT).var(0)
    got = [round(spread[i, j].item(), 4) for i, j in ((1, 0), (2, 0), (2, 1))]
    return max(abs(g - 1 / 7) for g in got) > 0.003, got, "0.1429 each, +/- 0.003"


@proof("kumaraswamy_distribution", "the mode of Kumaraswamy(2, 3) is sqrt(1/5)")
def kumaraswamy() -> Result:
    return near(torch.distributions.Kumaraswamy(full(2.0), full(3.0)).mode.item(), math.sqrt(1 / 5), 1e-6)


def bessel_series(x: float) -> float:
    """I0 by its power series."""
    term, total, k = 1.0, 1.0, 0
    while term > 1e-18 * total:
        k += 1
        term *= (x / 2) ** 2 / k**2
        total += term
    return total


@proof("von_mises_distribution", "log density of VonMises(0, 2) at 0 in float64: 2 - log(2 pi I0(2))")
def von_mises() -> Result:
    d = torch.distributions.VonMises(*(full(v, dtype=torch.float64) for v in (0.0, 2.0)))
    return near(d.log_prob(full(0.0, dtype=torch.float64)).item(), 2 - math.log(2 * math.pi * bessel_series(2.0)), 1e-12)


@proof("generalized_pareto_distribution", "GeneralizedPareto with float64 parameters has a log density")
def pareto() -> Result:
    if not hasattr(torch.distributions, "GeneralizedPareto"):
        raise AttributeError("GeneralizedPareto")
    made = [full(v, dtype=torch.float64) for v in (0.0, 1.0, 0.5)]
    return runs(lambda: torch.distributions.GeneralizedPareto(*made).log_prob(full(1.0, dtype=torch.float64)))


# --- execution paths and processes ----------------------------------------------------------------------------------------


@proof("max_unpool1d max_unpool2d max_unpool3d", "MaxUnpool2d can be scripted, as it can be called")
def scripted_unpooling() -> Result:
    def call() -> None:
        pooled, places = F.max_pool2d(torch.arange(16.0).reshape(1, 1, 4, 4), 2, return_indices=True)
        torch.jit.script(torch.nn.MaxUnpool2d(2))(pooled, places)

    return runs(call)


@proof("gemm", "a traced addmm of bfloat16 rounds its sum once, as addmm does")
def traced_gemm() -> Result:
    g = generator()
    c, a, b = (torch.randn(*shape, generator=g).bfloat16() for shape in ((1, 64), (64, 64), (64, 64)))
    traced = torch.jit.trace(lambda c, a, b: torch.addmm(c, a, b), (c, a, b), check_trace=False)
    want = a.double() @ b.double() + c.double()
    got = [((f(c, a, b).double() - want).abs() / (want.abs() * 2.0**-9 + 1e-4)).max().item() for f in (torch.addmm, traced)]
    return got[1] > 2 * got[0], f"{got[1]:.3g} half units, {got[0]:.3g} as called", "as called"


@proof("binary_cross_entropy", "binary_cross_entropy with weights can be recorded by torch.jit.trace")
def traced_cross_entropy() -> Result:
    given = tuple(torch.rand(2, 3, generator=generator()) for _ in range(3))
    return runs(lambda: torch.jit.trace(lambda x, t, w: torch.nn.functional.binary_cross_entropy(x, t, weight=w), given))


@proof("gradients_through_code", "the gradient of a scripted module has the same bits at every pass")
def scripted_twice() -> Result:
    net = torch.nn.Sequential(torch.nn.Linear(3, 7), torch.nn.ReLU(), torch.nn.Linear(7, 2))
    g = generator()
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.randint(-4, 5, p.shape, generator=g))
    x, code, passes = torch.randint(-4, 5, (1, 3), generator=g).float(), torch.jit.script(net), []
    for _ in range(3):
        net.zero_grad()
        (code(x) ** 2).sum().backward()
        passes.append([v.hex() for p in net.parameters() for v in (p.grad if p.grad is not None else p).flatten().tolist()])
    return equal(f"{sum(len(set(v)) > 1 for v in zip(*passes, strict=True))} numbers differ", "0 numbers differ")


COLLECTIVE = """
import sys, torch, torch.distributed as d
name, rank, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
d.init_process_group("gloo", init_method="file://" + path, rank=rank, world_size=2)
mine = torch.stack([torch.arange(4.0) + 10 * rank] * 2, -1)[:, 0]
lists = [torch.arange(4.0), torch.arange(4.0) + 10]
if name == "all_reduce": d.all_reduce(mine)
if name == "broadcast": d.broadcast(mine, 0)
if name == "reduce_to_root": d.reduce(mine, 0)
if name == "scatter_from_root": d.scatter(mine, lists if rank == 0 else None, 0)
if name == "reduce_scatter": d.reduce_scatter(mine, lists)
d.barrier()
print(*map(int, mine.tolist()))
"""


def of_two_ranks(name: str, rank: int, want: str) -> Result:
    """What one of two ranks holds after a collective of tensors with stride 2."""
    with tempfile.TemporaryDirectory() as folder:
        commands = [[sys.executable, "-W", "ignore", "-c", COLLECTIVE, name, str(r), folder + "/store"] for r in (0, 1)]
        started = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) for c in commands]
        told = [process.communicate(timeout=120)[0].strip().splitlines()[-1:] for process in started]
    if not told[rank]:
        raise AttributeError(f"gloo refuses {name}")
    return equal(told[rank][0], want)


@proof("all_reduce", "gloo: the sum of (0 1 2 3) and (10 11 12 13), every second element of its memory")
def strided_sum() -> Result:
    return of_two_ranks("all_reduce", 0, "10 12 14 16")


@proof("broadcast", "gloo: rank 1 receives (0 1 2 3) into every second element of its memory")
def strided_broadcast() -> Result:
    return of_two_ranks("broadcast", 1, "0 1 2 3")


@proof("reduce_to_root", "gloo: the sum at rank 0, every second element of its memory")
def strided_reduce() -> Result:
    return of_two_ranks("reduce_to_root", 0, "10 12 14 16")


@proof("scatter_from_root", "gloo: rank 1 receives (10 11 12 13) into every second element of its memory")
def strided_scatter() -> Result:
    return of_two_ranks("scatter_from_root", 1, "10 11 12 13")


@proof("reduce_scatter", "gloo: rank 1 holds the sum of both second lists, every second element of its memory")
def strided_reduce_scatter() -> Result:
    return of_two_ranks("reduce_scatter", 1, "20 22 24 26")


# --- quantised ------------------------------------------------------------------------------------------------------------


@proof("quantize_affine", "documented: round(x / scale + zero point), ties to even: -85.5 + 41 = -44.5 gives -44")
def quantised_tie() -> Result:
    return equal(torch.quantize_per_tensor(full(-85.5 * 2.0**-6, 64), 2.0**-6, 41, torch.qint8).int_repr()[0].item(), -44)


@proof("fake_quantize", "documented: clamped to quant_max: 1e30 gives (255 - 3) * 1")
def fake_quantised_large() -> Result:
    return equal(torch.fake_quantize_per_tensor_affine(full(1e30), 1.0, 3, 0, 255).item(), 252.0)


@proof("float8_cast", "float64 just inside the tie of e4m3fn goes to the nearer neighbour, rounded once")
def eight_bits() -> Result:
    x = full(math.nextafter(-432.0, 0.0), dtype=torch.float64)
    return equal(x.to(torch.float8_e4m3fn).double().item(), -416.0)


@proof("unpadded_sequences", "unpad_sequence of [3 steps, 2 sequences] leaves its argument's shape as it is")
def unpadded() -> Result:
    x = torch.arange(6.0).reshape(3, 2)
    torch.nn.utils.rnn.unpad_sequence(x, torch.tensor([3, 2]), batch_first=False)
    return equal(tuple(x.shape), (3, 2))


@proof("parameter_vectors", "parameters_to_vector takes a convolution whose weights are stored channels last")
def vector_of_channels_last() -> Result:
    layer = torch.nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last)
    return runs(lambda: torch.nn.utils.parameters_to_vector(layer.parameters()))


@proof("transfer_thawed_state", "SGD(momentum, fused) steps a parameter that is unfrozen after the first step, as it does without fused")
def thawed_fused() -> Result:
    a, b = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    optimiser = torch.optim.SGD([a, b], lr=0.25, momentum=0.5, fused=True)
    a.grad = torch.ones(3)
    optimiser.step()
    b.grad = torch.ones(3)
    return runs(optimiser.step)


def slope(of: Callable[..., Any], *points: float) -> list[float]:
    """Derivatives of a function of float64 numbers by each of them."""
    x = [torch.tensor(p, dtype=torch.float64, requires_grad=True) for p in points]
    return [g.item() for g in torch.autograd.grad(of(*x), x)]


@proof("grad_clamp", "documented: of a convex function's subgradients the smallest; clamp(x, -1, 2) has 0 at -1, as hardtanh(x, -1, 2)")
def clamp_at_its_bound() -> Result:
    return equal(slope(lambda x: torch.clamp(x, -1.0, 2.0), -1.0), slope(lambda x: F.hardtanh(x, -1.0, 2.0), -1.0))


@proof("grad_fmax grad_fmin", "documented: of a convex function's subgradients the smallest; fmax(a, b) has [0.5, 0.5] where a = b, as maximum")
def fmax_of_equals() -> Result:
    return equal(slope(torch.fmax, 1.0, 1.0), slope(torch.maximum, 1.0, 1.0))


@proof("grad_hardswish", "documented: of the derivatives on either side the smaller; of hardswish 0 at -3 and 1 at 3")
def hardswish_slopes() -> Result:
    return equal([slope(F.hardswish, x)[0] for x in (-3.0, 3.0)], [0.0, 1.0])


@proof("grad_hardsigmoid", "the derivative of hardsigmoid at 0 is 1/6 to 15 digits in float64")
def hardsigmoid_slope() -> Result:
    return near(slope(F.hardsigmoid, 0.0)[0], 1 / 6, 1e-15)


@proof("grad_digamma grad_twice_lgamma", "the derivative of digamma at 1 is pi^2 / 6 to 12 digits in float64")
def digamma_slope() -> Result:
    return near(slope(torch.digamma, 1.0)[0], math.pi**2 / 6, 1e-12)


@proof("grad_gaussian_nll_loss", "documented: the floor of the variance does not affect gradients; in forward mode as in reverse mode")
def floor_in_forward_mode() -> Result:
    x, v, one = (torch.tensor(a, dtype=torch.float64) for a in (1.0, 0.1, 1.0))
    forward = torch.func.jvp(lambda w: F.gaussian_nll_loss(x, 0 * x, w, eps=0.5), (v,), (one,))[1].item()
    return equal(forward, slope(lambda w: F.gaussian_nll_loss(x, 0 * x, w, eps=0.5), 0.1)[0])


@proof("grad_cosine_embedding_loss", "1 - cos(x, y) has no slope along x: x times its gradient is 0 to 1e-15 in float64")
def cosine_slope() -> Result:
    x, y = (torch.tensor([a], dtype=torch.float64, requires_grad=True) for a in ([3e-3, 1e-3], [-1e-3, 2e-3]))
    (g,) = torch.autograd.grad(F.cosine_embedding_loss(x, y, torch.ones(1, dtype=torch.float64)), x)
    got = abs((g * x).sum().item())
    return got > 1e-15, got, 0.0


@proof("grad_twice_binary_cross_entropy", "the second derivative of -log p at 0.5 is 4 to 14 digits in float64")
def likelihood_twice() -> Result:
    p, one = torch.tensor([0.5], dtype=torch.float64, requires_grad=True), torch.ones(1, dtype=torch.float64)
    (first,) = torch.autograd.grad(F.binary_cross_entropy(p, one), p, create_graph=True)
    return near(torch.autograd.grad(first, p)[0].item(), 4.0, 1e-14)


@proof("grad_twice_mse_loss", "forward mode passes the gradient of mse_loss of four numbers: the Hessian times ones is 2 / 4")
def squares_twice() -> Result:
    x, y, v, one = torch.zeros(4), torch.zeros(4), torch.ones(4), torch.tensor(1.0)
    try:
        got = torch.func.jvp(lambda w: torch.func.vjp(lambda z: F.mse_loss(z, y), w)[1](one)[0], (x,), (v,))[1].tolist()
    except RuntimeError as error:
        return True, f"RuntimeError: {error}"[:100], [0.5] * 4
    return equal(got, [0.5] * 4)


@proof("refuse_wrong_arguments", "#196106: take_along_dim refuses position 7 of six elements, as gather and NumPy's take_along_axis do")
def wrapped_position() -> Result:
    x = torch.arange(6.0).reshape(1, 6)
    try:
        return True, torch.take_along_dim(x, torch.tensor([[7]]), 1).item(), "refused"
    except (RuntimeError, IndexError):
        return False, "refused", "refused"


@proof("implicit_gradient", "documented in #4421: the gradient of a Beta(3, 6) draw is good to 0.001; -(dF/da) / f in closed form at 300 draws")
def beta_draws() -> Result:
    a, b = (torch.full((300,), v, dtype=torch.float64, requires_grad=True) for v in (3.0, 6.0))
    torch.manual_seed(1)
    x = torch.distributions.Beta(a, b).rsample()
    x.sum().backward()
    shift = sum(1 / k for k in range(3, 9))

    def moved(v: float) -> float:
        parts = ((math.comb(5, j) * (-1) ** j * v ** (3 + j) / (3 + j), 3 + j) for j in range(6))
        return -sum(c * (math.log(v) - 1 / n + shift) for c, n in parts) / (v**2 * (1 - v) ** 5)

    got = max(abs(g / moved(v) - 1) for v, g in zip(x.tolist(), a.grad.tolist(), strict=True))  # type: ignore[union-attr]
    return got > 1e-3, got, "at most 0.001"


@proof("logistic_normal_distribution", "documented: log(X / (1 - X.cumsum(-1)))[..., :-1] ~ Normal(loc, scale); at a scale of 1e-6 it is loc = 0")
def broken_sticks() -> Result:
    x = torch.distributions.LogisticNormal(torch.zeros(3), torch.full((3,), 1e-6)).sample()
    got = (x / (1 - x.cumsum(-1))).log()[:-1].abs().max().item()
    return got > 1e-3, got, 0.0


def through_steps(make: Callable[[Any], Any], **more: Any) -> tuple[Any, Any]:
    """(parameter after two steps, its gradient by the first of the gradients 0.5 and 2), in float64, through the differentiable form."""
    g = torch.tensor([0.5, 2.0], dtype=torch.float64, requires_grad=True)
    w = torch.ones(1, dtype=torch.float64, requires_grad=True).clone()
    optimiser = make([w], lr=0.1, differentiable=True, **more)
    for i in range(2):
        w.grad = g[i : i + 1]
        optimiser.step()
    return w, torch.autograd.grad(w, g)[0][0].item()


@proof("sgd_step_gradient", "two steps of SGD(momentum=0.9, differentiable): w - lr (1 + m) g1 - lr g2 has the derivative -0.19 by g1")
def momentum_kept() -> Result:
    try:
        return near(through_steps(torch.optim.SGD, momentum=0.9)[1], -0.19, 1e-12)
    except RuntimeError as error:
        return True, f"RuntimeError: {error}"[:100], -0.19


@proof("adam_step_gradient", "autograd occurs through two steps of Adam(amsgrad, differentiable)")
def largest_kept() -> Result:
    return runs(lambda: through_steps(torch.optim.Adam, amsgrad=True))


@proof("adamw_step_gradient", "two steps of AdamW(differentiable) in float64, from 1 with gradients 0.3 and 0.6, to 1e-12")
def differentiable_adamw_step() -> Result:
    return trajectory(lambda w: torch.optim.AdamW([w], lr=0.1, differentiable=True), lambda g: adam(0.01, g, 2), 2)


@proof("adamax_step_gradient", "autograd occurs through two steps of Adamax(differentiable)")
def adamax_twice() -> Result:
    return runs(lambda: through_steps(torch.optim.Adamax))


@proof("rmsprop_step_gradient", "autograd occurs through two steps of RMSprop(centered, differentiable)")
def centred_twice() -> Result:
    return runs(lambda: through_steps(torch.optim.RMSprop, centered=True))


@proof("rprop_step_gradient", "autograd occurs through two steps of Rprop(differentiable)")
def rprop_twice() -> Result:
    return runs(lambda: through_steps(torch.optim.Rprop))


@proof("nadam_step_gradient", "two steps of NAdam(differentiable) in float64, from 1 with gradients 0.3 and 0.6, to 1e-12")
def differentiable_nadam() -> Result:
    return trajectory(lambda w: torch.optim.NAdam([w], lr=0.1, differentiable=True), lambda g: nesterov_adam(g, 2), 2)


@proof("asgd_step_gradient", "a step of ASGD(lr=0.1, differentiable) in float64, from 1 with gradient 0.3: (1 - 1e-4 lr) - lr 0.3, to 1e-12")
def averaged_step() -> Result:
    return trajectory(lambda w: torch.optim.ASGD([w], lr=0.1, differentiable=True), lambda g: 1 - 1e-5 - 0.1 * g, 1)


@proof("exported_program_operands", "a program exported for (5, 4) refuses an operand of (5, 4, 4), as 2.6 does (161178 asks for no rank)")
def further_axis() -> Result:
    class Doubled(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return 2 * x

    program = torch.export.export(Doubled(), (torch.ones(5, 4),)).module()
    try:
        return True, f"answers {tuple(program(torch.ones(5, 4, 4)).shape)}", "refused"
    except (RuntimeError, AssertionError) as error:
        return False, type(error).__name__, "refused"


@proof("grad_as_strided_scatter", "the gradient of the sum of as_strided_scatter(arange(6), src, (2,), (1,), 1) for its first operand")
def written_through_strides() -> Result:
    x = torch.arange(6.0, requires_grad=True)
    torch.as_strided_scatter(x, torch.zeros(2), (2,), (1,), 1).sum().backward()
    got, want = x.grad.tolist(), [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    return got != want, got, want


@proof("grad_scatter_reduce", "forward mode: scatter_reduce(prod) of 7 and 11 onto the first of (2, 3, 5), for a change of (1, 1, 1)")
def scattered_product() -> Result:
    x, src = torch.tensor([2.0, 3.0, 5.0]), torch.tensor([7.0, 11.0])
    at = torch.tensor([0, 0])
    got = torch.func.jvp(lambda v: v.scatter_reduce(0, at, src, "prod"), (x,), (torch.ones(3),))[1].tolist()
    want = [77.0, 1.0, 1.0]
    return got != want, got, want


@proof("grad_logcumsumexp", "forward mode: logcumsumexp of (-20, 29) for a change of (1, 0), the first element, in float64")
def running_logarithm() -> Result:
    x = torch.tensor([-20.0, 29.0], dtype=torch.float64)
    got = torch.func.jvp(lambda v: v.logcumsumexp(0), (x,), (torch.tensor([1.0, 0.0], dtype=torch.float64),))[1][0].item()
    return near(got, 1.0, 1e-12)


@proof("grad_cosine_similarity", "the gradient of cosine_similarity((0.06, 0.08), (1, 2), eps=0.375): b / (eps |b|), as forward mode gives it")
def similarity_below_the_floor() -> Result:
    x, b = torch.tensor([0.06, 0.08], dtype=torch.float64, requires_grad=True), torch.tensor([1.0, 2.0], dtype=torch.float64)
    F.cosine_similarity(x, b, dim=0, eps=0.375).backward()
    return near(x.grad[0].item(), 1 / (0.375 * math.sqrt(5)), 1e-9)


@proof("grad_gammainc", "the derivative of gammainc(1, x) = 1 - exp(-x) at x = 0")
def lower_gamma_at_zero() -> Result:
    x = torch.zeros(1, requires_grad=True)
    torch.special.gammainc(torch.ones(1), x).sum().backward()
    return near(x.grad.item(), 1.0, 1e-6)


@proof("grad_gammaincc", "the derivative of gammaincc(1, x) = exp(-x) at x = 0")
def upper_gamma_at_zero() -> Result:
    x = torch.zeros(1, requires_grad=True)
    torch.special.gammaincc(torch.ones(1), x).sum().backward()
    return near(x.grad.item(), -1.0, 1e-6)


@proof("grad_max_unpool2d", "the gradient of max_unpool2d with strided indices is that with packed ones")
def unpooled_by_strided_places() -> Result:
    x = torch.rand(1, 1, 4, 4)
    y, at = F.max_pool2d(x, 2, return_indices=True)
    y.requires_grad_(True)
    try:
        F.max_unpool2d(y, at.transpose(2, 3).contiguous().transpose(2, 3), 2).sum().backward()
    except RuntimeError as error:
        return True, f"RuntimeError: {error}"[:100], "1"
    return near(y.grad.sum().item(), 4.0, 0.0)


@proof("grad_conv_tbc", "conv_tbc of a strided operand has a gradient")
def convolved_over_time() -> Result:
    x = torch.rand(2, 5, 3).transpose(0, 1).requires_grad_(True)
    try:
        torch.conv_tbc(x, torch.ones(1, 3, 2), torch.zeros(2), 0).sum().backward()
    except RuntimeError as error:
        return True, f"RuntimeError: {error}"[:100], "2"
    return near(x.grad.sum().item(), 60.0, 1e-6)


@proof("grad_conv1d_16bit grad_conv3d_16bit grad_conv_transpose2d_16bit", "float16: the gradient of a weight that 6,000 ones of a batch go through")
def gradient_over_a_batch() -> Result:
    x, w = torch.ones(6000, 1, 1, dtype=torch.float16), torch.ones(1, 1, 1, dtype=torch.float16, requires_grad=True)
    y = F.conv1d(x, w)
    y.backward(torch.ones_like(y))
    return near(w.grad.item(), 6000.0, 1e-3)


@proof("grad_cholesky_inverse", "forward mode of cholesky_inverse along the identity, against that of inv(L L^T), in float64")
def inverse_from_factor() -> Result:
    factor, along = torch.tensor([[2.0, 0.0], [1.0, 3.0]], dtype=torch.float64), torch.eye(2, dtype=torch.float64)
    got = torch.func.jvp(torch.cholesky_inverse, (factor,), (along,))[1]
    want = torch.func.jvp(lambda v: torch.linalg.inv(v @ v.T), (factor,), (along,))[1]
    return not torch.allclose(got, want, rtol=1e-9), got.tolist(), want.tolist()


@proof("grad_cholesky_solve", "forward mode of cholesky_solve: two systems of two with one right-hand side, against each by itself, in float64")
def solved_with_a_common_side() -> Result:
    factors = torch.tensor([[[2.0, 0.0], [1.0, 3.0]], [[1.0, 0.0], [-2.0, 1.5]]], dtype=torch.float64)
    b, along = torch.tensor([[1.0, 2.0], [3.0, -1.0]], dtype=torch.float64), torch.eye(2, dtype=torch.float64).expand(2, 2, 2)
    got = torch.func.jvp(lambda v: torch.cholesky_solve(b, v), (factors,), (along,))[1]
    each = [torch.func.jvp(lambda v: torch.cholesky_solve(b, v), (factor,), (torch.eye(2, dtype=torch.float64),))[1] for factor in factors]
    return not torch.allclose(got, torch.stack(each), rtol=1e-9), got[0].tolist(), each[0].tolist()


@proof("grad_angle", "float32: the gradient of angle(z) at z = 3e-20 + 4e-20 i, -sin(angle) / |z| by the real part")
def small_angle() -> Result:
    z = torch.tensor([3e-20, 4e-20], requires_grad=True)
    torch.angle(torch.view_as_complex(z)).backward()
    return near(z.grad[0].item(), -1.6e19, 1e-5)


@proof("grad_polar", "the gradient of the real part of polar(r, 1) for r = 0: cos 1")
def polar_at_zero() -> Result:
    r = torch.zeros(1, requires_grad=True)
    torch.polar(r, torch.ones(1)).real.sum().backward()
    return near(r.grad.item(), math.cos(1), 1e-6)


@proof("grad_kron", "kron of a transposed matrix has a gradient")
def strided_kronecker() -> Result:
    a, b = torch.rand(2, 3).t().requires_grad_(True), torch.rand(2, 2)
    try:
        torch.kron(a.t().contiguous().t(), b).sum().backward()
    except RuntimeError as error:
        return True, f"RuntimeError: {error}"[:100], b.sum().item()
    return near(a.grad[0, 0].item(), b.sum().item(), 1e-6)


@proof("grad_trace", "the gradient of the trace of a matrix of six by two has two ones")
def traced_tall() -> Result:
    x = torch.zeros(6, 2, requires_grad=True)
    torch.trace(x).backward()
    return x.grad.sum().item() != 2.0, x.grad.nonzero().tolist(), [[0, 0], [1, 1]]


def results() -> Iterator[dict[str, str]]:
    """Every proof, run."""
    for p in PROOFS:
        try:
            wrong, got, want = p.run()
            state = "wrong" if wrong else "ok"
        except AttributeError as error:
            state, got, want = "not here", error, ""
        yield {"functions": p.functions, "says": p.says, "state": state, "got": str(got), "expected": str(want)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    random.seed(0)
    rows = list(results())
    if "--json" in sys.argv:
        print(json.dumps({"torch": torch.__version__, "proofs": rows}, indent=1))
    else:
        print("torch", torch.__version__)
        for row in rows:
            print(f"{row['state']:8} {row['functions']}: {row['says']}: got {row['got']}, expected {row['expected']}")
