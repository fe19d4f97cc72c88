"""NIST's Statistical Reference Datasets, frozen: data and certified values as decimal text, read once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from csvkit_ml.model.tensor import Array

SOURCE = "NIST/ITL Statistical Reference Datasets (StRD), U.S. National Institute of Standards and Technology"
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """One set; numbers are the doubles nearest to the published decimals."""

    name: str
    level: str
    """NIST's level of difficulty: lower, average, higher."""
    responses: Array
    """y [n]."""
    predictors: Array
    """[k, n]; k may be 0."""
    certified: Array
    """[p]."""
    facts: Mapping[str, Any]
    """What else was published, as it stands in the file."""


def _rows(text: str) -> Array:
    return np.array([[float(v) for v in row.split()] for row in text.strip().splitlines()])


def _set(entry: Mapping[str, Any], certified: list[str], rows: Array) -> DataSet:
    return DataSet(
        name=entry["name"], level=entry["level"], responses=rows[:, 0], predictors=rows[:, 1:].T, certified=np.array([float(c) for c in certified]),
        facts=entry,
    )  # fmt: skip


@cache
def _file(name: str) -> Mapping[str, Any]:
    return tomllib.loads((_HERE / name).read_text())


@cache
def linear() -> tuple[DataSet, ...]:
    """Linear regression: Norris, Pontius, NoInt1-2, Filip, Wampler1-5, Longley."""
    return tuple(_set(e, e["certified"], _rows(e["rows"])) for e in _file("strd_linear.toml")["linear"])


def design(data: DataSet) -> Array:
    """The design matrix [n, p] of a linear set, formed in double precision."""
    model = data.facts["model"]
    if model.startswith("poly"):
        return np.stack([data.predictors[0] ** k for k in range(int(model[4:]) + 1)], axis=1)
    columns = list(data.predictors)
    return np.stack(columns if model == "origin" else [np.ones_like(columns[0]), *columns], axis=1)


@cache
def anova() -> tuple[DataSet, ...]:
    """One-way analysis of variance: responses [groups, replicates]; certified are the mean squares between and within, and F."""
    return tuple(_anova(e) for e in _file("strd_linear.toml")["anova"])


def _anova(entry: Mapping[str, Any]) -> DataSet:
    if "rows" in entry:
        rows = _rows(entry["rows"])
        groups = np.array([rows[rows[:, 0] == g, 1] for g in np.unique(rows[:, 0])])
    else:
        groups = np.array([_alternating(entry["leading"], c, entry["replicates"]) for c in entry["centres"]])
    made = _set(entry, [entry["between"], entry["within"], entry["f"]], groups.reshape(-1, 1))
    return DataSet(
        name=made.name, level=made.level, responses=groups, predictors=made.predictors, certified=made.certified, facts=entry
    )  # fmt: skip


def _alternating(leading: str, tenths: int, count: int) -> Array:
    """A SmLs group: its centre, then one tenth below and above in turn."""
    texts = [f"{leading}.{tenths}"] + [f"{leading}.{tenths - 1}", f"{leading}.{tenths + 1}"] * (count // 2)
    return np.array([float(t) for t in texts])


@cache
def nonlinear() -> tuple[DataSet, ...]:
    """Nonlinear regression, 27 sets with two starting points each; Nelson's response is its logarithm."""
    made = []
    for entry in _file("strd_nonlinear.toml")["set"]:
        rows = _rows(entry["rows"])
        if entry["name"] == "Nelson":
            rows[:, 0] = np.log(rows[:, 0])
        made.append(_set(entry, entry["certified"], rows))
    return tuple(made)


def model_of(data: DataSet) -> str:
    """Name of a nonlinear set's model (see references.regression_models)."""
    same = {"Misra1a": "BoxBOD", "Thurber": "Hahn1"}
    return same.get(data.name) or (data.name[:-1] if data.name[:-1] in ("Chwirut", "Gauss", "Lanczos") else data.name)
