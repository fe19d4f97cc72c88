"""impact.toml: what a person concludes from an upgrade assessment, read strictly."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import fields

from csvkit_ml.errors import UsageError
from csvkit_ml.model.comparison import Impact

IMPACT_FORM = "impact-form.toml"
"""Empty form in the folder of a comparison."""
SCHEMA = 1
LONGEST = 4000
QUESTIONS: Mapping[str, str] = {
    "requirements": "Requirements affected",
    "products": "Models and devices affected",
    "within": "Differences within the bound: acceptable for the intended use, because",
    "outside": "Differences outside the bound: consequence and measure",
    "decision": "Decision (adopt, adopt with restrictions, stay)",
    "verification": "Further verification needed",
    "next_review": "Next review date",
}


def empty_impact() -> str:
    """An impact.toml with every question and no answer."""
    lines = ["# Impact of the change, answered by a person: mlcsv sign FOLDER --as author --impact impact.toml", f"schema = {SCHEMA}"]
    for name, question in QUESTIONS.items():
        lines += ["", f"# {question}", f'{name} = ""']
    return "\n".join(lines) + "\n"


def read_impact(data: bytes) -> Impact:
    """Answers from the bytes of an impact.toml.

    Raises:
        UsageError: not TOML, an unknown or missing name, another type; the first problem is named.
    """
    hint = f"fill in the {IMPACT_FORM} of the folder"
    try:
        tree = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise UsageError(f"the impact file is not TOML: {e}", hint) from e
    if tree.pop("schema", None) != SCHEMA:
        raise UsageError(f"the impact file has no `schema = {SCHEMA}`", hint)
    names = [f.name for f in fields(Impact)]
    if strangers := sorted(set(tree) ^ set(names)):
        raise UsageError(f"the impact file {'has an unknown' if strangers[0] in tree else 'lacks the'} name {strangers[0]!r}", hint)
    if wrong := [n for n in names if not isinstance(tree[n], str) or len(tree[n]) > LONGEST]:
        raise UsageError(f"{wrong[0]} is not a text of at most {LONGEST} characters", hint)
    return Impact(**{n: tree[n].strip() for n in names})


def open_questions(impact: Impact) -> tuple[str, ...]:
    """Questions without an answer."""
    return tuple(question for name, question in QUESTIONS.items() if not getattr(impact, name))
