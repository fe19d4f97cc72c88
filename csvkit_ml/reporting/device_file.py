"""device.toml: human input, read strictly. All errors are told at once."""

from __future__ import annotations

import tomllib

from pydantic import BaseModel, ConfigDict, ValidationError

from csvkit_ml.errors import UsageError
from csvkit_ml.model.device import DeviceInput, Disposition

SCHEMA = 1


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Item(_Strict):
    designator: str = ""
    change: str = ""
    occasion: str = ""
    required_configuration: str = ""
    supplier: str = ""
    maintenance: str = ""
    next_review: str = ""
    depth: str = ""


class _Report(_Strict):
    use: str = ""
    risk: str = ""
    conclusion: str = ""


class _Disposition(_Strict):
    kind: str
    subject: str
    decision: str
    reason: str


class _File(_Strict):
    schema_: int
    item: _Item = _Item()
    tool: _Report = _Report()
    soup: _Report = _Report()
    disposition: list[_Disposition] = []


def read_device(data: bytes) -> DeviceInput:
    """Human input from the bytes of a device.toml.

    Raises:
        UsageError: not TOML, an unknown name, a wrong type, an empty decision or reason; every problem is named.
    """
    try:
        tree = tomllib.loads(data.decode())
        read = _File.model_validate({"schema_" if k == "schema" else k: v for k, v in tree.items()})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise UsageError(f"the device file is not TOML: {e}", "write an empty one with `mlcsv device`") from e
    except ValidationError as e:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in e.errors())
        raise UsageError(f"the device file is not of the documented form: {problems}", "write an empty one with `mlcsv device`") from e
    if read.schema_ != SCHEMA:
        raise UsageError(f"schema {read.schema_} of the device file is not {SCHEMA}", "write `schema = 1`")
    if empty := [d.subject for d in read.disposition if not (d.decision.strip() and d.reason.strip())]:
        raise UsageError(f"the disposition of {empty[0]!r} has no decision or no reason", "a disposition carries both")
    return DeviceInput(
        **read.item.model_dump(),
        **{f"tool_{k}": v for k, v in read.tool.model_dump().items()},
        **{f"soup_{k}": v for k, v in read.soup.model_dump().items()},
        dispositions=tuple(Disposition(**d.model_dump()) for d in read.disposition),
    )


def empty_device() -> str:
    """A device.toml with every question and no answer."""
    lines = ["# Human input. An empty text is an open item and keeps the DRAFT mark on the reports.", f"schema = {SCHEMA}", ""]
    for table, model in (("item", _Item), ("tool", _Report), ("soup", _Report)):
        lines.append(f"[{table}]")
        for name in model.model_fields:
            lines += [f"# {_QUESTIONS[f'{table}.{name}']}", f'{name} = ""']
        lines.append("")
    return "\n".join([*lines, _EXAMPLE])


_QUESTIONS = {
    "item.designator": "Unique designator of this item in your SOUP or tool list.",
    "item.change": "Change or approval id under which this is done.",
    "item.occasion": "Initial validation or re-validation, and why.",
    "item.required_configuration": "Hardware and software that the intended use requires.",
    "item.supplier": "Supplier evidence that you lean on.",
    "item.maintenance": "What triggers the next assessment; how the item is retired.",
    "item.next_review": "Date of the next review, YYYY-MM-DD.",
    "item.depth": "Why this much assurance, and no more; the category of the software (GAMP 5), with reason.",
    "tool.use": "Intended use of the training functionality, and the process that it serves.",
    "tool.risk": "What a failure would lead to: high process risk or not, and why.",
    "tool.conclusion": "Your conclusion about the tool, with the residual risk.",
    "soup.use": "Intended use of the inference functionality inside the device.",
    "soup.risk": "Software safety class or risk, and why.",
    "soup.conclusion": "Your conclusion about the SOUP item, with the residual risk.",
}

_EXAMPLE = """# One block for each finding that you have decided about; subject may be a glob.
# [[disposition]]
# kind = "failure"
# subject = "max_pool2d"
# decision = "avoided"
# reason = "The device never pools over infinities: inputs are checked finite (requirement R-12)."
"""
