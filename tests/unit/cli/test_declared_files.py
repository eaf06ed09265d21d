"""The files of `apply`: YAML as JSON means it, and faults that name their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controlplane.cli.declared.files import dumped, read_folder
from controlplane.cli.errors import CommandError

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | NAMES
    | st.sampled_from(["no", "on", "12:30", "2030-01-31", "1e5", "0x1F", "007", "~", "", "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=3))
def test_what_is_written_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, documents: dict[str, Any]
) -> None:
    folder = tmp_path_factory.mktemp("written")
    (folder / "a.yaml").write_text(dumped({"policies": documents}))
    read = read_folder(str(folder)).of("policies")
    assert {name: wanted.document for name, wanted in read.items()} == documents


def test_scalars_are_those_of_json(tmp_path: Path) -> None:
    text = "policies: {p: {a: no, b: 12:30, c: 2030-01-31, d: 1.5, e: 3, f: true, g: ~, h: 0o7}}"
    (tmp_path / "a.yml").write_text(text)
    assert read_folder(str(tmp_path)).of("policies")["p"].document == {
        "a": "no",
        "b": "12:30",
        "c": "2030-01-31",
        "d": 1.5,
        "e": 3,
        "f": True,
        "g": None,
        "h": "0o7",
    }


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("routes: [", "is not YAML: .* (line 1, column 10)"),
        ("routes: {a: {}, a: {}}", "is not YAML: 'a' stands there twice (line 1, column 17)"),
        ("routes: {1: {}}", "a name must be a text: put it in quotes (line 1, column 10)"),
        ("routes: !!python/object:os.system {}", "is not YAML: .*"),
        ("- a", "must hold sections out of applications, keys, routes, prices, policies"),
        ("rules: {}", "rules: is not a section (known: applications, .*)"),
        ("routes: [a]", "routes: must hold names, each with its document"),
        ("routes: {a: text}", "routes.a: must be a document: names and values"),
        ("routes: {b: {}}", "routes.b: stands in .*/0.yaml already"),
    ],
)
def test_a_fault_names_file_and_place(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "0.yaml").write_text("routes: {b: {}}")
    (tmp_path / "1.yaml").write_text(text)
    with pytest.raises(CommandError) as raised:
        read_folder(str(tmp_path))
    (told,) = raised.value.details
    assert told.startswith(f"{tmp_path}/1.yaml: ")
    before, _, after = fault.partition(".*")
    assert before in told
    assert told.endswith(after)


def test_files_of_a_folder_are_read_together(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    (tmp_path / "a.yaml").write_text("routes: {a: {}}")
    (tmp_path / "inner" / "b.yml").write_text("routes: {b: }\nkeys: {}")
    (tmp_path / "notes.txt").write_text("none")
    folder = read_folder(str(tmp_path))
    assert {section: set(names) for section, names in folder.sections.items()} == {
        "routes": {"a", "b"},
        "keys": set(),
    }


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_folder_without_files_is_told(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=r"is not a folder|holds no file"):
        read_folder(name)


def test_a_document_is_also_yaml_to_others() -> None:
    document = {"policies": {"user/ada": {"usd": "5.00", "at": "2030-01-31T12:00:00+00:00"}}}
    assert yaml.safe_load(dumped(document))["policies"]["user/ada"]["usd"] == "5.00"
