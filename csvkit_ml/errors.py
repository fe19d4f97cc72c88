"""The error tree: every refusal has a stable code, an exit code, a cause and a hint.

A failing case is never an exception: it is an outcome (see model.observation).
"""

from __future__ import annotations

import errno


class MlcsvError(Exception):
    """A refusal that a person can act on.

    Args:
        cause: what went wrong, with the offending value, in one or two sentences.
        hint: what to do next.
    """

    code = "MLCSV-000"
    exit_code = 1

    def __init__(self, cause: str, hint: str = "") -> None:
        super().__init__(cause)
        self.cause = cause
        self.hint = hint


class UsageError(MlcsvError):
    """The command line asks for something that cannot be done."""

    code = "MLCSV-USAGE"
    exit_code = 2


class MalformedRequirementError(UsageError):
    """The text is not a requirement (PEP 508 name with specifiers)."""

    code = "MLCSV-REQ-MALFORMED"


class UnknownLibraryError(UsageError):
    """No suite is bound to this library."""

    code = "MLCSV-REQ-LIBRARY"


class OutputExistsError(UsageError):
    """The report folder exists already."""

    code = "MLCSV-OUT-EXISTS"


class OutputUnwritableError(UsageError):
    """The report folder cannot be written."""

    code = "MLCSV-OUT-UNWRITABLE"


class ScopeError(UsageError):
    """A model, exported program or scope file cannot be read as one."""

    code = "MLCSV-SCOPE"


class ModelError(UsageError):
    """A model, its inputs or its expected values cannot be used: unreadable, too large, or not of one another."""

    code = "MLCSV-MODEL"


class UnknownCaseError(UsageError):
    """No case, function or backend of this name."""

    code = "MLCSV-CASE-UNKNOWN"


class KeyFileError(UsageError):
    """A key cannot be read, written or unlocked."""

    code = "MLCSV-KEY"


class NothingSelectedError(MlcsvError):
    """An empty selection proves nothing."""

    code = "MLCSV-EMPTY"
    exit_code = 5


class EnvironmentFailure(MlcsvError):
    """The tested environment cannot be had."""

    code = "MLCSV-ENV"
    exit_code = 6


class ResolutionError(EnvironmentFailure):
    """No release of the library satisfies the requirement on this platform."""

    code = "MLCSV-ENV-RESOLVE"


class InterpreterError(EnvironmentFailure):
    """The given interpreter is not Python, or lacks the library."""

    code = "MLCSV-ENV-PYTHON"


class UvError(EnvironmentFailure):
    """uv is missing or failed; its output is in the cause."""

    code = "MLCSV-ENV-UV"


class WorkerStartError(EnvironmentFailure):
    """The library cannot be imported in its environment, or the worker does not start."""

    code = "MLCSV-ENV-WORKER"


class DiskFullError(EnvironmentFailure):
    """No space is left for the cache, the store or the report."""

    code = "MLCSV-DISK-FULL"


def no_space(error: BaseException) -> bool:
    """Whether an error of the operating system says that the disk is full, or a quota or a limit on file size reached."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class IntegrityError(MlcsvError):
    """Evidence, plan or signature is not what was recorded."""

    code = "MLCSV-INTEGRITY"
    exit_code = 7


class PlanChangedError(IntegrityError):
    """Functions, limits or samples have changed since the plan was written."""

    code = "MLCSV-PLAN-CHANGED"


class VerificationError(IntegrityError):
    """A report folder differs from its attestation; the cause names the first difference."""

    code = "MLCSV-VERIFY"


class LayoutError(MlcsvError):
    """A report cannot be laid out; what was seen is kept."""

    code = "MLCSV-LAYOUT"


class SuiteError(MlcsvError):
    """A function, binding, backend or other plug-in is broken or duplicate: a bug of the suite."""

    code = "MLCSV-SUITE"
    exit_code = 1


class IndeterminateError(MlcsvError):
    """A check could not tell: something that it needs is not here."""

    code = "MLCSV-UNKNOWN"
    exit_code = 4


class ApprovalError(UsageError):
    """A signature that the policy does not allow: role, order, person or state of the report."""

    code = "MLCSV-APPROVAL"


class GateError(MlcsvError):
    """The release gate is shut: a condition is not met."""

    code = "MLCSV-GATE"
    exit_code = 3
