"""Approval of a comparison or determinism folder: what a person concludes is laid out, signed and added beside, as with reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from csvkit_ml.approving import MEANINGS, check_folder, finished_of, write_approval
from csvkit_ml.errors import ApprovalError, IntegrityError
from csvkit_ml.evidence.folder import listing, read_file
from csvkit_ml.model.codec import CodecError, decode
from csvkit_ml.model.comparison import Comparison, DeterminismMatrix, Impact
from csvkit_ml.model.digest import hex_of, sha256
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import Answer, PublicKey
from csvkit_ml.reporting.comparison_html import NO_ANSWERS, comparison_page, determinism_page
from csvkit_ml.reporting.impact_file import open_questions, read_impact
from csvkit_ml.reporting.matrix_pdf import determinism_pdf
from csvkit_ml.signing.approval import ENVELOPE, approve, places, read_approval
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.statement import APPROVALS, ATTESTATION, file_digest
from csvkit_ml.signing.verification import require

IMPACT = "impact.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The records of such a folder, by file name without suffix."""

    comparisons: Mapping[str, Comparison]
    matrices: Mapping[str, DeterminismMatrix]

    def pages(self, impact: Impact = NO_ANSWERS, approvals: tuple[Approval, ...] = ()) -> dict[str, bytes]:
        """Every record laid out."""
        made = {f"{n}.html": comparison_page(c, impact, approvals) for n, c in self.comparisons.items()}
        made |= {f"{n}.html": determinism_page(m) for n, m in self.matrices.items()}
        return made | {f"{n}.pdf": determinism_pdf(m) for n, m in self.matrices.items()}


def is_comparison(folder: Path) -> bool:
    """Whether a folder holds comparisons or a determinism matrix instead of a report."""
    return not (folder / "report.json").exists() and any((folder / f"{n}.json").is_file() for n in ("comparison", "comparison-1", "determinism"))


def read_records(folder: Path) -> Records:
    """Raises IntegrityError."""
    names = [n.removesuffix(".json") for n in listing(folder) if n.endswith(".json") and "/" not in n and not n.endswith(".dsse.json")]
    try:
        data = {n: read_file(folder, f"{n}.json") for n in names}
        return Records(
            comparisons={n: decode(Comparison, data[n]) for n in names if n.startswith("comparison")},
            matrices={n: decode(DeterminismMatrix, data[n]) for n in names if n == "determinism"},
        )
    except CodecError as e:
        raise IntegrityError(f"a record of {folder} is not of this version: {e}", "use the version of mlcsv that wrote it") from e


def assess_folder(
    folder: Path, role: str, meaning: str, signer: Signer, *, now: str, trusted: tuple[PublicKey, ...], policy: Policy, impact: bytes = b""
) -> Path:
    """Add one approval and give its folder.

    1. The folder and its approvals must be intact and of trusted keys; role, order and person as the policy says.
    2. The impact is given with the first signature, and the others sign it too; the last role signs no comparison with an open question
       unless the policy allows drafts.
    3. The pages are laid out again with answers and signatures; the signature covers them, the attestation and all approvals before.

    Raises:
        ApprovalError: the policy does not allow it. VerificationError: the folder is not intact. UsageError: not an impact file.
    """
    if not signer.public.person:
        raise ApprovalError(f"{signer.public.name} is a machine's key", 'make a personal one: mlcsv keys new NAME --person "Printed Name"')
    require(check_folder(folder, trusted, None))
    records, before = read_records(folder), [read_approval(folder, p, trusted) for p in places(folder)]
    if impact and before:
        raise ApprovalError("the impact comes with the first signature", "the others sign what the author wrote; start from a copy")
    given = tuple(s.approval for s in before)
    approval = Approval(
        role=role, name=signer.public.person, time=now, meaning=meaning.strip() or MEANINGS.get(role, f"I sign as {role}."),
        keyid=signer.public.keyid,
    )  # fmt: skip
    if trouble := policy.problem([*given, approval], finished_of(folder)):
        raise ApprovalError(trouble, "see the policy, or `mlcsv verify` for who has signed")
    answers = _impact(folder, impact)
    missing = open_questions(answers) if records.comparisons else ()
    if role == policy.roles[-1][0] and missing and not policy.allow_draft:
        raise ApprovalError(f"the {role} cannot sign with open questions: {'; '.join(missing)}", "the author answers them in impact.toml")
    files = {**({IMPACT: impact} if impact else {}), **records.pages(answers, (*given, approval))}
    place = f"{APPROVALS}/{len(before) + 1}-{role}"
    kept = [ATTESTATION, *(f"{s.place}/{ENVELOPE}" for s in before)]
    subjects = {n: file_digest(folder / n) for n in kept} | {f"{place}/{n}": hex_of(sha256(d)) for n, d in files.items()}
    write_approval(folder, place, {**files, ENVELOPE: approve(subjects, approval, signer)})
    return folder / place


def _impact(folder: Path, given: bytes) -> Impact:
    """The answers given now, or those that lie beside the first approval."""
    if given:
        return read_impact(given)
    first = places(folder)[:1]
    return read_impact(read_file(folder, f"{first[0]}/{IMPACT}")) if first and (folder / first[0] / IMPACT).exists() else NO_ANSWERS


def rerender_comparison(folder: Path, trusted: tuple[PublicKey, ...]) -> tuple[Answer, str]:
    """Lay every page out again, those beside approvals too, and compare byte for byte."""
    records = read_records(folder)
    signed = [read_approval(folder, p, trusted) for p in places(folder)]
    again = {"": records.pages()}
    for n, s in enumerate(signed, 1):
        again[f"{s.place}/"] = records.pages(_impact(folder, b""), tuple(x.approval for x in signed[:n]))
    for place, pages in again.items():
        for name, data in pages.items():
            if read_file(folder, place + name) != data:
                return Answer.NOT_OK, f"{place}{name} is not what its record gives"
    return (Answer.OK, f"{sum(map(len, again.values()))} pages") if any(again.values()) else (Answer.UNKNOWN, "nothing was laid out")
