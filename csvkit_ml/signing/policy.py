"""policy.toml: who has to approve, in which order, and what the release gate accepts."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from csvkit_ml.errors import UsageError
from csvkit_ml.model.report import Approval
from csvkit_ml.signing.keys import instant

SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Rules for approvals and for the gate."""

    roles: tuple[tuple[str, int], ...] = (("author", 1), ("reviewer", 1), ("approver", 1))
    """(role, number of signatures that it needs), in the order in which they sign."""
    independent: tuple[tuple[str, str], ...] = (("author", "approver"),)
    """Pairs of roles that one person may not both have."""
    plan: tuple[str, ...] = ()
    """Roles that must have approved the plan before its run; empty = the plan's digest in the record suffices."""
    max_age_days: int = 365
    """Age of a run beyond which the gate refuses it."""
    allow_draft: bool = False
    accept_failed_if_disposed: bool = False
    """Whether failures with a disposition by a person pass the gate; INDETERMINATE is never accepted."""
    machines: tuple[str, ...] = ()
    """Ids of machine keys that may attest; empty = every trusted one."""
    host: tuple[tuple[str, str], ...] = ()
    """Facts of the machine that must be as given, e.g. `cpu`."""

    def problem(self, given: Sequence[Approval], run_finished: str) -> str:
        """The first rule that approvals, in their order, break; what is still missing is no break."""
        known = [r for r, _ in self.roles]
        before = instant(run_finished)
        for n, a in enumerate(given):
            if a.role not in known:
                return f"{a.role!r} is not a role of the policy ({', '.join(known)})"
            if instant(a.time) < before:
                return f"the {a.role} signed at {a.time}, before what was signed existed"
            before = instant(a.time)
            have = Counter(b.role for b in given[:n])
            if late := [r for r, count in self.roles[: known.index(a.role)] if have[r] < count]:
                return f"the {a.role} signed before the {late[0]}"
            if trouble := self._dependent(a, given[:n]):
                return trouble
        return ""

    def _dependent(self, a: Approval, given: Sequence[Approval]) -> str:
        for b in given:
            if not (same_person(a, b)):
                continue
            if a.role == b.role:
                return f"{a.name} signed twice as {a.role}"
            if any({a.role, b.role} == set(pair) for pair in self.independent):
                return f"{a.name} is both {b.role} and {a.role}, which the policy does not allow"
        return ""

    def missing(self, given: Sequence[Approval]) -> tuple[str, ...]:
        """Roles that have not signed as often as they must."""
        have = Counter(a.role for a in given)
        return tuple(r for r, count in self.roles if have[r] < count)


def same_person(a: Approval, b: Approval) -> bool:
    """One key, or one printed name whatever its case and spaces."""
    return a.keyid == b.keyid or " ".join(a.name.casefold().split()) == " ".join(b.name.casefold().split())


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _Role(_Strict):
    name: str = Field(min_length=1, pattern=r"^[a-z][a-z0-9-]{0,31}$")
    count: int = Field(default=1, ge=1)


class _Gate(_Strict):
    max_age_days: int = Field(default=365, ge=1)
    allow_draft: bool = False
    accept_failed_if_disposed: bool = False
    machines: list[str] = []
    host: dict[str, str] = {}


class _File(_Strict):
    version: int = Field(alias="schema")
    role: list[_Role] = Field(min_length=1)
    independent: list[list[str]] = []
    plan: list[str] = []
    gate: _Gate = _Gate()


def read_policy(data: bytes) -> Policy:
    """A policy from the bytes of its file.

    Raises:
        UsageError: not TOML, an unknown name, a wrong type, a role twice or unknown; every problem of form is named.
    """
    try:
        read = _File.model_validate(tomllib.loads(data.decode()))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise UsageError(f"the policy is not TOML: {e}", "see README, approvals") from e
    except ValidationError as e:
        problems = "; ".join(f"{'.'.join(map(str, p['loc']))}: {p['msg']}" for p in e.errors())
        raise UsageError(f"the policy is not of the documented form: {problems}", "see README, approvals") from e
    names = [r.name for r in read.role]
    pairs = [p for p in read.independent if len(p) != 2 or p[0] == p[1] or not set(p) <= set(names)]
    if read.version != SCHEMA or len(set(names)) != len(names) or pairs or not set(read.plan) <= set(names):
        told = f"the policy has another schema, a role twice, a pair of unknown roles {pairs}, or a plan for one that is no role {read.plan}"
        raise UsageError(told, "see README, approvals")
    gate = read.gate.model_dump(exclude={"host", "machines"})
    return Policy(
        roles=tuple((r.name, r.count) for r in read.role),
        independent=tuple((p[0], p[1]) for p in read.independent),
        plan=tuple(dict.fromkeys(read.plan)),
        machines=tuple(read.gate.machines),
        host=tuple(sorted(read.gate.host.items())),
        **gate,
    )
