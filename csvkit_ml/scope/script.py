"""The scope of a script: run in the product's environment under a trace, bounded in time, whatever becomes of it."""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TextIO

from csvkit_ml.errors import InterpreterError, ScopeError
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.scope import Operand, Phase, Scope, Source, Use
from csvkit_ml.programs import run_to_end, whole_lines
from csvkit_ml.scope.collect import gather

TRACER = Path(__file__).parent / "staged" / "torch_trace.py"
_HINT = "name the interpreter of the environment in which the script runs, with --python"


def scope_of_script(python: str, script: Path, arguments: Sequence[str], *, limit_s: float, bytecode: Path, output: TextIO | int | None = None) -> Scope:
    """Run a script to its end, or to the limit, and collect what it used.

    The script gets the caller's environment variables, working directory and standard input: it is the product's own program. At the limit
    it is ended with all it started.

    Args:
        bytecode: folder for byte code, so that none is written beside the environment's sources.
        output: where its standard output goes (stdout of mlcsv is for machines).

    Raises:
        ScopeError: there is no such script, or nothing of torch was executed.
        InterpreterError: the interpreter cannot be started.
    """
    try:
        source = script.read_bytes()
    except OSError as e:
        raise ScopeError(f"cannot read {script}: {e.strerror}", "name a Python script behind --") from e
    found = shutil.which(python)
    if found is None:
        raise InterpreterError(f"{python or 'no interpreter'} cannot be executed", _HINT)
    with tempfile.TemporaryDirectory() as folder:
        tracer = Path(shutil.copy(TRACER, folder))
        trace = Path(folder) / "trace.jsonl"
        line = [found, "-X", f"pycache_prefix={bytecode}", str(tracer), str(trace), str(script), *arguments]
        ending = _ending(run_to_end(line, limit_s, stdout=output), limit_s)
        lines = list(whole_lines(trace))
    return _scope(script.name, source, arguments, lines, ending)


def _ending(status: int | None, limit_s: float) -> str:
    """How the script ended in words, '' for the ordinary way."""
    if status is None:
        return f"it did not end within {limit_s:g} s and was ended"
    if status < 0:
        return f"it was ended by {signal.Signals(-status).name}"
    return f"it ended with status {status}" if status else ""


def _scope(name: str, source: bytes, arguments: Sequence[str], lines: list[dict[str, Any]], ending: str) -> Scope:
    problems = [f"{name}: {ending}"] if ending else []
    details = {"arguments": " ".join(arguments)}
    counts: dict[tuple[int, int], int] = {}
    for line in lines:
        if "library" in line:
            details |= {k: str(line[k])[:200] for k in ("version", "threads", "deterministic") if k in line}
        if line.get("ended"):
            problems.append(f"{name}: {_last(str(line['ended']))}")
        if line.get("overflow"):
            problems.append(f"{name}: {line['overflow']} executions were not recorded: too many different uses")
        counts |= {(line.get("pid", 0), n): c for n, c in enumerate(line.get("counts", ()))}
    try:
        uses = [_use(line, counts) for line in lines if "use" in line]
    except (LookupError, TypeError, ValueError) as e:
        raise ScopeError(f"the trace of {name} cannot be read: {e}", "run it again; the script may have written into the trace") from e
    if not uses:
        raise ScopeError(f"{name} executed no operator of torch: {problems[0] if problems else 'it ended as usual'}", _HINT)
    origin = Source(kind="script", name=name, digest=sha256(source), details=tuple(sorted(details.items())))
    return gather("torch", (origin,), uses, problems)


def _last(text: str) -> str:
    """The last line of a traceback, bounded."""
    return (text.strip().splitlines() or [""])[-1][:300]


def _use(line: dict[str, Any], counts: dict[tuple[int, int], int]) -> Use:
    operands = tuple(Operand(dtype=str(d), shape=tuple(int(n) for n in s), layout=str(w)) for d, s, w in line["operands"])
    return Use(
        operator=_dispatched(str(line["use"])), phase=Phase(line["phase"]), device=str(line["device"]), operands=operands,
        attributes=tuple(sorted((str(k), _frozen(v)) for k, v in line["attributes"])), count=max(1, counts.get((line["pid"], line["n"]), 1)),
    )  # fmt: skip


def _dispatched(name: str) -> str:
    """`aten::add.Tensor` of `aten.add.Tensor`."""
    space, _, rest = name.partition(".")
    return f"{space}::{rest}"


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list) else value
