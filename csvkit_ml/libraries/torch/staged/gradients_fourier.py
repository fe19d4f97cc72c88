"""Torch bindings: gradients of Fourier transforms over several axes and of Hermitian signals; complex numbers as pairs of real leaves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _transform(kind):
    line, of_real, to_real = kind[-1] not in "2n", kind.startswith(("rfft", "ihfft")), kind.startswith(("irfft", "hfft"))

    def of(t, p, x):
        z = x if of_real else t.complex(x[..., 0], x[..., 1])
        where = {"n": p["sizes"][0], "dim": p["axes"][0]} if line else {"s": tuple(p["sizes"]), "dim": tuple(p["axes"])}
        y = getattr(t.fft, kind)(z, norm=p["norm"], **where)
        return y if to_real else t.view_as_real(t.resolve_conj(y))

    return bound(kind, of, 1, "fft." + kind)


SEVERAL = tuple(kind + axes for kind in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft") for axes in "2n")
BINDINGS = tuple(_transform(k) for k in ("ifft", "hfft", "ihfft", *SEVERAL))
