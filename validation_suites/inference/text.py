"""Operators of text: joining, cutting, normalising, matching; n-grams and categories."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from csvkit_ml.model.function import Function, Sample, SampleClass, params, seed_for
from csvkit_ml.model.tensor import Array, Tensor
from validation_suites.inference.classical import ML
from validation_suites.moving import PLAIN, moving
from validation_suites.sampling.text import WORDS, drawn, packed, unpacked

ONNX = "ONNX operator specification, "
PLAINLY = tuple(f for f in PLAIN if f.id != "nan-lost")
Shape = tuple[int, ...]
SHAPES: tuple[tuple[Shape, Shape], ...] = (((4,), (4,)), ((3, 5), (3, 5)), ((3, 5), (5,)), ((2, 1, 3), (4, 1)), ((1,), (7,)), ((33,), (1,)))


def _sample(name: str, inputs: Iterable[Any], i: int, **given: Any) -> Sample:
    """Text as bytes; the sample's dtype is theirs."""
    made = tuple(Tensor.of(a if isinstance(a, np.ndarray) and a.dtype != object else packed(a)) for a in inputs)
    return Sample(name=name, dtype="uint8", inputs=made, params=params(**given), why=SampleClass.COVERING if i else SampleClass.ORDINARY)


def _pairs() -> Iterable[Sample]:
    for i, (left, right) in enumerate(SHAPES):
        for kind, words in (("ascii", WORDS[:4] + WORDS[8:]), ("any", WORDS)):
            name = f"{'x'.join(map(str, left))}-{'x'.join(map(str, right))}-{kind}"
            yield _sample(name, (drawn(words, left, name, "x"), drawn(words, right, name, "y")), i)


def _joined(_: Any, x: Array, y: Array) -> Array:
    return packed(np.asarray(unpacked(x) + unpacked(y), dtype=object))


SENTENCES = ("one two  three", " leading", "trailing ", "a,b,,c", "x--y--z", "no cut", "a b c d e f", "ä ö,ü", "🙂 🙂", "1,2,3,4")


def _cuts() -> Iterable[Sample]:
    for i, (delimiter, most) in enumerate(
        ((" ", None), (",", None), ("", None), (None, None), ("--", None), (",", 1), ("", 2), (" ", 3), (None, 1))
    ):
        for shape in ((6,), (2, 3), (1,), (17,)):
            name = f"{'x'.join(map(str, shape))}-{'none' if delimiter is None else delimiter.encode().hex() or 'empty'}-most{most}".lower()
            words = (*SENTENCES, "") if not delimiter else SENTENCES
            yield _sample(name, (drawn(words, shape, "split", name),), i, delimiter=delimiter, most=most)


def _parts(p: Any, text: str) -> list[str]:
    """Blanks of any number separate where no delimiter is given."""
    return text.split(p["delimiter"] or None, -1 if p["most"] is None else p["most"])


def _cut(p: Any, x: Array) -> tuple[Array, Array]:
    """(parts, filled up with empty text; their numbers)."""
    texts = unpacked(x)
    parts = [_parts(p, t) for t in texts.reshape(-1)]
    most = max(len(v) for v in parts)
    made = np.array([[*v, *[""] * (most - len(v))] for v in parts], dtype=object).reshape(*texts.shape, most)
    return packed(made), np.array([len(v) for v in parts], dtype=np.int64).reshape(texts.shape)


def _blanks_count(p: Any, x: Array) -> Any:
    """Every blank separates where no delimiter is given."""
    return None if p["delimiter"] else _cut({**p, "delimiter": " "}, x)


def _normalisations() -> Iterable[Sample]:
    words = ("Monday", "tuesday", "FRIDAY", "monday", "The", "the", "of", "a", "x1")
    for i, (case, sensitive, stops) in enumerate(
        itertools.product(("NONE", "LOWER", "UPPER"), (1, 0), (("the", "of"), (), ("Monday",), words))
    ):
        for shape in ((6,), (1, 9), (1,)):
            name = f"{'x'.join(map(str, shape))}-{case}-{'case' if sensitive else 'nocase'}-stop{len(stops)}"
            yield _sample(name.lower(), (drawn(words, shape, "normalise", name),), i, case=case, sensitive=sensitive, stops=stops)


CASES: dict[str, Callable[[str], str]] = {"NONE": str, "LOWER": str.lower, "UPPER": str.upper}


def _normalised(p: Any, x: Array) -> Array:
    """Stop words are left out, then letters are changed; one empty text where nothing is left."""
    texts = unpacked(x)
    same: Callable[[str], str] = str if p["sensitive"] else str.lower
    stops = {same(w) for w in p["stops"]}
    kept = [CASES[p["case"]](t) for t in texts.reshape(-1) if same(t) not in stops] or [""]
    return packed(np.array(kept, dtype=object).reshape((1, -1) if texts.ndim == 2 else (-1,)))


PATTERNS = (r"\d{4}-\d{2}-\d{2}", r"[a-z]+", r"(cat|dog)s?", r".*", r"[^@\s]+@[a-z]+\.[a-z]{2,}", r"a?b*c+", r"", r"(?i)yes|no")
CANDIDATES = (
    "2024-01-31",
    "2024-1-31",
    "cat",
    "dogs",
    "cats!",
    "abc",
    "ABC",
    "bbbc",
    "",
    "me@site.org",
    "me@site",
    "YES",
    "no",
    "x 1",
    "ä",
)


def _matches() -> Iterable[Sample]:
    for i, pattern in enumerate(PATTERNS):
        for shape in ((15,), (3, 5), (1,)):
            yield _sample(
                f"{'x'.join(map(str, shape))}-pattern{i}", (drawn(CANDIDATES, shape, "regex", str(i), str(shape)),), i, pattern=pattern
            )


def _matched(how: Callable[..., Any]) -> Callable[[Any, Array], Array]:
    def made(p: Any, x: Array) -> Array:
        texts = unpacked(x)
        return np.array([bool(how(p["pattern"], t)) for t in texts.reshape(-1)]).reshape(texts.shape)

    return made


POOL: tuple[tuple[int, ...], ...] = ((2,), (3,), (5,), (8,), (2, 3), (3, 5), (5, 2), (8, 8), (2, 3, 5), (3, 3, 3), (8, 2, 3))


def _grams() -> Iterable[Sample]:
    """n-grams of one length or several, with gaps, counted, marked or weighed."""
    for i, (shortest, longest, skip, mode) in enumerate(
        (
            (1, 1, 0, "TF"),
            (2, 2, 0, "TF"),
            (1, 2, 0, "TF"),
            (1, 3, 0, "IDF"),
            (2, 3, 1, "TFIDF"),
            (2, 2, 5, "TF"),
            (3, 3, 2, "TF"),
            (1, 2, 1, "IDF"),
        )
    ):
        for shape in ((12,), (3, 9), (1,), (2, 40)):
            name = f"{'x'.join(map(str, shape))}-n{shortest}to{longest}-skip{skip}-{mode}".lower()
            x = seed_for("grams", name).choice([2, 3, 5, 8, 9], shape)
            weights = tuple(float(v) / 4 for v in seed_for("grams", "weights", name).integers(1, 9, len(POOL)))
            yield _sample(name, (x,), i, shortest=shortest, longest=longest, skip=skip, mode=mode, weights=weights, pool=POOL)


def _found(row: list[int], p: Any) -> list[float]:
    """Occurrences of every n-gram of the pool; gaps between its members are 0 .. skip, the same between all."""
    out = []
    for gram in POOL:
        n, count = len(gram), 0
        if p["shortest"] <= n <= p["longest"]:
            for gap in range((p["skip"] if n > 1 else 0) + 1):
                reach = (n - 1) * (gap + 1)
                count += sum(tuple(row[s : s + reach + 1 : gap + 1]) == gram for s in range(len(row) - reach))
        out.append(float(count))
    return out


def _vectorised(p: Any, x: Array) -> Array:
    rows = np.array([_found(r, p) for r in np.atleast_2d(x).tolist()])
    weights = np.array(p["weights"])
    made = {"TF": rows, "IDF": (rows > 0) * weights, "TFIDF": rows * weights}[p["mode"]]
    return np.asarray((made[0] if x.ndim == 1 else made).astype(np.float32))


CATEGORIES = ("benign", "malignant", "unknown", "ÄÖ", "")


def _categories() -> Iterable[Sample]:
    for i, shape in enumerate(((6,), (2, 3), (1,), (40,))):
        keys = tuple(int(v) for v in seed_for("categories", str(i)).permutation(30)[: len(CATEGORIES)])
        yield _sample(
            f"{'x'.join(map(str, shape))}", (drawn((*CATEGORIES, "other"), shape, "categories", str(i)),), i, numbers=keys, names=CATEGORIES
        )


def _numbered(p: Any, x: Array) -> Array:
    table = dict(zip(CATEGORIES, p["numbers"], strict=True))
    texts = unpacked(x)
    return np.array([table.get(t, p.get("default", -1)) for t in texts.reshape(-1)], dtype=np.int64).reshape(texts.shape)


def _text(id: str, says: str, source: str, samples: Any, move: Any, *wrong: Any, outputs: tuple[str, ...] = ()) -> Function:
    return moving(
        id, says, source, samples, move, *wrong, area="text", general=PLAINLY[:2], outputs=outputs, oracle="exact: text of Python"
    )


FUNCTIONS: tuple[Function, ...] = (
    _text(
        "string_concat",
        "join texts of two operands, with broadcasting",
        f"{ONNX}StringConcat",
        _pairs,
        _joined,
        ("exchanged", "The second comes first.", lambda p, x, y: packed(np.asarray(unpacked(y) + unpacked(x), dtype=object))),
        ("first-only", "The second is dropped.", lambda p, x, y: _joined(p, x, packed(np.full(y.shape[:-1], "", dtype=object)))),
    ),
    _text(
        "string_split",
        "cut texts at a delimiter, or at blanks, and tell the number of parts",
        f"{ONNX}StringSplit",
        _cuts,
        _cut,
        ("limit-ignored", "The largest number of cuts is not kept.", lambda p, x: _cut({**p, "most": None}, x)),
        ("every-blank", "Every blank cuts where several count as one.", _blanks_count),
        outputs=("uint8", "int64"),
    ),
    _text(
        "string_normalizer",
        "leave out stop words and change the case of letters",
        f"{ONNX}StringNormalizer",
        _normalisations,
        _normalised,
        (
            "case-mistaken",
            "Case counts where it should not, or the other way around.",
            lambda p, x: _normalised({**p, "sensitive": 1 - p["sensitive"]}, x),
        ),
        ("stops-kept", "Stop words stay.", lambda p, x: _normalised({**p, "stops": ()}, x)),
        ("case-unchanged", "The case of letters stays.", lambda p, x: _normalised({**p, "case": "NONE"}, x)),
    ),
    _text(
        "regex_full_match",
        "tell whether a pattern matches the whole text",
        f"{ONNX}RegexFullMatch",
        _matches,
        _matched(re.fullmatch),
        ("match-of-a-part", "A match of a part counts.", _matched(re.search)),
        ("match-at-start", "A match at the start counts.", _matched(re.match)),
        outputs=("bool",),
    ),
    moving(
        "tfidf_vectorizer",
        "count, mark or weigh the n-grams of a pool, gaps allowed",
        f"{ONNX}TfIdfVectorizer",
        _grams,
        _vectorised,
        ("no-gaps", "Gaps are not allowed.", lambda p, x: _vectorised({**p, "skip": 0}, x)),
        ("shortest-ignored", "Shorter n-grams count too.", lambda p, x: _vectorised({**p, "shortest": 1}, x)),
        (
            "counts-for-marks",
            "Counts are returned for marks.",
            lambda p, x: _vectorised({**p, "mode": "TFIDF"}, x) if p["mode"] == "IDF" else None,
        ),
        area="text",
        general=PLAINLY,
        outputs=("float32",),
        oracle="exact: counting in Python",
    ),
    _text(
        "category_mapper",
        "replace categories by their numbers",
        f"{ML}CategoryMapper",
        _categories,
        _numbered,
        (
            "next-number",
            "Numbers are those of the next category.",
            lambda p, x: _numbered({"numbers": (*p["numbers"][1:], p["numbers"][0])}, x),
        ),
        ("default-zero", "What is no category becomes 0.", lambda p, x: _numbered({**p, "default": 0}, x)),
        outputs=("int64",),
    ),
)
