"""A fake world for the engine: a staged library that misbehaves on demand, and a store in memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from csvkit_ml.execution.staging import StagedWorker, pack, sources
from csvkit_ml.execution.work import Job
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.function import Json
from csvkit_ml.model.tensor import Tensor

LIBRARY = "scripted"
_FOLDER = f"csvkit_ml/libraries/{LIBRARY}"


class MemoryBlobs(dict[Digest, bytes]):
    """A content-addressed store in memory."""

    def put(self, data: bytes) -> Digest:
        digest = sha256(data)
        self[digest] = data
        return digest


def scripted_worker() -> StagedWorker:
    """The real worker with the scripted library staged."""
    runtime = Path(__file__).with_name("scripted_runtime.py").read_bytes()
    extra = {f"{_FOLDER}/__init__.py": b"", f"{_FOLDER}/staged/__init__.py": b"", f"{_FOLDER}/staged/runtime.py": runtime}
    return pack(sources(()) | extra)


def job(op: str, *, variants: tuple[str, ...] = ("plain",), name: str = "s", params: Mapping[str, Json] | None = None) -> Job:
    """One sample of a scripted operation."""
    return Job(
        prefix=f"{op}/{name}", op=op, params=tuple((params or {}).items()), inputs=(Tensor.of([1.0, 2.0], "float32"),), program=b"",
        variants=variants, keys=tuple(sha256(f"{op}/{name}/{v}".encode()) for v in variants),
    )  # fmt: skip
