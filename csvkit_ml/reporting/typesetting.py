"""One paper report laid out: `python -m csvkit_ml.reporting.typesetting SECONDS SIZE`, the document of SIZE bytes and its record on standard input."""

from __future__ import annotations

import sys

from csvkit_ml.reporting.pdf import compiled


def main() -> None:
    """The PDF goes to standard output."""
    seconds, size = map(int, sys.argv[1:])
    document, record = sys.stdin.buffer.read(size), sys.stdin.buffer.read()
    sys.stdout.buffer.write(compiled(document, record, seconds))


if __name__ == "__main__":
    main()
