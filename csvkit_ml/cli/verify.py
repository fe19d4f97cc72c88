"""mlcsv verify: is this what was signed, by someone trusted?"""

from __future__ import annotations

import json as json_text
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from csvkit_ml.cli import options as o

if TYPE_CHECKING:
    from csvkit_ml.model.signature import Check, PublicKey


def verify(
    what: Annotated[Path, typer.Argument(help="Folder of a report, comparison or matrix, a single envelope (.dsse.json) or a single PDF.")],
    trust: o.Trust = [],  # noqa: B006
    policy: o.PolicyFile = None,
    ca: Annotated[list[Path], typer.Option("--ca", help="Certificate (PEM) that signatures in PDFs must lead to (repeatable).")] = [],  # noqa: B006
    rejudge: Annotated[bool, typer.Option("--rejudge", help="Judge again from the evidence and compare byte for byte.")] = False,
    rerender: Annotated[bool, typer.Option("--rerender", help="Lay out again from the report and compare byte for byte.")] = False,
    json: o.Json = False,
) -> None:
    """Verify offline, by numbered checks: ok, not ok, could not tell. Exit 0 all ok, 7 the first not ok is named, 4 one could not tell."""
    from csvkit_ml import pipeline
    from csvkit_ml.model.signature import Answer
    from csvkit_ml.signing.verification import require

    trusted = pipeline.trusted_keys(tuple(trust), pipeline.places())
    alone = what.exists() and not what.is_dir()
    checks = _file(what, trusted, tuple(ca)) if alone else _folder(what, trusted, policy, rejudge=rejudge, rerender=rerender)
    if json:
        out = [{"number": c.number, "what": c.what, "ok": c.ok, "answer": c.answer.value, "detail": c.detail} for c in checks]
        sys.stdout.write(json_text.dumps({"folder": str(what), "ok": bool(checks) and all(c.ok for c in checks), "checks": out}) + "\n")
    else:
        words = {Answer.OK: "ok", Answer.NOT_OK: "NOT OK", Answer.UNKNOWN: "could not tell"}
        for c in checks:
            sys.stdout.write(f"{c.number:2d} {words[c.answer]:14} {c.what}{': ' + _plain(c.detail) if c.detail else ''}\n")
    require(checks)


def _plain(text: str) -> str:
    """Text of an untrusted file: a terminal must not obey it."""
    return "".join(ch if ch.isprintable() else "?" for ch in text)


def _folder(folder: Path, trusted: tuple[PublicKey, ...], policy: Path | None, *, rejudge: bool, rerender: bool) -> tuple[Check, ...]:
    from csvkit_ml import rechecking
    from csvkit_ml.approving import check_folder
    from csvkit_ml.assessing import is_comparison, rerender_comparison

    checks = list(check_folder(folder, trusted, o.policy_input(policy) if policy else None))
    if is_comparison(folder):
        compared = partial(rerender_comparison, folder, trusted)
        told = "laid out again from the records, every page is the same"
        return (*checks, *((rechecking.numbered(told, len(checks) + 1, compared),) if rerender else ()))
    looks = [("report and judgement say the same", rechecking.consistent)] if rejudge or rerender else []
    looks += [("judged again from the evidence, the judgement is the same", rechecking.rejudge)] if rejudge else []
    looks += [("laid out again from the report, every file is the same", rechecking.rerender)] if rerender else []
    checks += [rechecking.numbered(text, len(checks) + n, partial(look, folder)) for n, (text, look) in enumerate(looks, 1)]
    if rerender and (folder / "approvals").is_dir():
        again = partial(rechecking.rerender_approvals, folder, trusted)
        checks.append(rechecking.numbered("what the approvals show, laid out again, is the same", len(checks) + 1, again))
    return tuple(checks)


def _file(path: Path, trusted: tuple[PublicKey, ...], ca: tuple[Path, ...]) -> tuple[Check, ...]:
    from csvkit_ml import rechecking
    from csvkit_ml.evidence.folder import read_file

    data = read_file(path.parent, path.name)
    if data.startswith(b"%PDF-"):
        from csvkit_ml.signing.pdf_signature import verify_pdf

        return verify_pdf(data, tuple(read_file(c.parent, c.name) for c in ca))
    return rechecking.verify_envelope(data, trusted)
