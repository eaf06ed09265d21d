"""The labelled documents: every kind stays above its floor, and nothing harmless is stopped."""

from __future__ import annotations

from collections import Counter

from tests.screening_eval.corpus import documents
from tests.screening_eval.measure import measure


def test_every_kind_is_above_its_floor() -> None:
    result = measure()
    assert result.below_floor() == []
    assert result.negatives_hit == 0


def test_the_documents_are_many_and_always_the_same() -> None:
    made = documents()
    groups = Counter(document.group for document in made)
    assert len(made) >= 1000
    assert groups["negative"] >= 300
    assert made == documents()
    for document in made:
        for label in document.labels:
            assert 0 <= label.start < label.end <= len(document.text)
