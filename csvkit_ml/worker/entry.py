"""Entry of the staged archive: `python -I archive.pyz LIBRARY zygote|serve FD`. Standard library only."""

from __future__ import annotations

import faulthandler
import importlib
import os
import socket
import sys


def main() -> None:
    """Import the library's staged half and serve on the inherited socket."""
    name, mode, fd = sys.argv[1], sys.argv[2], int(sys.argv[3])
    faulthandler.enable()
    os.dup2(2, 1)
    runtime = importlib.import_module("csvkit_ml.libraries.%s.staged.runtime" % name).RUNTIME()
    sock = socket.socket(fileno=fd)
    sock.set_inheritable(False)
    if mode == "zygote":
        from csvkit_ml.worker.zygote import run

        run(runtime, sock)
    else:
        from csvkit_ml.worker.serve import serve

        serve(runtime, sock)
