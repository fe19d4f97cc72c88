"""Torch bindings: gradients of short-time Fourier transforms; complex numbers as pairs of real leaves."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.gradients_losses import bound


def _given(p):
    return {"n_fft": p["fft"], "hop_length": p["hop"], "win_length": p["win"], "center": p["center"], "normalized": p["normalized"]}


def _stft(t, p, x, w):
    return t.view_as_real(t.stft(x, window=w, pad_mode=p["pad"], return_complex=True, **_given(p)))


def _istft(t, p, z, w):
    return t.istft(t.complex(z[..., 0], z[..., 1]), window=w, **_given(p))


BINDINGS = (bound("stft", _stft, 2), bound("istft", _istft))
