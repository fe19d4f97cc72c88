"""A refusal on one screen: code, cause, hint."""

from __future__ import annotations

import contextlib
import json as json_text
import sys

from csvkit_ml.errors import MlcsvError


def report_failure(error: MlcsvError, *, json: bool) -> int:
    """Tell the person (stderr) and, when asked, the machine (stdout); gives the exit code."""
    hint = f"  hint: {error.hint}\n" if error.hint else ""
    with contextlib.suppress(OSError):  # where not even this can be written, the exit code still tells
        sys.stderr.write(f"mlcsv: error {error.code}: {error.cause}\n{hint}")
        if json:
            sys.stdout.write(json_text.dumps({"error": {"code": error.code, "cause": error.cause, "hint": error.hint}}) + "\n")
            sys.stdout.flush()
    return error.exit_code
