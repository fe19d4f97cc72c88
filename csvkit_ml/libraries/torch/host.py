"""PyTorch, host half: what is bound. The library is called directly, so nothing is lowered."""

from __future__ import annotations

from importlib.resources import files

from csvkit_ml.libraries.port import Library, Offer
from csvkit_ml.libraries.torch.raising import RAISERS
from csvkit_ml.libraries.torch.staged.catalogue import bindings


def offers() -> tuple[Offer, ...]:
    """One offer per binding."""
    return tuple(
        Offer(
            function=b.function, names=tuple(dict.fromkeys((*b.names, *b.aliases))), dtypes=b.dtypes, variants=b.variants(), since=b.since,
            until=b.until, brief=tuple(b.aliases), paths=b.paths, once=b.once,
        )
        for b in bindings().values()
    )  # fmt: skip


LIBRARY = Library(
    name="torch",
    distributions=("torch",),
    maker="The PyTorch contributors (PyTorch Foundation)",
    title="PyTorch",
    offers=offers,
    lower=lambda function, sample: b"",
    staged=("csvkit_ml.libraries.torch", "csvkit_ml.libraries.torch.staged"),
    raisers=lambda: RAISERS,
    split=lambda: files("specs.libraries").joinpath("torch.toml").read_bytes(),
    unverified=lambda: files("specs.libraries").joinpath("torch_unverified.toml").read_bytes(),
    traces=True,
)
