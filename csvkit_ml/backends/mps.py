"""Apple GPUs. An operator that is missing there must raise, not run on the CPU."""

from __future__ import annotations

from csvkit_ml.backends.accelerator import accelerator

BACKEND = accelerator("mps", "mps", {"PYTORCH_ENABLE_MPS_FALLBACK": "0", "PYTORCH_MPS_FAST_MATH": "0"})
