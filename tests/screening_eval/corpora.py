"""Public labelled sets that a user has on disk, in the three layouts in which they come.

- presidio-research: a JSON list of `{"full_text", "spans": [{"entity_type", ...}]}`
- gitleaks: rules in Go; literal strings of `tps` hold a secret each, those of `fps` none
- CredSweeper: a JSON list of `{"line_data_list": [{"line", "value_start", "value_end"}]}`
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.screening_eval.corpus import Document, Label

_ENTITIES = {
    "CREDIT_CARD": "credit_card",
    "PHONE_NUMBER": "phone",
    "EMAIL_ADDRESS": "email",
    "IBAN_CODE": "iban",
    "US_SSN": "us_ssn",
    "IP_ADDRESS": "ip_address",
}
_SLICE = re.compile(r"\b(tps|fps|TPs|FPs)\b[^\n]*\{\n(.*?)^\t\}", re.DOTALL | re.MULTILINE)
_GO_COMMENT = re.compile(r"^\s*//.*$", re.MULTILINE)
# A string that stands alone: one that is an argument or a part of a sum is made at run time.
_GO_STRING = re.compile(
    r"(?:^|[,:{])\s*(?:`([^`]*)`|\"((?:[^\"\\\n]|\\.)*)\")\s*(?=,)", re.MULTILINE
)


def read(root: Path) -> Iterator[Document]:
    """The documents of all sets under `root`; a file of no known layout is passed over."""
    for path in sorted(root.rglob("*") if root.is_dir() else [root]):
        if path.suffix == ".go":
            yield from _gitleaks(path)
        elif path.suffix == ".json":
            try:
                content = json.loads(path.read_text(encoding="utf-8"))
            except ValueError:
                continue
            if isinstance(content, list) and content and isinstance(content[0], dict):
                if "full_text" in content[0]:
                    yield from _presidio(content)
                elif "line_data_list" in content[0]:
                    yield from _credsweeper(content)


def _presidio(content: list[dict[str, Any]]) -> Iterator[Document]:
    """One document for each kind in a text, so that kinds have tables of their own."""
    for sample in content:
        text = sample["full_text"]
        labels = [
            Label(
                _ENTITIES[span["entity_type"]],
                int(span["start_position"]),
                int(span["end_position"]),
            )
            for span in sample["spans"]
            if span["entity_type"] in _ENTITIES
        ]
        for kind in dict.fromkeys(label.kind for label in labels):
            of_kind = tuple(label for label in labels if label.kind == kind)
            yield Document(f"presidio-research: {kind}", text, of_kind)
        if not sample["spans"]:
            yield Document("harmless: presidio-research", text, ())


def _gitleaks(path: Path) -> Iterator[Document]:
    source = _GO_COMMENT.sub("", path.read_text(encoding="utf-8"))
    for name, body in _SLICE.findall(source):
        for raw, quoted in _GO_STRING.findall(body):
            text = raw or json.loads(f'"{quoted}"') if "\\x" not in quoted else quoted
            # Where in the text the secret is, the rules do not say.
            if name.lower() == "tps":
                yield Document("gitleaks: literal", text, (Label("secret", 0, len(text)),))
            else:
                yield Document("harmless: gitleaks", text, ())


def _credsweeper(content: list[dict[str, Any]]) -> Iterator[Document]:
    for finding in content:
        for line in finding["line_data_list"]:
            start, end = int(line["value_start"]), int(line["value_end"])
            if 0 <= start < end <= len(line["line"]):
                label = Label("secret", start, end)
                group = f"CredSweeper: {finding.get('rule', 'any')}"
                yield Document(group, line["line"], (label,))
