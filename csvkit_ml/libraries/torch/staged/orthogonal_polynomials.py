"""Torch bindings: orthogonal polynomials; the degree is a tensor, or a number where it is 0-d."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.forms import WIDE, called, with_number


def _polynomial(name):
    path = "special." + name
    return called(name, path, method="-", dtypes=WIDE, forms={"number": with_number(path)})


BINDINGS = (
    *(_polynomial("chebyshev_polynomial_" + k) for k in "tuvw"),
    *(_polynomial("shifted_chebyshev_polynomial_" + k) for k in "tuvw"),
    _polynomial("hermite_polynomial_h"),
    _polynomial("hermite_polynomial_he"),
    _polynomial("laguerre_polynomial_l"),
    _polynomial("legendre_polynomial_p"),
)
