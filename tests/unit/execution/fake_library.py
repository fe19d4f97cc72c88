"""A library that does everything a library can do wrong; staged under the name `fake`."""

from __future__ import annotations

import io
import zipfile

from csvkit_ml.execution.staging import StagedWorker, build_archive
from csvkit_ml.libraries.port import Library
from csvkit_ml.model.digest import sha256

RUNTIME = """
import os, signal, subprocess, sys, time
from csvkit_ml.libraries.binding import NotSupported, Runtime, WireTensor

DIRT = []

class Fake(Runtime):
    def __init__(self):
        IMPORT_LINE
        self.calls = 0

    def apply(self, settings):
        return dict(settings)

    def describe(self):
        return {"version": "1", "threads": os.environ.get("OMP_NUM_THREADS", ""), "home": os.environ.get("HOME", ""),
                "leak": os.environ.get("MLCSV_TEST_LEAK", "")}

    def dirty(self):
        DIRT.append(1)

    def run(self, request):
        self.calls += 1
        return getattr(self, request.op)(request)

    def same(self, r):
        return [("y", r.inputs[0])]

    def two(self, r):
        return [("y", r.inputs[0]), ("y1", r.inputs[0])]

    def pid(self, r):
        return [("y", WireTensor("int64", (), os.getpid().to_bytes(8, "little")))]

    def dirtied(self, r):
        return [("y", WireTensor("int64", (), len(DIRT).to_bytes(8, "little")))]

    def segfault(self, r):
        os.kill(os.getpid(), signal.SIGSEGV)

    def once(self, r):
        flag = r.params["flag"]
        if not os.path.exists(flag):
            open(flag, "w").close()
            os.kill(os.getpid(), signal.SIGSEGV)
        return self.same(r)

    def abort(self, r):
        sys.stderr.write("last words\\n")
        sys.stderr.flush()
        os.abort()

    def leave(self, r):
        os._exit(3)

    def hang(self, r):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        open(r.params["pidfile"], "w").write(str(child.pid))
        time.sleep(600)

    def flood(self, r):
        for _ in range(2000):
            os.write(1, b"x" * 4096)
        return self.same(r)

    def boom(self, r):
        raise RuntimeError("boom " + "x" * 10000)

    def unsupported(self, r):
        raise NotSupported("not here")

    def shape(self, r):
        return [("y", WireTensor("float32", (7,), b"abcd"))]

    def dtype(self, r):
        return [("y", WireTensor("evil", (1,), b"abcd"))]

    def memory(self, r):
        return [("y", WireTensor("uint8", (1,), bytes(bytearray(1 << 34))[:1]))]

    def half(self, r):
        import gc, socket
        for s in gc.get_objects():
            if isinstance(s, socket.socket) and s.fileno() > 2 and s.type == socket.SOCK_STREAM:
                s.sendall(b"\\x10\\x00\\x00")
        os._exit(0)

    def suicide(self, r):
        os.kill(os.getpid(), signal.SIGKILL)

RUNTIME = Fake
"""

LIBRARY = Library(
    name="fake",
    distributions=("fake",),
    maker="nobody",
    title="Fake",
    offers=tuple,
    lower=lambda function, sample: b"",
    staged=("csvkit_ml.worker",),
)


def fake_worker(import_line: str = "pass") -> StagedWorker:
    """The real worker with the fake library's staged half."""
    buffer = io.BytesIO(build_archive(LIBRARY).data)
    with zipfile.ZipFile(buffer, "a") as archive:
        for name in ("csvkit_ml/libraries/fake/__init__.py", "csvkit_ml/libraries/fake/staged/__init__.py"):
            archive.writestr(name, "")
        archive.writestr("csvkit_ml/libraries/fake/staged/runtime.py", RUNTIME.replace("IMPORT_LINE", import_line))
    data = buffer.getvalue()
    return StagedWorker(data=data, digest=sha256(data))
