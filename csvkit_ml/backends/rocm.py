"""AMD GPUs; torch names their device cuda, so the build's platform is a fact of its own."""

from __future__ import annotations

from csvkit_ml.backends.accelerator import accelerator

BACKEND = accelerator("rocm", "cuda", {"HIPBLASLT_ALLOW_TF32": "0"}, platform="rocm")
