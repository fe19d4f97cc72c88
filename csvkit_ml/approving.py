"""Personal approval of a report folder: check what is there, show who signs, sign what is shown, add it beside."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from csvkit_ml.errors import ApprovalError, DiskFullError, IntegrityError, OutputUnwritableError, VerificationError, no_space
from csvkit_ml.evidence.folder import read_file, write_file
from csvkit_ml.model.digest import hex_of, sha256
from csvkit_ml.model.report import Approval, ReportModel
from csvkit_ml.model.signature import Check, PublicKey
from csvkit_ml.pipeline import jobs_from_plan, read_report
from csvkit_ml.reporting.device_file import read_device
from csvkit_ml.reporting.findings import is_draft, with_device
from csvkit_ml.reporting.format import Format, formats
from csvkit_ml.signing.approval import ENVELOPE, Signed, approve, places, read_approval, verify_approvals
from csvkit_ml.signing.envelope import parse
from csvkit_ml.signing.keys import Signer
from csvkit_ml.signing.plan_approval import FOLDER, approve_plan, check_plan
from csvkit_ml.signing.policy import Policy
from csvkit_ml.signing.statement import APPROVALS, ATTESTATION, file_digest
from csvkit_ml.signing.verification import require, verify_folder

DEVICE = "device.toml"
MEANINGS = {
    "author": "I am the author of this assessment and of the decisions in it.",
    "reviewer": "I have reviewed this report and its findings.",
    "approver": "I approve this report for the intended use that it states.",
}
"""Usual meaning of a signature by role."""
PLAN_MEANING = "I approve this plan: its functions, samples, limits and required repeatability, before the run."
PdfSigner = Callable[[Approval, bytes], bytes]
"""(approval, PDF) -> signed PDF."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A folder whose own record and approvals are intact."""

    signed: tuple[Signed, ...]
    finished: str
    """End of the run as the report says."""
    model: ReportModel
    """With the human input that was signed, and the approvals."""

    @property
    def given(self) -> tuple[Approval, ...]:
        return tuple(s.approval for s in self.signed)


def check_folder(folder: Path, trusted: tuple[PublicKey, ...], policy: Policy | None) -> tuple[Check, ...]:
    """Every check of the run's record and, where there are approvals of plan or report or a policy asks for them, of these."""
    checks = verify_folder(folder, trusted)
    if policy is None and not any(os.path.lexists(folder / n) for n in (APPROVALS, FOLDER)):
        return checks
    intact = all(c.ok for c in checks)
    model = read_report(folder) if intact and (folder / "report.json").exists() else None
    wanted = policy.plan if policy else ()
    plan = check_plan(folder, model.plan, model.run.started, trusted, wanted, len(checks) + 1) if model else None
    checks = (*checks, plan) if plan else checks
    if policy is None and not os.path.lexists(folder / APPROVALS):
        return checks
    return (*checks, *verify_approvals(folder, trusted, policy, finished_of(folder) if intact else "", len(checks) + 1))


def finished_of(folder: Path) -> str:
    """When what is attested was finished: the report's run, or the comparison of a folder without a report. Raises IntegrityError."""
    if (folder / "report.json").exists():
        return read_report(folder).run.finished
    try:
        return str(json.loads(parse(read_file(folder, ATTESTATION))[1])["predicate"]["finished"])
    except (ValueError, KeyError, TypeError) as e:
        raise IntegrityError(f"the attestation of {folder} names no time", "attest the folder again") from e


def state_of(folder: Path, trusted: tuple[PublicKey, ...]) -> State:
    """Read a folder once everything about it was checked. Raises VerificationError, IndeterminateError."""
    require(check_folder(folder, trusted, None))
    signed = tuple(read_approval(folder, p, trusted) for p in places(folder))
    model = read_report(folder)
    if written := device_file(folder, signed):
        model = with_device(model, read_device(read_file(folder, written)))
    return State(signed=signed, finished=model.run.finished, model=replace(model, approvals=tuple(s.approval for s in signed)))


def shown_model(folder: Path) -> ReportModel:
    """The report with the human input that lies beside the first approval; nothing is verified."""
    model = read_report(folder)
    found = [f"{p}/{DEVICE}" for p in places(folder)[:1] if (folder / p / DEVICE).exists()]
    return with_device(model, read_device(read_file(folder, found[0]))) if found else model


def device_file(folder: Path, signed: tuple[Signed, ...]) -> str:
    """The human input that the first approval covers, empty when it covers none."""
    name = f"{signed[0].place}/{DEVICE}" if signed else ""
    return name if name and (folder / name).exists() else ""


def approve_folder(
    folder: Path,
    role: str,
    meaning: str,
    signer: Signer,
    *,
    now: str,
    trusted: tuple[PublicKey, ...],
    policy: Policy,
    device: bytes = b"",
    pdf_signer: PdfSigner | None = None,
    layouts: tuple[Format, ...] = (),
) -> Path:
    """Add one approval and give its folder.

    1. The folder and its approvals must be intact and of trusted keys.
    2. Role, order and person must be as the policy says; human input is given with the first signature only, for the others sign it too;
       the last role does not sign a draft unless the policy allows it.
    3. HTML and PDF are laid out again with the words of this signature; the signature covers them, the attestation and all approvals before.

    Args:
        layouts: how the reports are laid out; empty = every format of mlcsv.

    Raises:
        ApprovalError: the policy does not allow it. VerificationError: the folder is not intact.
    """
    if not signer.public.person:
        raise ApprovalError(f"{signer.public.name} is a machine's key", 'make a personal one: mlcsv keys new NAME --person "Printed Name"')
    state = state_of(folder, trusted)
    if device and state.signed:
        raise ApprovalError("human input comes with the first signature", "the others sign what the author wrote; start from a copy of the run")
    words = meaning.strip() or MEANINGS.get(role, f"I sign as {role}.")
    approval = Approval(role=role, name=signer.public.person, time=now, meaning=words, keyid=signer.public.keyid)
    if trouble := policy.problem([*state.given, approval], state.finished):
        raise ApprovalError(trouble, "see the policy, or `mlcsv verify` for who has signed")
    model = with_device(state.model, read_device(device)) if device else state.model
    model = replace(model, approvals=(*state.given, approval))
    if role == policy.roles[-1][0] and is_draft(model) and not policy.allow_draft:
        raise ApprovalError(f"the {role} cannot sign a draft: {_open(model)}", "the author answers them in device.toml; start from a copy of the run")
    files = _files(folder, state, model, device, layouts or formats(), partial(pdf_signer, approval) if pdf_signer else None)
    place = f"{APPROVALS}/{len(state.signed) + 1}-{role}"
    before = [ATTESTATION, *(f"{s.place}/{ENVELOPE}" for s in state.signed)]
    subjects = {n: file_digest(folder / n) for n in before} | {f"{place}/{n}": hex_of(sha256(d)) for n, d in files.items()}
    write_approval(folder, place, {**files, ENVELOPE: approve(subjects, approval, signer)})
    return folder / place


def approve_plan_file(plan: Path, role: str, meaning: str, signer: Signer, *, now: str, policy: Policy) -> Path:
    """Approve a plan before its run and give the envelope beside it. Raises ApprovalError, UsageError, IntegrityError."""
    digest = sha256(jobs_from_plan(plan)[0].plan)
    approval = Approval(role=role, name=signer.public.person, time=now, meaning=meaning.strip() or PLAN_MEANING, keyid=signer.public.keyid)
    path, envelope = approve_plan(plan, digest, approval, signer, tuple(r for r, _ in policy.roles))
    write_file(path, envelope)
    return path


def _open(model: ReportModel) -> str:
    return "; ".join(f.subject for f in model.findings if f.kind in ("open", "incomplete"))[:300]


def _files(
    folder: Path, state: State, model: ReportModel, device: bytes, layouts: tuple[Format, ...], in_pdf: Callable[[bytes], bytes] | None
) -> Mapping[str, bytes]:
    """What lies beside the signature: the reports as the signer sees them, and the human input."""
    files = {DEVICE: device} if device else {}
    for form in layouts:
        if not form.filename.endswith((".html", ".pdf")):
            continue
        kept = _signed_pdf(folder, state, form.filename)
        data = kept or form.render(model)
        files[form.filename] = in_pdf(data) if in_pdf and form.filename.endswith(".pdf") else data
    return files


def _signed_pdf(folder: Path, state: State, name: str) -> bytes:
    """The PDF of the approval before, when it carries a signature that laying out again would lose."""
    if not state.signed or not name.endswith(".pdf"):
        return b""
    data = read_file(folder, f"{state.signed[-1].place}/{name}")
    return data if b"/ByteRange" in data else b""


def write_approval(folder: Path, place: str, files: Mapping[str, bytes]) -> None:
    """The approval's folder, whole or not at all. Raises VerificationError, DiskFullError, OutputUnwritableError."""
    part = folder.with_name(f"{folder.name}.signing")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, data in files.items():
            (part / name).write_bytes(data)
        (folder / place).parent.mkdir(exist_ok=True)
        if (folder / place).exists():
            raise VerificationError(f"{place} exists", "somebody signed at the same time: try again")
        part.rename(folder / place)
    except OSError as e:
        if no_space(e):
            raise DiskFullError("no space is left for the approval", "free some space and sign again") from e
        raise OutputUnwritableError(f"cannot write {place}: {e.strerror}", "check the folder") from e
    finally:
        shutil.rmtree(part, ignore_errors=True)
