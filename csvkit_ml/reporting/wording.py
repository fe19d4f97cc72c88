"""Texts that every format prints: limits of the evidence, how to repeat, glossary. Plain words."""

from __future__ import annotations

from csvkit_ml.model.report import ReportModel
from csvkit_ml.references.sieve import KIND

CONCLUDES = "This is evidence and a proposed result. The tool concludes nothing: a named person reads the evidence and concludes."

GLOSSARY = (
    ("case", "one sample of one function, executed in one variant"),
    ("variant", "a way of calling the function, storing its inputs or executing it that must give the same answer"),
    (
        "error, limit",
        "distance of the worst element from the true value, and how far it may be; “error / limit” above 1 is a failure, “margin” is its "
        "inverse. “exact” means no error at all.",
    ),
    ("hard limit", "what rounding errors of the declared precision cannot exceed; the limit itself is the narrower, declared accuracy"),
    ("✓ passed", "compared and within its limit"),
    (
        "✕ failed",
        "past its limit, a wrong special value, shape or type, an exception where a value is defined, a crash, or other bits where "
        "identical ones are required",
    ),
    (
        "? indeterminate",
        "nothing can be said: not executed, not supported, timed out, ended by the host, nothing compared, or a setting not proven",
    ),
    ("seeded fault", "a deliberate mistake applied to a true result, to show that the case would notice it"),
    ("oracle", "the independent source of the expected value, never the library under test"),
    ("SOUP", "software of unknown provenance: not developed under the device maker's own process, used inside the device"),
    ("digest", "SHA-256 of a file's bytes: equal digests mean equal files"),
)


_SWEPT = (
    "Of a sweep of all float32 values the folder holds the outputs of the most serious chunks of each function. The others, listed in "
    "held-by-digest.json, were judged in the run and are held by digest alone: to judge one again it has to be computed again, with "
    "`mlcsv reproduce`, which tells whether it has the same bits.",
)


def limits(model: ReportModel) -> tuple[str, ...]:
    """What the evidence does not show."""
    required = f" Identical bits are required of: {', '.join(model.required_identical)}." if model.required_identical else ""
    swept = any(c.criterion.kind == KIND for f in model.functions for c in f.cases)
    return (
        "It covers the functions, inputs and variants listed here, and no others. A function of the library that is not listed was not "
        "tested.",
        "It covers this version, on this machine, with these settings. Another processor, instruction set, number of threads or library "
        "build may give other bits.",
        "A passed case shows that its worst error stays within a limit fixed before the run; it does not show that the function is right "
        "for every input. Only samples marked exhaustive try every value of their type.",
        f"Repetitions ({', '.join(model.repetitions)}) can show that results change; they cannot show that results never change.{required}",
        "Seeded faults show that the cases can fail for the faults listed, not for every conceivable fault.",
        "Expected values and limits come from the sources named with each function. An error in them, or in the tool itself, would be an "
        "error of this report.",
        *(_SWEPT if swept else ()),
        "It says nothing about speed, about security, or about the fitness of any model that uses the library.",
        "Whether the listed functions and inputs are the ones that the intended use needs is for a person to judge.",
    )


def repeat(model: ReportModel) -> tuple[tuple[str, str, str], ...]:
    """(what, command, remark) of every way to repeat the run or check the record."""
    return (
        (
            "One case:",
            "mlcsv reproduce REPORT_DIR 'function/sample/variant'",
            "The line stands with each case; REPORT_DIR is the folder of this report.",
        ),
        ("The whole run with the same functions, samples and limits:", "mlcsv validate --plan REPORT_DIR/plan.json", ""),
        ("As it was typed:", model.run.command, ""),
        ("Check that no file of the folder was changed:", "mlcsv verify REPORT_DIR", ""),
        ("Judge and lay out again from the evidence:", "mlcsv verify REPORT_DIR --rejudge --rerender", ""),
    )
