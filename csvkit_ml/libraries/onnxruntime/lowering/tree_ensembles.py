"""ONNX lowering: decision trees as the columns of attributes that ai.onnx.ml wants."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import onnx

from csvkit_ml.libraries.onnxruntime.lowering.classical import ml_node
from csvkit_ml.libraries.onnxruntime.lowering.model import Lowering, constant
from csvkit_ml.model.function import Sample
from csvkit_ml.model.tensor import Tensor

CODES = {"LEQ": 0, "LT": 1, "GTE": 2, "GT": 3, "EQ": 4, "NEQ": 5, "MEMBER": 6}
AGGREGATES = {"AVERAGE": 0, "SUM": 1, "MIN": 2, "MAX": 3}
LEAF = ("LEAF", 0, 0.0, False, 0, 0)


def _nodes(trees: Any) -> dict[str, Any]:
    """Columns of all nodes; what a leaf has no use for is 0."""
    rows = [(t, i, LEAF if n[0] == "LEAF" else n) for t, tree in enumerate(trees) for i, n in enumerate(tree)]
    modes = [f"BRANCH_{n[0]}" if n[0] != "LEAF" else "LEAF" for _, _, n in rows]
    return {
        "nodes_treeids": [t for t, _, _ in rows],
        "nodes_nodeids": [i for _, i, _ in rows],
        "nodes_modes": modes,
        "nodes_featureids": [n[1] for _, _, n in rows],
        "nodes_values": [float(n[2]) for _, _, n in rows],
        "nodes_missing_value_tracks_true": [int(n[3]) for _, _, n in rows],
        "nodes_truenodeids": [n[4] for _, _, n in rows],
        "nodes_falsenodeids": [n[5] for _, _, n in rows],
    }


def _leaves(trees: Any, prefix: str) -> dict[str, Any]:
    rows = [(t, i, *pair) for t, tree in enumerate(trees) for i, n in enumerate(tree) if n[0] == "LEAF" for pair in n[1:]]
    return {f"{prefix}_{k}": [r[c] for r in rows] for c, k in enumerate(("treeids", "nodeids", "ids", "weights"))}


def _regressor(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node(
        "TreeEnsembleRegressor",
        s,
        **_nodes(p["trees"]),
        **_leaves(p["trees"], "target"),
        n_targets=p["targets"],
        aggregate_function=p["aggregate"],
        base_values=p["base"],
    )


def _classifier(s: Sample) -> onnx.ModelProto:
    p: dict[str, Any] = dict(s.params)
    return ml_node(
        "TreeEnsembleClassifier",
        s,
        ("int64", "float32"),
        **_nodes(p["trees"]),
        **_leaves(p["trees"], "class"),
        classlabels_int64s=p["labels"],
        base_values=p["base"],
    )


def _tensor(values: Any, dtype: str) -> onnx.TensorProto:
    return constant("attribute", Tensor.of(np.array(values), dtype))


def _joint(s: Sample) -> onnx.ModelProto:
    """Branches and leaves of all trees in two tables; members of sets end with NaN."""
    trees = s.param("trees")
    branches = [(t, i) for t, tree in enumerate(trees) for i, n in enumerate(tree) if n[0] != "LEAF"]
    leaves = [(t, i) for t, tree in enumerate(trees) for i, n in enumerate(tree) if n[0] == "LEAF"]
    rows = [trees[t][i] for t, i in branches]
    place = {b: k for k, b in enumerate(branches)} | {b: k for k, b in enumerate(leaves)}
    ways: dict[str, Any] = {}
    for name, column in (("true", 4), ("false", 5)):
        ends = [(t, n[column]) for (t, _), n in zip(branches, rows, strict=True)]
        ways |= {f"nodes_{name}nodeids": [place[e] for e in ends], f"nodes_{name}leafs": [int(trees[t][i][0] == "LEAF") for t, i in ends]}
    members = [v for n in rows if n[0] == "MEMBER" for v in (*n[2], math.nan)]
    return ml_node(
        "TreeEnsemble",
        s,
        ml=5,
        n_targets=s.param("targets"),
        aggregate_function=AGGREGATES[s.param("aggregate")],
        tree_roots=[place[t, 0] for t in range(len(trees))],
        nodes_featureids=[n[1] for n in rows],
        nodes_modes=_tensor([CODES[n[0]] for n in rows], "uint8"),
        nodes_splits=_tensor([0 if n[0] == "MEMBER" else n[2] for n in rows], s.dtype),
        nodes_missing_value_tracks_true=[int(n[3]) for n in rows],
        leaf_targetids=[trees[t][i][1][0] for t, i in leaves],
        leaf_weights=_tensor([trees[t][i][1][1] for t, i in leaves], s.dtype),
        membership_values=_tensor(members, s.dtype) if members else None,
        **ways,
    )


def _lowering(function: str, op: str, build: Any, dtypes: tuple[str, ...] = ("float32",), since: str = "") -> Lowering:
    return Lowering(function=function, names=(f"ai.onnx.ml.{op}",), build=build, dtypes=dtypes, since=since)


LOWERINGS = (
    _lowering("tree_ensemble_regressor", "TreeEnsembleRegressor", _regressor),
    _lowering("tree_ensemble_classifier", "TreeEnsembleClassifier", _classifier),
    _lowering("tree_ensemble", "TreeEnsemble", _joint, ("float32", "float64"), since="1.21"),
)
