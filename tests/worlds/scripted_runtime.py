"""A library that misbehaves on demand (staged half): the operation's name says how. Standard library only."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from typing import Any

from csvkit_ml.libraries.binding import NotSupported, Runtime, WireRequest, WireTensor


class ScriptedRuntime(Runtime):
    """Computes nothing: returns its operand, or does what the operation's name says."""

    def __init__(self) -> None:
        if os.environ.get("SCRIPTED_IMPORT") == "fails":
            print("libscripted.so: cannot open shared object file", file=sys.stderr, flush=True)
            raise ImportError("libscripted.so is missing")
        if os.environ.get("SCRIPTED_IMPORT") == "crashes":
            print("about to crash", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        self.dirtied = 0
        self.runs = 0

    def apply(self, settings: dict[str, str]) -> dict[str, str]:
        if "refused" in settings:
            raise NotSupported("setting refused")
        if "crashes" in settings:
            os.abort()
        return settings

    def describe(self) -> dict[str, str]:
        return {"version": "1.0", "environment": ",".join(sorted(os.environ)), "pid": str(os.getpid())}

    def inventory(self) -> dict[str, Any]:
        how = os.environ.get("SCRIPTED_INVENTORY", "")
        if how == "refused":
            raise NotSupported("inventory")
        if how == "crashes":
            os.abort()
        names = {"twice": ["a", "a"], "hostile": ["a\x1b[2J"]}.get(how, ["scripted.echo", "scripted.flood"])
        return {"methods": ["made up"], "entries": [{"name": n, "kind": "callable"} for n in names]}

    def calls(self, request: WireRequest) -> dict[str, bool]:
        self.run(request)
        return {"scripted::" + request.op: True, "scripted::" + request.variant: request.variant == "out"}

    def dirty(self) -> None:
        self.dirtied += 1

    def run(self, request: WireRequest) -> list[tuple[str, WireTensor]]:
        self.runs += 1
        print("printed by", request.op)
        return [("y", getattr(self, "op_" + request.op)(request))]

    def op_echo(self, r: WireRequest) -> WireTensor:
        return r.inputs[0]

    def op_pid(self, r: WireRequest) -> WireTensor:
        return _int64(os.getpid())

    def op_dirtied(self, r: WireRequest) -> WireTensor:
        return _int64(self.dirtied)

    def op_runs(self, r: WireRequest) -> WireTensor:
        return _int64(self.runs)

    def op_nan(self, r: WireRequest) -> WireTensor:
        return WireTensor("float32", (1,), b"\x00\x00\xc0\x7f")

    def op_wrong_shape(self, r: WireRequest) -> WireTensor:
        return WireTensor("float32", (7, 7), b"\x00" * 8)

    def op_wrong_dtype(self, r: WireRequest) -> WireTensor:
        return WireTensor("float3", (1,), b"\x00")

    def op_raises(self, r: WireRequest) -> WireTensor:
        raise RuntimeError("no such kernel at 0x7f00deadbeef " + "x" * 10_000)

    def op_leaves(self, r: WireRequest) -> WireTensor:
        sys.exit(3)

    def op_unsupported(self, r: WireRequest) -> WireTensor:
        raise NotSupported("not implemented for this dtype")

    def op_segfault(self, r: WireRequest) -> WireTensor:
        if r.variant != "plain":
            return r.inputs[0]
        print("last words", file=sys.stderr, flush=True)
        return _die(signal.SIGSEGV)

    def op_segfault_late(self, r: WireRequest) -> WireTensor:
        if self.runs > 1:
            _die(signal.SIGSEGV)
        return r.inputs[0]

    def op_abort(self, r: WireRequest) -> WireTensor:
        os.abort()

    def op_killed(self, r: WireRequest) -> WireTensor:
        return _die(signal.SIGKILL)

    def op_exit(self, r: WireRequest) -> WireTensor:
        os._exit(0)

    def op_hang(self, r: WireRequest) -> WireTensor:
        while True:
            time.sleep(60)

    def op_spin(self, r: WireRequest) -> WireTensor:
        while True:
            pass

    def op_family_hangs(self, r: WireRequest) -> WireTensor:
        _grandchild(r)
        return self.op_hang(r)

    def op_family_crashes(self, r: WireRequest) -> WireTensor:
        _grandchild(r)
        return _die(signal.SIGSEGV)

    def op_family(self, r: WireRequest) -> WireTensor:
        _grandchild(r)
        return r.inputs[0]

    def op_flood(self, r: WireRequest) -> WireTensor:
        for _ in range(256):
            os.write(1, b"flood\n" * 10_000)
        os.write(2, b"e" * 300_000 + b"the end")
        return r.inputs[0]

    def op_flood_and_crash(self, r: WireRequest) -> WireTensor:
        self.op_flood(r)
        return _die(signal.SIGABRT)

    def op_half_frame(self, r: WireRequest) -> WireTensor:
        os.write(_link(), b"\x40\x00\x00\x00\x00\x00\x00")
        os._exit(5)

    def op_garbage(self, r: WireRequest) -> WireTensor:
        os.write(_link(), b"\xde\xad\xbe\xef" * 4096)
        return r.inputs[0]

    def op_not_json(self, r: WireRequest) -> WireTensor:
        os.write(_link(), b"\x04\x00\x00\x00" + b"\x00" * 8 + b"{{{{")
        return r.inputs[0]

    def op_other_answer(self, r: WireRequest) -> WireTensor:
        text = b'{"i":77,"k":"same","as":0}'
        os.write(_link(), len(text).to_bytes(4, "little") + b"\x00" * 8 + text)
        return r.inputs[0]

    def op_closes(self, r: WireRequest) -> WireTensor:
        os.close(_link())
        return self.op_hang(r)

    def op_memory(self, r: WireRequest) -> WireTensor:
        return WireTensor("uint8", (1 << 32,), bytes(1 << 32))

    def op_big(self, r: WireRequest) -> WireTensor:
        return WireTensor("uint8", (3_000_000,), bytes([self.runs % 256]) * 3_000_000)


def _int64(value: int) -> WireTensor:
    return WireTensor("int64", (), value.to_bytes(8, "little"))


def _die(number: int) -> Any:
    sys.stderr.flush()
    os.kill(os.getpid(), number)
    time.sleep(60)


def _link() -> int:
    """The protocol's own descriptor: what a stray write of a library would hit."""
    return next(fd for fd in range(3, 256) if _is_socket(fd))


def _is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


def _grandchild(r: WireRequest) -> None:
    """A descendant that outlives its parent, holds its streams and writes its pid where the test finds it."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
    with open(r.params["pids"], "a") as f:  # noqa: PTH123 - staged, nothing more is imported than needed
        print(child.pid, file=f)


RUNTIME = ScriptedRuntime
