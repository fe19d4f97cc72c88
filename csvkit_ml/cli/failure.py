"""A refusal on one screen: code, cause, hint."""

from __future__ import annotations

import json as json_text
import sys

from csvkit_ml.errors import MlcsvError


def report_failure(error: MlcsvError, *, json: bool) -> int:
    """Tell the person (stderr) and, when asked, the machine (stdout); gives the exit code."""
    sys.stderr.write(f"mlcsv: error {error.code}: {error.cause}\n")
    if error.hint:
        sys.stderr.write(f"  hint: {error.hint}\n")
    if json:
        sys.stdout.write(json_text.dumps({"error": {"code": error.code, "cause": error.cause, "hint": error.hint}}) + "\n")
    return error.exit_code
