"""The labelled documents: every kind stays above its floor, and nothing harmless is stopped."""

from __future__ import annotations

import ast
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.screening_eval import corpora, independent, phone_groups, tables
from tests.screening_eval.corpus import Label, documents
from tests.screening_eval.measure import measure

from controlplane.screening import phone_groups as table


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


def test_the_independent_corpus_is_above_its_floors() -> None:
    # The held-out half is CI's: no detector is tuned to it.
    half: independent.Half = "held-out" if os.environ.get("CI") else "development"
    assert tables.evaluate(independent.documents(half)).below_floor() == []


def test_the_halves_of_the_independent_corpus_share_no_document() -> None:
    one, other = independent.documents("development"), independent.documents("held-out")
    assert one == independent.documents("development")
    texts = {document.text for document in one if document.labels}
    assert not texts & {document.text for document in other if document.labels}
    for document in (*one, *other):
        for label in document.labels:
            assert 0 <= label.start < label.end <= len(document.text)


@pytest.mark.parametrize("name", ["formats", "frames", "people", "harmless", "independent"])
def test_the_corpus_is_made_without_the_detectors(name: str) -> None:
    source = Path(independent.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    imported = {
        node.module
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert not [module for module in imported if module.startswith("controlplane")]


def test_the_table_of_groups_is_what_the_metadata_says() -> None:
    assert Path(table.__file__).read_text(encoding="utf-8") == phone_groups.module()


def test_public_sets_are_read_in_their_own_layouts(tmp_path: Path) -> None:
    presidio = [
        {
            "full_text": "I am a@example.com",
            "spans": [
                {"entity_type": "EMAIL_ADDRESS", "start_position": 5, "end_position": 18},
                {"entity_type": "PERSON", "start_position": 0, "end_position": 1},
            ],
        },
        {"full_text": "Nothing", "spans": []},
    ]
    sweeper = [
        {"rule": "Key", "line_data_list": [{"line": "k = v1", "value_start": 4, "value_end": 6}]}
    ]
    rule = """
func Rule() {
\ttps := []string{
\t\t// not this
\t\t`key = "one"`,
\t\t"key = \\"two\\"",
\t\tmade("key", "three"),
\t}
\tfps := []string{
\t\t`key = none`,
\t}
}
"""
    (tmp_path / "presidio.json").write_text(json.dumps(presidio))
    (tmp_path / "sweeper.json").write_text(json.dumps(sweeper))
    (tmp_path / "other.json").write_text("{")
    (tmp_path / "rule.go").write_text(rule)
    found = {document.text: document for document in corpora.read(tmp_path)}
    assert found["I am a@example.com"].labels == (Label("email", 5, 18),)
    assert found["Nothing"].labels == found["key = none"].labels == ()
    assert found["k = v1"].labels == (Label("secret", 4, 6),)
    assert found['key = "one"'].labels == (Label("secret", 0, 11),)
    assert 'key = "two"' in found
    assert len(found) == 6


def test_an_interval_narrows_with_what_was_counted() -> None:
    assert tables.interval(0, 0) == (0.0, 1.0)
    narrow, wide = tables.interval(950, 1000), tables.interval(19, 20)
    assert wide[0] < narrow[0] < 0.95 < narrow[1] < wide[1]
