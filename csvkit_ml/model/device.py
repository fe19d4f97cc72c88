"""What only a person can say about a library in a device: read from `device.toml`, never generated."""

from __future__ import annotations

from dataclasses import dataclass, fields
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposition:
    """What is done about a finding, and why."""

    kind: str
    """Kind of finding, e.g. `failure`."""
    subject: str
    """Subject of the finding, or a glob over subjects."""
    decision: str
    """E.g. accepted, avoided, worked around, reported to the supplier."""
    reason: str

    def covers(self, kind: str, subject: str) -> bool:
        return self.kind == kind and (self.subject == subject or fnmatchcase(subject, self.subject))


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceInput:
    """Human input; an empty text is an open item."""

    designator: str = ""
    """Unique designator of the item in the maker's own SOUP or tool list."""
    change: str = ""
    """Change or approval id under which this is done."""
    occasion: str = ""
    """Initial validation or re-validation, and why."""
    tool_use: str = ""
    """Intended use of the training functionality, and the process it serves."""
    soup_use: str = ""
    """Intended use of the inference functionality inside the device."""
    tool_risk: str = ""
    """What a failure of the tool would lead to: class and reason."""
    soup_risk: str = ""
    """Software safety class or risk of the item that uses the library, and reason."""
    depth: str = ""
    """Why this much assurance and no more."""
    required_configuration: str = ""
    """Hardware and software that the intended use requires, to be held against what was found."""
    supplier: str = ""
    """Supplier evidence that is leaned on."""
    maintenance: str = ""
    """What triggers the next assessment, and how the item is retired."""
    tool_conclusion: str = ""
    """Conclusion about the tool, with residual risk."""
    soup_conclusion: str = ""
    """Conclusion about the SOUP item, with residual risk."""
    next_review: str = ""
    """Date of the next review, ISO 8601."""
    dispositions: tuple[Disposition, ...] = ()

    def disposition(self, kind: str, subject: str) -> Disposition | None:
        """The first disposition of a finding."""
        return next((d for d in self.dispositions if d.covers(kind, subject)), None)

    def open(self, report: str) -> tuple[str, ...]:
        """Names of the empty texts that a report (`tool` or `soup`) needs."""
        other = "soup_" if report == "tool" else "tool_"
        texts = [f.name for f in fields(self) if f.name != "dispositions" and not f.name.startswith(other)]
        return tuple(n for n in texts if not getattr(self, n).strip())


NO_INPUT = DeviceInput()
