"""A line of CSV is read back as it was written, and none of its cells is a formula."""

from __future__ import annotations

import csv
import io
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from controlplane.api.exports import FORMATS, csv_line, export

# What UTF-8 and PostgreSQL can hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@given(st.lists(TEXT, min_size=2))
def test_texts_come_back_and_none_is_a_formula(texts: list[str]) -> None:
    line = csv_line(texts).decode()
    assert line.endswith("\r\n")
    (cells,) = csv.reader(io.StringIO(line, newline=""), strict=True)
    assert not any(cell.startswith(FORMULA) for cell in cells)
    assert [cell.removeprefix("'") for cell in cells] == [text.removeprefix("'") for text in texts]


def test_values_that_are_no_texts() -> None:
    values = [None, True, False, -1, 2**53, 0.5, ["a", 'b"c'], {"email": 2}]
    (cells,) = csv.reader(io.StringIO(csv_line(values).decode(), newline=""))
    assert cells == ["", "true", "false", "-1", str(2**53), "0.5", '["a","b\\"c"]', '{"email":2}']


async def test_an_export_asks_for_no_more_than_it_may_answer() -> None:
    asked: list[tuple[int, str | None]] = []

    async def pages(rows: int, cursor: str | None) -> tuple[list[dict[str, Any]], str | None]:
        asked.append((rows, cursor))
        return [{"n": 1}] * rows, f"behind {sum(count for count, _ in asked)}"

    body, cursor = await export(pages, FORMATS["jsonl"], limit=1_200, cursor="start")
    assert asked == [(500, "start"), (500, "behind 500"), (200, "behind 1000")]
    assert (body.count(b"\n"), cursor) == (1_200, "behind 1200")
