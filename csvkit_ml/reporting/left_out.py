"""What was left out of a run, together by reason."""

from __future__ import annotations

from collections.abc import Iterable

from csvkit_ml.model.plan import NotOffered


def by_reason(found: Iterable[NotOffered]) -> list[tuple[str, str, tuple[str, ...]]]:
    """(what, reason, functions), the reason with most functions first; equals stay in order."""
    groups: dict[tuple[str, str], list[str]] = {}
    for n in found:
        groups.setdefault((n.what, n.reason), []).append(n.function)
    made = [(what, reason, tuple(dict.fromkeys(names))) for (what, reason), names in groups.items()]
    return sorted(made, key=lambda g: -len(g[2]))
