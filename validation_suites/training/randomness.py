"""Random number generators: the raw stream by known answers, the uniform and normal samplers by goodness of fit.

Seeds are part of the samples, so a run repeats exactly; how a library turns the stream into real numbers is its own affair.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from csvkit_ml.criteria import Exact, Goodness
from csvkit_ml.model.function import Criterion, Expected, Function, Sample, SampleClass, Side, params, seed_for
from csvkit_ml.model.tensor import Array
from validation_suites import faults

DTYPES = ("float32", "float64")
SEEDS = (0, 1, 42, 5489, 2**31, 2**32 - 1)
GRID = {"float32": 24, "float64": 53}
"""Bits of a uniform value of that format."""
DRAWS = 40_000


def draw(sample: Sample) -> np.random.Generator:
    """A generator of our own (Philox): a reference draw only shows that a true sample is accepted."""
    return seed_for("reference draw", sample.name)


def drawn(sample: Sample, value: Array, **extra: Array) -> tuple[Expected, ...]:
    """An output judged by its distribution, not by its values."""
    return (Expected(name="y", dtype=sample.dtype, value=value.astype(sample.dtype).astype(np.float64), extra=extra),)


def _stream_samples() -> Iterable[Sample]:
    for seed in SEEDS:
        for count in (1, 625, 2000):
            why = SampleClass.ORDINARY if seed == 42 else SampleClass.EDGE
            yield Sample(name=f"seed{seed}-n{count}", dtype="int64", inputs=(), params=params(seed=seed, count=count, bits=24), why=why)
    yield Sample(name="seed7-bits8", dtype="int64", inputs=(), params=params(seed=7, count=1249, bits=8), why=SampleClass.COVERING)
    yield Sample(name="seed7-n40000", dtype="int64", inputs=(), params=params(seed=7, count=DRAWS, bits=24), why=SampleClass.EDGE)


def words(seed: int, count: int) -> Array:
    """The first outputs of MT19937 initialised with a 32-bit seed (Matsumoto and Nishimura 1998; numpy's implementation)."""
    return np.asarray(np.random.RandomState(seed).randint(0, 2**32, size=count, dtype=np.uint32)).astype(np.int64)


def _stream(sample: Sample) -> tuple[Expected, ...]:
    value = words(int(sample.param("seed")), int(sample.param("count"))) % 2 ** int(sample.param("bits"))
    return (Expected(name="y", dtype="int64", value=value),)


def _no_tempering(sample: Sample) -> Any:
    """The generator's state words themselves: the tempering is left out."""
    made = np.random.RandomState(int(sample.param("seed")))
    made.randint(0, 2**32, dtype=np.uint32)
    state = made.get_state(legacy=False)["state"]["key"]
    count = int(sample.param("count"))
    return None if count > len(state) else state[:count].astype(np.int64) % 2 ** int(sample.param("bits"))


def _skipped(sample: Sample) -> Any:
    """The first output is thrown away."""
    count = int(sample.param("count"))
    return words(int(sample.param("seed")), count + 1)[1:] % 2 ** int(sample.param("bits"))


def _sampler_samples() -> Iterable[Sample]:
    for dtype in DTYPES:
        for seed in SEEDS:
            why = SampleClass.ORDINARY if seed == 42 else SampleClass.EDGE
            yield Sample(name=f"{dtype}-seed{seed}", dtype=dtype, inputs=(), params=params(seed=seed, shape=(DRAWS,), dtype=dtype), why=why)
        for shape in ((3, 7, 5, 401), (40_001,), (4, 33, 33, 33)):
            name = f"{dtype}-{'x'.join(map(str, shape))}"
            yield Sample(name=name, dtype=dtype, inputs=(), params=params(seed=11, shape=shape, dtype=dtype), why=SampleClass.EDGE)


def _uniform(sample: Sample) -> tuple[Expected, ...]:
    bits = GRID[sample.dtype]
    return drawn(sample, draw(sample).integers(0, 2**bits, sample.param("shape")) * 2.0**-bits)


def _normal(sample: Sample) -> tuple[Expected, ...]:
    return drawn(sample, draw(sample).standard_normal(sample.param("shape")))


def _standard_uniform(sample: Sample) -> Criterion:
    return Goodness(distribution="standard uniform", arguments=(float(GRID[sample.dtype]),))


def _wrong(id: str, sentence: str, change: Any) -> Any:
    """A change of a true draw, as a seeded fault."""
    return faults.changed(id, sentence, lambda y: change(y.reshape(-1)).reshape(y.shape))


def _repeated(y: Array) -> Array:
    """Every block of eight is written twice: two vector halves share one stream."""
    half = y[: y.size // 16 * 16].reshape(-1, 2, 8).copy()
    half[:, 1] = half[:, 0]
    return np.concatenate([half.reshape(-1), y[y.size // 16 * 16 :]])


def _stuck(y: Array) -> Array:
    """The second half repeats the first: two threads start from one state."""
    return np.concatenate([y[: y.size - y.size // 2], y[: y.size // 2]])


def _coarse(y: Array) -> Array:
    return faults.keep_bits(y, 11)


STUCK = _wrong("second-half-repeats", "The second half repeats the first.", _stuck)
BLOCKS = _wrong("blocks-repeat", "Every second block of eight repeats the one before.", _repeated)
COARSE = _wrong("half-precision", "Values have the precision of float16.", _coarse)

FUNCTIONS: tuple[Function, ...] = (
    Function(
        id="generator_stream", side=Side.TRAINING, area="randomness",
        requirement="The library shall give the stream of its documented generator, MT19937, for a seed, and continue it from a saved state.",
        source="Matsumoto and Nishimura 1998; PyTorch documentation, torch.Generator", oracle="exact: independent implementation, known answers",
        samples=_stream_samples, reference=_stream,
        criterion=Exact(rationale="A generator's stream is determined by its seed.", literature="Matsumoto and Nishimura 1998"),
        faults=(faults.one_element(), faults.stale(), faults.rolled(), faults.computed("skipped", "The first output is thrown away.", _skipped),
                faults.other_params("wrong-seed", "Another seed.", seed=lambda s: (s + 1) % 2**32),
                faults.computed("no-tempering", "The tempering is left out.", _no_tempering)),
    ),
    Function(
        id="uniform_generator", side=Side.TRAINING, area="randomness",
        requirement="The library shall draw independent values, uniform on [0, 1), in the full precision of the format.",
        source="PyTorch documentation, torch.rand", oracle="the distribution; the reference draw is Philox (Salmon et al. 2011)",
        samples=_sampler_samples, reference=_uniform, criterion=_standard_uniform,
        faults=(faults.stale(), STUCK, BLOCKS, COARSE, _wrong("reaches-one", "1 is reached.", lambda y: np.where(y == y.max(), 1, y)),
                _wrong("shrunk", "The interval is [0, 0.97).", lambda y: y * 0.97),
                _wrong("squared", "Not uniform: the square root's distribution.", np.sqrt)),
    ),
    Function(
        id="normal_generator", side=Side.TRAINING, area="randomness",
        requirement="The library shall draw independent values of the standard normal distribution.",
        source="PyTorch documentation, torch.randn", oracle="the distribution; the reference draw is Philox (Salmon et al. 2011)",
        samples=_sampler_samples, reference=_normal, criterion=Goodness(distribution="normal", arguments=(0.0, 1.0)),
        faults=(faults.stale(), STUCK, BLOCKS, COARSE, _wrong("wide", "The standard deviation is 1.05.", lambda y: y * 1.05),
                _wrong("shifted", "The mean is 0.05.", lambda y: y + 0.05), _wrong("cut", "Tails are cut at 3.", lambda y: np.clip(y, -3, 3))),
    ),
)  # fmt: skip
