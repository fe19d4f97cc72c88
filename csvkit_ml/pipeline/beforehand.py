"""The checker is checked ahead: in processes beside those of the library, while they keep the host waiting.

A process shares nothing with the run but the memo, where it leaves expected values and detections; one that is late or dies costs time only.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.errors import MlcsvError
from csvkit_ml.model.codec import canonical, decode
from csvkit_ml.model.spec import ValidationSpec
from csvkit_ml.pipeline.judging import detections, undetected
from csvkit_ml.pipeline.places import Places, Silent

FEWEST = 40
"""Functions for which a process is worth its start."""
_MODULE = "csvkit_ml.pipeline.beforehand"


@contextlib.contextmanager
def ahead(ids: tuple[str, ...], at: Places, spec: ValidationSpec | None = None) -> Iterator[None]:
    """Detections of functions are made while the block runs; what is then still missing is left to `detections`.

    Args:
        spec: of a run, for its depths.
    """
    missing = undetected(ids, at, spec)
    count = min((os.cpu_count() or 1) // 2, len(missing) // FEWEST)
    started = [_start(_Share(ids=missing[k::count], cache=str(at.cache.absolute()), spec=spec)) for k in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.communicate()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Share:
    """What one process makes."""

    ids: tuple[str, ...]
    cache: str
    spec: ValidationSpec | None


def _start(share: _Share) -> subprocess.Popen[bytes]:
    """A process that ends when its input does, so that none outlives the run."""
    line = [sys.executable, "-P", "-m", _MODULE]  # never from the folder that it is started in
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=nothing, stderr=nothing, start_new_session=True)
    assert process.stdin is not None
    with contextlib.suppress(OSError):
        process.stdin.write(canonical(share) + b"\n")
        process.stdin.flush()
    return process


def main() -> None:
    """Read what is to be made, and make it; the end of the input ends everything."""
    share = decode(_Share, sys.stdin.buffer.readline().rstrip(b"\n"))
    threading.Thread(target=_end_with_the_run, daemon=True).start()
    cache = Path(share.cache)
    first_to_last = share.ids[::-1]  # `detections` begins at the end
    with contextlib.suppress(MlcsvError):
        detections(first_to_last, places=Places(cache=cache, keys=cache), watch=Silent(), fresh=False, spec=share.spec)


def _end_with_the_run() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


if __name__ == "__main__":
    main()
