"""Torch bindings: gradients of contractions and of Fourier transforms; complex numbers as pairs of real leaves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _complex(t, x):
    return t.complex(x[..., 0], x[..., 1])


def _pairs(t, y):
    return t.stack([y.real, y.imag], dim=-1)


BINDINGS = (
    bound("einsum", lambda t, p, a, b: t.einsum(p["equation"], a, b), 2),
    bound("matmul_ranks", lambda t, p, a, b: t.matmul(a, b), 2, "matmul"),
    bound("fft", lambda t, p, x: _pairs(t, t.fft.fft(_complex(t, x), norm=p["norm"])), 1, "fft.fft"),
    bound("rfft", lambda t, p, x: _pairs(t, t.fft.rfft(x, norm=p["norm"])), 1, "fft.rfft"),
    bound("irfft", lambda t, p, x: t.fft.irfft(_complex(t, x), n=p["n"], norm=p["norm"]), 1, "fft.irfft"),
)
