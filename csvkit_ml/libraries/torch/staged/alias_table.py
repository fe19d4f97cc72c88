"""The other public names of each function: a name that only renames is its own call (see aliases.named), the rest say how they are called."""

from __future__ import annotations

from csvkit_ml.libraries.torch.staged.aliases import Names
from csvkit_ml.libraries.torch.staged.aliases_algebra import PRODUCTS
from csvkit_ml.libraries.torch.staged.aliases_layers import LAYERS
from csvkit_ml.libraries.torch.staged.aliases_pointwise import ACTIVATIONS, ELEMENTWISE, REDUCTIONS
from csvkit_ml.libraries.torch.staged.aliases_shapes import SHAPES
from csvkit_ml.libraries.torch.staged.aliases_training import TRAINING

_PARTS = (ELEMENTWISE, ACTIVATIONS, REDUCTIONS, SHAPES, PRODUCTS, LAYERS, TRAINING)
ALIASES: Names = {function: ways for part in _PARTS for function, ways in part.items()}
"""Calls by public name, by function."""
