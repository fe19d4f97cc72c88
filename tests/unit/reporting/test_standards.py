from __future__ import annotations

import pytest

from csvkit_ml.errors import UsageError
from csvkit_ml.reporting.standards import FOLDER, chosen, read_standard, standards


def test_every_file_is_a_clause_map_named_by_its_id() -> None:
    for path in FOLDER.glob("*.toml"):
        s = read_standard(path.read_bytes())
        assert s.id == path.stem and s.edition and s.clauses and set(s.reports) <= {"tool", "soup"}
        assert len({c.clause for c in s.clauses}) == len(s.clauses)


def test_one_edition_is_chosen_by_its_id() -> None:
    assert [s.id for s in chosen(("iec-62304-2015",))] == ["iec-62304-2015"]
    assert chosen(()) == tuple(standards().values())
    with pytest.raises(UsageError, match="no clause map"):
        chosen(("iec-1",))
