"""Torch bindings: special functions."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding
from csvkit_ml.libraries.torch.staged.forms import FLOATS, WIDE, called, with_number


def _special(name, dtypes=WIDE):
    """torch.special.NAME: no method, no in-place form."""
    return called(name, "special." + name, method="-", dtypes=dtypes)


BINDINGS = (
    called("erfc", also="special.erfc"),
    _special("erfcx"),
    called("erfinv", also="special.erfinv"),
    called("lgamma", also="special.gammaln"),
    called("digamma", also="special.digamma special.psi"),
    Binding(
        function="polygamma",
        forms={
            "plain": lambda t, p, x: t.polygamma(p["n"], x),
            "special": lambda t, p, x: t.special.polygamma(p["n"], x),
            "method": lambda t, p, x: x.polygamma(p["n"]),
            "inplace": lambda t, p, x: x.clone().polygamma_(p["n"]),
        },
        names=("torch.polygamma", "torch.special.polygamma", "torch.Tensor.polygamma", "torch.Tensor.polygamma_"),
        dtypes=WIDE,
        modes=("inference-mode",),
    ),
    Binding(
        function="multigammaln",
        forms={
            "plain": lambda t, p, x: t.special.multigammaln(x, p["p"]),
            "mvlgamma": lambda t, p, x: t.mvlgamma(x, p["p"]),
            "method": lambda t, p, x: x.mvlgamma(p["p"]),
            "inplace": lambda t, p, x: x.clone().mvlgamma_(p["p"]),
        },
        names=("torch.special.multigammaln", "torch.mvlgamma", "torch.Tensor.mvlgamma", "torch.Tensor.mvlgamma_"),
        dtypes=WIDE,
        modes=("inference-mode",),
    ),
    called("gammainc", "special.gammainc", also="igamma", method="igamma", dtypes=WIDE),
    called("gammaincc", "special.gammaincc", also="igammac", method="igammac", dtypes=WIDE),
    _special("ndtr", FLOATS),
    _special("ndtri"),
    _special("log_ndtr"),
    called("zeta", "special.zeta", method="-", dtypes=WIDE, forms={"number": with_number("special.zeta")}),
    *(_special("bessel_" + n) for n in ("j0", "j1", "y0", "y1")),
    called("i0", also="special.i0"),
    _special("i1", FLOATS),
    _special("i0e", FLOATS),
    _special("i1e", FLOATS),
    *(_special(s + "modified_bessel_" + n) for s in ("", "scaled_") for n in ("k0", "k1")),
    _special("modified_bessel_i0"),
    _special("modified_bessel_i1"),
    _special("spherical_bessel_j0"),
    _special("airy_ai"),
)
