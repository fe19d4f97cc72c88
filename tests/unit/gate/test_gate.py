"""The gate: one situation that opens it, and a table of those that must not, each with its own reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from csvkit_ml.approving import approve_folder
from csvkit_ml.environments.lockfile import Locked
from csvkit_ml.errors import UsageError
from csvkit_ml.gate import CONDITIONS, Question, checklist, read_scope, rule
from csvkit_ml.model.codec import canonical
from csvkit_ml.model.device import NO_INPUT
from csvkit_ml.model.digest import sha256
from csvkit_ml.model.function import Reason
from csvkit_ml.model.report import Approval
from csvkit_ml.model.signature import PublicKey
from csvkit_ml.signing.plan_approval import FOLDER, approve_plan
from csvkit_ml.signing.policy import Policy
from tests.unit.approving.folders import LAYOUTS, TIMES, People, folder_of, people, small
from tests.unit.reporting.fake_records import ANSWERED, Records

WHEEL = next(d.wheel for d in small().environment.distributions if d.name == "torch")
GOOD = Question(
    locked=Locked(name="torch", version="2.13.0+cpu", hashes=frozenset({WHEEL, "0" * 64})),
    library="torch",
    backend="cpu:threads=1",
    scope=("exp", "torch.tanh"),
    policy=Policy(),
    now="2026-03-10T00:00:00+00:00",
)


@pytest.fixture(scope="module")
def staff(tmp_path_factory: pytest.TempPathFactory) -> People:
    return people(tmp_path_factory.mktemp("keys"))


def planned(run: Records, staff: People, time: str) -> tuple[tuple[str, bytes], ...]:
    """An approval of the run's plan, as it lies in a report folder."""
    words = Approval(role="approver", name="Pia Approver", time=time, meaning="m", keyid=staff.pia.public.keyid)
    digest = sha256(canonical(run.plan))
    return ((f"{FOLDER}/approver.dsse.json", approve_plan(Path("plan.json"), digest, words, staff.pia, ("approver",))[1]),)


def approved(path: Path, staff: People, run: Records, roles: int = 3, **changes: object) -> Path:
    folder_of(path, run, staff.machine, LAYOUTS, **changes)
    for n, (role, who) in enumerate(zip(("author", "reviewer", "approver")[:roles], (staff.ada, staff.rex, staff.pia), strict=False)):
        rules = Policy(allow_draft=True)
        approve_folder(path, role, "", who, now=TIMES[n], trusted=staff.trusted, policy=rules, layouts=LAYOUTS)
    return path


def with_reason(run: Records, reason: Reason) -> Records:
    """The first case of the run judged otherwise."""
    first, *others = run.judgement.functions
    case, *rest = first.cases
    changed = replace(case, reason=reason, measurements=())
    return replace(run, judgement=replace(run.judgement, functions=(replace(first, cases=(changed, *rest)), *others)))


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory, staff: People) -> dict[str, Path]:
    """One folder of every state that a table row needs."""
    top, run = tmp_path_factory.mktemp("reports"), small()
    host = replace(run.environment, adopted=True, distributions=tuple(replace(d, wheel="") for d in run.environment.distributions))
    future = replace(run, run=replace(run.run, finished="2026-03-02T09:17:31Z"))
    made = {
        "good": approved(top / "good", staff, run),
        "two": approved(top / "two", staff, run, roles=2),
        "none": approved(top / "none", staff, run, roles=0),
        "draft": approved(top / "draft", staff, replace(run, device=NO_INPUT)),
        "no tester": approved(top / "tester", staff, replace(run, run=replace(run.run, tester=""))),
        "failed": approved(top / "failed", staff, with_reason(run, Reason.BEYOND_BAND)),
        "undisposed": approved(top / "und", staff, replace(with_reason(run, Reason.BEYOND_BAND), device=replace(ANSWERED, dispositions=()))),
        "indeterminate": approved(top / "ind", staff, with_reason(run, Reason.TIMED_OUT)),
        "adopted": approved(top / "adopted", staff, replace(run, environment=host)),
        "review due": approved(top / "due", staff, replace(run, device=replace(ANSWERED, next_review="2026-03-09"))),
        "other library": approved(top / "ort", staff, run, library="onnxruntime"),
        "future": approved(top / "future", staff, future),
        "planned": approved(top / "planned", staff, run, before=planned(run, staff, "2026-03-01T00:00:00+00:00")),
        "planned late": approved(top / "late", staff, run, roles=0, before=planned(run, staff, "2026-03-02T09:15:00+00:00")),
    }
    for name, damage in DAMAGES.items():
        made[name] = Path(shutil.copytree(made["good"], top / f"damaged-{len(made)}"))
        damage(made[name], made)
    return made


def _flip(file: str) -> Callable[[Path, dict[str, Path]], object]:
    def damage(folder: Path, _: dict[str, Path]) -> None:
        data = bytearray((folder / file).read_bytes())
        data[len(data) // 2] ^= 1
        (folder / file).write_bytes(bytes(data))

    return damage


def _replayed(folder: Path, made: dict[str, Path]) -> None:
    """Approvals of another run put beside this one's record."""
    shutil.rmtree(folder / "approvals")
    shutil.copytree(made["failed"] / "approvals", folder / "approvals")


DAMAGES: dict[str, Callable[[Path, dict[str, Path]], object]] = {
    "report changed": _flip("report.json"),
    "pdf changed": _flip("soup-verification-report.pdf"),
    "shown page changed": _flip("approvals/2-reviewer/report.html"),
    "signature changed": _flip("approvals/1-author/approval.dsse.json"),
    "attestation gone": lambda f, _: (f / "attestation.dsse.json").unlink(),
    "file added": lambda f, _: (f / "note.txt").write_text("trust me"),
    "approval removed": lambda f, _: shutil.rmtree(f / "approvals/2-reviewer"),
    "approvals replayed": _replayed,
}


def _locked(**changes: object) -> Question:
    return replace(GOOD, locked=replace(GOOD.locked, **changes))  # type: ignore[arg-type]


def _policy(**changes: object) -> Question:
    return replace(GOOD, policy=Policy(**changes))  # type: ignore[arg-type]


SHUT: list[tuple[str, Question, int, str]] = [
    ("good", _locked(version="2.12.0+cpu"), 3, "the lock says 2.12.0+cpu"),
    ("good", _locked(version="2.13.0+cu130"), 3, "the lock says 2.13.0+cu130"),
    ("good", _locked(version=""), 3, "pins no version"),
    ("good", _locked(hashes=frozenset({"1" * 64})), 4, "is not in the lock"),
    ("good", _locked(hashes=frozenset()), 4, "pins no digest"),
    ("adopted", GOOD, 4, "no wheel digest"),
    ("other library", GOOD, 2, "about onnxruntime"),
    ("good", replace(GOOD, backend="cuda"), 5, "not cuda"),
    ("good", replace(GOOD, backend="cpu"), 5, "not cpu"),
    ("good", _policy(machines=("f" * 64,)), 6, "attested by machine"),
    ("good", _policy(host=(("cpu", "Another CPU"),)), 7, "not 'Another CPU'"),
    ("good", _policy(host=(("gpu", "H100"),)), 7, "not recorded"),
    ("two", GOOD, 8, "still to sign: approver"),
    ("none", GOOD, 8, "still to sign: author, reviewer, approver"),
    ("good", _policy(roles=(("author", 1), ("reviewer", 2), ("approver", 1))), 8, "before the reviewer"),
    ("good", _policy(roles=(("author", 1), ("approver", 1))), 8, "not a role"),
    ("draft", GOOD, 9, "open: unique designator"),
    ("no tester", GOOD, 9, "tester"),
    ("undisposed", GOOD, 9, "dispositions of kind failure"),
    ("good", replace(GOOD, now="2027-06-01T00:00:00+00:00"), 10, "days old"),
    ("good", _policy(max_age_days=3), 10, "allowed are 3"),
    ("future", replace(GOOD, now="2026-03-01T00:00:00+00:00"), 10, "future"),
    ("review due", GOOD, 10, "review was due on 2026-03-09"),
    ("good", replace(GOOD, scope=("exp", "conv2d")), 11, "not covered: conv2d"),
    ("good", replace(GOOD, scope=("torch.nn.Linear",)), 11, "not covered: torch.nn.Linear"),
    ("failed", GOOD, 12, "does not accept dispositions"),
    ("indeterminate", replace(GOOD, policy=Policy(accept_failed_if_disposed=True)), 12, "INDETERMINATE"),
    ("good", _policy(plan=("approver",)), 13, "not approved by: approver"),
    ("planned", _policy(plan=("author", "approver")), 13, "not approved by: author"),
    ("planned late", _policy(roles=(), plan=("approver",)), 13, "the run began at"),
    ("report changed", GOOD, 1, "report.json has been altered"),
    ("pdf changed", GOOD, 1, "soup-verification-report.pdf has been altered"),
    ("shown page changed", GOOD, 1, "report.html is not what"),
    ("signature changed", GOOD, 1, "1-author"),
    ("attestation gone", GOOD, 1, "UNSIGNED"),
    ("file added", GOOD, 1, "note.txt was not there"),
    ("approval removed", GOOD, 1, "approval 2"),
    ("approvals replayed", GOOD, 1, "attestation.dsse.json is not what"),
]


def test_the_good_one_opens(reports: dict[str, Path], staff: People) -> None:
    ruling = rule(GOOD, (reports["two"], reports["good"]), staff.trusted)
    assert ruling.ok and ruling.report == str(reports["good"]) and ruling.reason == ""
    assert rule(_locked(version="2.13.0"), (reports["good"],), staff.trusted).ok
    assert rule(replace(GOOD, scope=(), backend=""), (reports["good"],), staff.trusted).ok
    assert rule(_policy(host=(("cpu", "AMD EPYC 7763 64-Core Processor"),)), (reports["good"],), staff.trusted).ok
    assert rule(_policy(plan=("approver",)), (reports["planned"],), staff.trusted).ok
    assert rule(replace(GOOD, policy=Policy(accept_failed_if_disposed=True)), (reports["failed"],), staff.trusted).ok


@pytest.mark.parametrize(("name", "question", "number", "words"), SHUT, ids=lambda x: x if isinstance(x, str) else "")
def test_the_gate_is_shut(reports: dict[str, Path], staff: People, name: str, question: Question, number: int, words: str) -> None:
    ruling = rule(question, (reports[name],), staff.trusted)
    assert not ruling.ok and ruling.reason.startswith(CONDITIONS[number - 1]) and words in ruling.reason
    assert ruling.run.startswith("mlcsv validate torch==")


@pytest.mark.parametrize(
    ("changes", "who", "words"),
    [
        ({"revoked": "2026-03-01T00:00:00+00:00"}, "machine", "was revoked"),
        ({"expires": "2026-03-01T00:00:00+00:00"}, "machine", "had expired"),
        ({"revoked": "2026-03-03T10:00:00+00:00"}, "ada", "was revoked"),
        ({"revoked": "2026-05-01T00:00:00+00:00"}, "rex", "was revoked"),
        ({"expires": "2026-03-03T11:30:00+00:00"}, "pia", "had expired"),
        ({"person": "Somebody Else"}, "pia", "says 'Pia Approver'"),
    ],
)
def test_a_key_that_cannot_be_relied_on_shuts_it(
    reports: dict[str, Path], staff: People, changes: dict[str, str], who: str, words: str
) -> None:
    keys: tuple[PublicKey, ...] = tuple(replace(k, **changes) if k.name == who else k for k in staff.trusted)  # type: ignore[arg-type]
    ruling = rule(GOOD, (reports["good"],), keys)
    assert not ruling.ok and words in ruling.reason
    missing = tuple(k for k in staff.trusted if k.name != who)
    assert "not trusted" in rule(GOOD, (reports["good"],), missing).reason


def test_no_report_and_no_folder_shut_it(tmp_path: Path, staff: People) -> None:
    assert rule(GOOD, (), staff.trusted).reason == "no report was given"
    assert not rule(GOOD, (tmp_path / "nothing",), staff.trusted).ok


def test_the_checklist_ticks_what_evidence_ticks(reports: dict[str, Path], staff: People) -> None:
    text = checklist((rule(GOOD, (reports["good"],), staff.trusted), rule(GOOD, (reports["two"],), staff.trusted), rule(GOOD, (), ())))
    assert text.count("- [x]") == len(CONDITIONS) * 2 - 1 and "mlcsv validate torch==2.13.0+cpu" in text
    assert text.count("- [ ] a person has read") == 3


def test_a_scope_is_read() -> None:
    assert read_scope(b'{"functions": ["a"], "operators": ["b", "a"]}') == ("a", "b")
    for data in (b"", b"{}", b"[]", b"[1]", b'{"functions": 3}', b"[" * 9000):
        with pytest.raises(UsageError):
            read_scope(data)
