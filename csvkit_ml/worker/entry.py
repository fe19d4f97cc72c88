"""Entry of the staged archive: `python -I archive.pyz zygote|serve LIBRARY DESCRIPTOR`. Standard library only."""

from __future__ import annotations

import importlib
import os
import socket
import sys
import traceback
from typing import List, Optional

from csvkit_ml.worker import frames, serve
from csvkit_ml.worker.wire import Runtime
from csvkit_ml.worker.zygote import Zygote, no_core_files

TRACEBACK = 60000
"""Characters of a traceback that is sent to the host."""


def load(library: str) -> Runtime:
    """Import the staged half of a library, which imports the library itself."""
    made = importlib.import_module("csvkit_ml.libraries.%s.staged.runtime" % library).RUNTIME()
    if not isinstance(made, Runtime):
        raise TypeError("RUNTIME of %s is not a Runtime" % library)
    return made


def load_and_report(control: socket.socket, library: str) -> Optional[Runtime]:
    """Load the library and tell the host `ready` or `failed`; None when it failed."""
    try:
        runtime = load(library)
    except BaseException:
        frames.send(control, frames.encode({"failed": traceback.format_exc()[-TRACEBACK:]}))
        return None
    frames.send(control, frames.encode({"ready": os.getpid()}))
    return runtime


def main(arguments: Optional[List[str]] = None) -> int:
    """Import the library, then serve as a zygote, or (`serve`) as the only cell of a fresh process."""
    mode, library, descriptor = sys.argv[1:] if arguments is None else arguments
    control = socket.socket(fileno=int(descriptor))
    control.setblocking(True)
    control.set_inheritable(False)
    os.dup2(2, 1)
    runtime = load_and_report(control, library)
    if runtime is None:
        return 1
    if mode == "serve":
        no_core_files()
        serve.serve_and_exit(control, runtime)
    Zygote(control, runtime).run()
    return 0
