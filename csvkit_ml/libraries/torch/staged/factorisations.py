"""Torch bindings: matrix factorisations and spectra."""

from __future__ import annotations

from csvkit_ml.libraries.binding import Binding

SOLVED = ("float32", "float64", "complex64", "complex128")
LAYOUTS = ("strided", "transposed", "offset", "unaligned")


def _unpacked_ex(t, p, a):
    factors, pivots, _ = t.linalg.lu_factor_ex(a)
    return t.lu_unpack(factors, pivots)


def _outs(t, *dtypes):
    return tuple(t.empty(0, dtype=d) for d in dtypes)


def _qr(t, p, a):
    q, r = t.linalg.qr(a, mode=p["mode"])
    return r if p["mode"] == "r" else (q, r)


def _qr_out(t, p, a):
    q, r = t.linalg.qr(a, mode=p["mode"], out=_outs(t, a.dtype, a.dtype))
    return r if p["mode"] == "r" else (q, r)


def _householder(t, p, a):
    """geqrf, then the columns of Q one by one; `complete` needs a square set of reflectors."""
    m, n = a.shape[-2:]
    packed, tau = t.geqrf(a)
    k = min(m, n)
    rows = m if p["mode"] == "complete" else k
    r = packed.triu()[..., :rows, :]
    if p["mode"] == "r":
        return r
    wide = packed if n == rows else t.cat([packed[..., :k], packed.new_zeros(*a.shape[:-1], rows - k)], dim=-1)
    return t.linalg.householder_product(wide, tau), r


def _svd_function(t, p, a):
    u, s, v = t.svd(a, some=not p["full"])
    return u, s, v.mH


def _real(t, a):
    return {t.complex64: t.float32, t.complex128: t.float64}.get(a.dtype, a.dtype)


def _complex(t, a):
    return {t.float32: t.complex64, t.float64: t.complex128}.get(a.dtype, a.dtype)


def _binding(function, forms, names, modes=("inference-mode", "requires-grad")):
    return Binding(function=function, forms=forms, names=names, dtypes=SOLVED, layouts=LAYOUTS, modes=modes)


BINDINGS = (
    _binding(
        "lu",
        {
            "plain": lambda t, p, a: t.linalg.lu(a),
            "unpacked-ex": _unpacked_ex,
            "out": lambda t, p, a: t.linalg.lu(a, out=_outs(t, a.dtype, a.dtype, a.dtype)),
        },
        ("torch.linalg.lu", "torch.linalg.lu_factor_ex", "torch.lu_unpack"),
    ),
    _binding(
        "qr",
        {"plain": _qr, "out": _qr_out, "householder": _householder},
        ("torch.linalg.qr", "torch.geqrf", "torch.linalg.householder_product", "torch.Tensor.geqrf"),
        ("inference-mode",),
    ),
    _binding(
        "svd",
        {
            "plain": lambda t, p, a: t.linalg.svd(a, full_matrices=p["full"]),
            "function": _svd_function,
            "out": lambda t, p, a: t.linalg.svd(a, full_matrices=p["full"], out=_outs(t, a.dtype, _real(t, a), a.dtype)),
        },
        ("torch.linalg.svd", "torch.svd", "torch.Tensor.svd"),
    ),
    _binding(
        "svdvals",
        {
            "plain": lambda t, p, a: t.linalg.svdvals(a),
            "out": lambda t, p, a: t.linalg.svdvals(a, out=t.empty(0, dtype=_real(t, a))),
            "with-vectors": lambda t, p, a: t.linalg.svd(a).S,
        },
        ("torch.linalg.svdvals",),
    ),
    _binding(
        "eigh",
        {
            "plain": lambda t, p, a: t.linalg.eigh(a, UPLO=p["uplo"]),
            "out": lambda t, p, a: t.linalg.eigh(a, UPLO=p["uplo"], out=_outs(t, _real(t, a), a.dtype)),
        },
        ("torch.linalg.eigh",),
    ),
    _binding(
        "eigvalsh",
        {
            "plain": lambda t, p, a: t.linalg.eigvalsh(a, UPLO=p["uplo"]),
            "out": lambda t, p, a: t.linalg.eigvalsh(a, UPLO=p["uplo"], out=t.empty(0, dtype=_real(t, a))),
            "with-vectors": lambda t, p, a: t.linalg.eigh(a, UPLO=p["uplo"]).eigenvalues,
        },
        ("torch.linalg.eigvalsh",),
    ),
    _binding(
        "eig",
        {
            "plain": lambda t, p, a: t.linalg.eig(a),
            "out": lambda t, p, a: t.linalg.eig(a, out=_outs(t, _complex(t, a), _complex(t, a))),
        },
        ("torch.linalg.eig",),
        ("inference-mode",),
    ),
    _binding(
        "eigvals",
        {
            "plain": lambda t, p, a: t.linalg.eigvals(a),
            "out": lambda t, p, a: t.linalg.eigvals(a, out=t.empty(0, dtype=_complex(t, a))),
            "with-vectors": lambda t, p, a: t.linalg.eig(a).eigenvalues,
        },
        ("torch.linalg.eigvals",),
    ),
)
