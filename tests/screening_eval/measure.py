"""Span precision and recall: a finding counts where kind, start and end are those of the label."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from controlplane.screening.scan import scan
from tests.screening_eval.corpus import Document, Label, documents

# (recall, precision) that each kind or group has to reach.
FLOORS = {
    "email": (1.0, 1.0),
    "us_ssn": (1.0, 1.0),
    "ip_address": (1.0, 1.0),
    "iban": (1.0, 1.0),
    "credit_card": (0.99, 0.97),
    "phone": (0.85, 0.90),
    "secret, code": (0.97, 0.97),
    "secret, prose": (0.97, 0.97),
    "secret, base64": (0.97, 0.97),
    "uk_nhs": (0.97, 0.97),
    "ca_sin": (0.97, 0.97),
    "br_cpf": (0.97, 0.97),
    "es_dni": (0.97, 0.97),
    "de_tax_id": (0.97, 0.97),
    "in_aadhaar": (0.97, 0.97),
    "passport": (0.97, 0.97),
    "bank_account": (0.97, 0.97),
}


@dataclass(slots=True)
class Score:
    """Counts of spans."""

    right: int = 0
    missed: int = 0
    wrong: int = 0

    @property
    def recall(self) -> float:
        return self.right / max(self.right + self.missed, 1)

    @property
    def precision(self) -> float:
        return self.right / max(self.right + self.wrong, 1)


@dataclass(frozen=True, slots=True)
class Result:
    """Scores by group; the documents with a fault; how many negatives would be stopped."""

    scores: dict[str, Score]
    faults: list[tuple[Document, set[Label]]]
    sizes: Counter[str]
    negatives_hit: int

    def below_floor(self) -> list[str]:
        """The groups that are under their floor."""
        return [
            group
            for group, (recall, precision) in FLOORS.items()
            if self.scores[group].recall < recall or self.scores[group].precision < precision
        ]


def found(text: str) -> set[Label]:
    return {
        Label(finding.kind, finding.offset, finding.offset + finding.length)
        for finding in scan({"messages": [{"role": "user", "content": text}]})
    }


def measure() -> Result:
    """Scan every document; a wrong finding counts against its own kind, whatever the group."""
    scores = {group: Score() for group in FLOORS}
    faults = []
    sizes: Counter[str] = Counter()
    negatives_hit = 0
    for document in documents():
        sizes[document.group] += 1
        labels, spans = set(document.labels), found(document.text)
        if document.group != "negative":
            scores[document.group].right += len(labels & spans)
            scores[document.group].missed += len(labels - spans)
        for label in spans - labels:
            group = document.group if document.group.startswith(label.kind) else label.kind
            scores.setdefault({"secret": "secret, code"}.get(group, group), Score()).wrong += 1
        negatives_hit += document.group == "negative" and bool(spans)
        if labels != spans:
            faults.append((document, spans))
    return Result(scores, faults, sizes, negatives_hit)
