"""Intel GPUs. An operator that is missing there must raise, not run on the CPU."""

from __future__ import annotations

from csvkit_ml.backends.accelerator import accelerator

BACKEND = accelerator("xpu", "xpu", {"PYTORCH_ENABLE_XPU_FALLBACK": "0"})
