"""Checks that need more than the files: judging again from the evidence, laying out again from the report; single envelopes and PDFs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from csvkit_ml import __version__, registry
from csvkit_ml.approving import state_of
from csvkit_ml.errors import IntegrityError, MlcsvError, VerificationError
from csvkit_ml.evidence.folder import blob_path, read_file
from csvkit_ml.judgement.holding import FILE as BY_DIGEST
from csvkit_ml.judgement.holding import held_by_digest
from csvkit_ml.model.codec import CodecError, canonical, decode
from csvkit_ml.model.digest import Digest, sha256
from csvkit_ml.model.evidence import EvidenceManifest
from csvkit_ml.model.function import Side, Verdict
from csvkit_ml.model.judgement import Judgement
from csvkit_ml.model.plan import ValidationPlan
from csvkit_ml.model.report import ReportModel
from csvkit_ml.model.signature import Answer, Check, PublicKey
from csvkit_ml.pipeline import read_report
from csvkit_ml.pipeline.judging import judge
from csvkit_ml.pipeline.scoped import planned_functions
from csvkit_ml.planning.catalogue import make_catalogue
from csvkit_ml.reporting.format import formats
from csvkit_ml.reporting.pdf import renderers
from csvkit_ml.signing.approval import read_words
from csvkit_ml.signing.envelope import verify
from csvkit_ml.signing.keys import fault_at

Result = tuple[Answer, str]

ENVELOPE_WHAT = (
    "the envelope is well formed and its signature valid and of a trusted key",
    "it is a personal approval in the signer's own name, with a key in force",
)


class Silence:
    """A watcher that tells nobody."""

    def stage(self, text: str) -> None: ...
    def expect(self, text: str, total: int) -> None: ...
    def advance(self, count: int = 1) -> None: ...
    def judged(self, side: Side, verdict: Verdict) -> None: ...


def numbered(what: str, number: int, look: Callable[[], Result]) -> Check:
    """A check whose own trouble is "not ok" when the record is at fault and "could not tell" when this installation is."""
    try:
        answer, detail = look()
    except (IntegrityError, CodecError) as e:
        answer, detail = Answer.NOT_OK, getattr(e, "cause", str(e))
    except MlcsvError as e:
        answer, detail = Answer.UNKNOWN, e.cause
    return Check(number=number, what=what, answer=answer, detail=detail)


def rejudge(folder: Path) -> Result:
    """Judge every observation again from plan, manifest and evidence, and compare judgement.json byte for byte.

    "Could not tell" when this version of mlcsv would plan something else: then its references and limits are not those of the run.
    Of a sweep the folder holds the most serious chunks; the judgement of the others is taken as it is, and their number told.
    """
    plan_bytes, manifest_bytes = read_file(folder, "plan.json"), read_file(folder, "manifest.json")
    plan, manifest = decode(ValidationPlan, plan_bytes), decode(EvidenceManifest, manifest_bytes)
    catalogue = make_catalogue(
        plan.spec, registry.library(plan.spec.library), planned_functions(folder, plan.spec), home=registry.home,
        settings=dict(plan.settings), worker=plan.worker, time_limit_s=plan.time_limit_s, memory_limit_bytes=plan.memory_limit_bytes,
    )  # fmt: skip
    if canonical(catalogue.plan) != plan_bytes:
        return Answer.UNKNOWN, f"mlcsv {__version__} plans otherwise than {plan.tool} did: use the version that wrote the report"

    def blob(digest: Digest) -> bytes:
        data = read_file(folder, blob_path(digest))
        if sha256(data) != digest:
            raise IntegrityError(f"blob {digest} has been altered", "ask for the folder again")
        return data

    kept = read_file(folder, "judgement.json")
    judgement = decode(Judgement, kept)
    try:
        absent = held_by_digest(plan, manifest, judgement)
    except KeyError as e:
        return Answer.NOT_OK, f"judgement.json has no {e.args[0]}"
    told = read_file(folder, BY_DIGEST) if (folder / BY_DIGEST).exists() else b""
    if told != (canonical(absent) if absent.cases else b""):
        return Answer.NOT_OK, f"{BY_DIGEST} does not list what plan and judgement leave out"
    gone = {c.case for c in absent.cases}
    standing = {c.case: c for f in judgement.functions for c in f.cases if c.case in gone}
    again = judge(catalogue, manifest, sha256(manifest_bytes), blob, None, Silence(), standing=standing)
    if canonical(again) != kept:
        return Answer.NOT_OK, _first_difference(judgement, again)
    taken = f"; {len(gone)} chunks of sweeps, held by digest, not judged again: `mlcsv reproduce` makes each again" if gone else ""
    return Answer.OK, f"{sum(len(f.cases) for f in again.functions) - len(gone)} cases judged again, the same bytes{taken}"


def _first_difference(kept: Judgement, again: Judgement) -> str:
    old = {c.case: c for f in kept.functions for c in f.cases}
    for f in again.functions:
        for c in f.cases:
            if old.get(c.case) != c:
                was = old[c.case].verdict.value if c.case in old else "no judgement"
                return f"{c.case}: {was} in the folder, {c.verdict.value} when judged again"
    return "judgement.json has other cases or another form"


def rerender(folder: Path, model: ReportModel | None = None, place: str = "") -> Result:
    """Lay every format out again and compare byte for byte; "could not tell" with other programs than those that laid it out.

    Args:
        model: what to lay out, report.json of the folder when not given.
        place: folder of the files inside the report folder.
    """
    shown = model or read_report(folder)
    known = dict(shown.renderers)
    if known != dict(renderers()) or shown.tool != f"mlcsv {__version__}":
        return Answer.UNKNOWN, f"laid out by {shown.tool} with {known or 'unknown programs'}, not by mlcsv {__version__} with {dict(renderers())}"
    done = []
    for form in formats():
        if place and not form.filename.endswith((".html", ".pdf")):
            continue
        kept = read_file(folder, f"{place}/{form.filename}" if place else form.filename)
        if place and b"/ByteRange" in kept:
            continue
        if form.render(shown) != kept:
            return Answer.NOT_OK, f"{form.filename} is not what its report model gives"
        done.append(form.filename)
    return (Answer.OK, f"the same bytes: {', '.join(done)}") if done else (Answer.UNKNOWN, "nothing was laid out")


def rerender_approvals(folder: Path, trusted: tuple[PublicKey, ...]) -> Result:
    """What lies beside each approval, laid out again with the approvals up to it; PDFs that carry signatures of their own are verified apart."""
    state = state_of(folder, trusted)
    for n, s in enumerate(state.signed, 1):
        answer, detail = rerender(folder, replace(state.model, approvals=state.given[:n]), s.place)
        if answer is not Answer.OK:
            return answer, f"{s.place}: {detail}"
    return Answer.OK, f"{len(state.signed)} approvals"


def consistent(folder: Path) -> Result:
    """report.json says what judgement.json says, case by case, and names plan and manifest of the folder."""
    report, judgement = read_report(folder), decode(Judgement, read_file(folder, "judgement.json"))
    if (report.plan, report.manifest) != (sha256(read_file(folder, "plan.json")), sha256(read_file(folder, "manifest.json"))):
        return Answer.NOT_OK, "report.json names another plan or another manifest"
    judged = {c.case: (c.reason, c.detail, c.measurements) for f in judgement.functions for c in f.cases}
    for f in report.functions:
        for c in f.cases:
            if c.id in judged and judged[c.id] != (c.reason, c.detail, c.measurements):
                return Answer.NOT_OK, f"report.json and judgement.json differ in {c.id}"
            if c.id not in judged and c.verdict is Verdict.PASSED:
                return Answer.NOT_OK, f"report.json has {c.id} passed, and nobody judged it"
    return Answer.OK, f"{len(judged)} cases"


def verify_envelope(data: bytes, trusted: tuple[PublicKey, ...]) -> tuple[Check, ...]:
    """A single envelope: signature, key, and what it says. What it covers is not here to be compared."""
    checks: list[Check] = []
    try:
        kind, payload, key = verify(data, trusted)
    except VerificationError as e:
        unknown = "not trusted" in e.cause
        answer = Answer.UNKNOWN if unknown else Answer.NOT_OK
        return (Check(number=1, what=ENVELOPE_WHAT[0], answer=answer, detail=e.cause),)
    checks.append(Check(number=1, what=ENVELOPE_WHAT[0], answer=Answer.OK, detail=f"{key.person or key.name} ({key.keyid[:16]}...)"))
    try:
        approval, subjects = read_words(kind, payload)
    except VerificationError:
        return (*checks, Check(number=2, what=ENVELOPE_WHAT[1], answer=Answer.UNKNOWN, detail="not a personal approval: verify its folder"))
    fault, same = fault_at(key, approval.time), approval.name == key.person
    told = f"{approval.role}: {approval.name}, {approval.time}: {approval.meaning} ({len(subjects)} files)"
    problem = fault or ("" if same else f"it says {approval.name!r}, the key is of {key.person!r}")
    return (*checks, Check(number=2, what=ENVELOPE_WHAT[1], answer=Answer.NOT_OK if problem else Answer.OK, detail=problem or told))
