"""The CPU, with a stated number of threads and instruction set."""

from __future__ import annotations

from typing import Dict

from csvkit_ml.backends.port import Backend

_ISA = {
    "default": {},
    "avx2": {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "MKL_CBWR": "AVX2"},
    "baseline": {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41", "MKL_CBWR": "COMPATIBLE"},
}


def _variables(options: Dict[str, str]) -> Dict[str, str]:
    threads = options["threads"]
    return {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads, "OMP_WAIT_POLICY": "passive", **_ISA[options["isa"]]}


BACKEND = Backend(
    name="cpu",
    defaults={"threads": "2", "isa": "default"},
    variables=_variables,
    settings=lambda options: {"threads": options["threads"]},
)
