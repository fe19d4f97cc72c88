"""mlcsv device: the questions that only a person can answer."""

from __future__ import annotations

import json as json_text
import sys

from csvkit_ml.cli import options as o


def device(json: o.Json = False) -> None:
    """Print an empty device.toml: intended use, risk, depth, dispositions, conclusion."""
    from csvkit_ml.reporting.device_file import empty_device

    text = empty_device()
    sys.stdout.write(json_text.dumps({"device.toml": text}) + "\n" if json else text)
