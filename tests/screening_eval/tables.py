"""Recall and precision by group, with confidence intervals, and what is stopped wrongly."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tests.screening_eval.corpus import Document, Label
from tests.screening_eval.measure import found

_Z = 1.96
# (found, precision) that each group of the independent corpus has to reach.
FLOORS = {
    "secret, LLM vendors, code": (0.98, 0.97),
    "secret, LLM vendors, prose": (0.98, 0.97),
    "secret, own format, code": (0.97, 0.97),
    "secret, own format, prose": (0.97, 0.97),
    "secret, vendor beside": (0.86, 0.97),
    "secret, password": (0.45, 0.97),
    "email": (1.0, 0.99),
    "us_ssn": (1.0, 0.99),
    "iban": (1.0, 0.99),
    "ip_address": (1.0, 0.99),
    "credit_card": (0.99, 0.97),
    "phone, national, beside a word": (0.90, 0.97),
    "phone, international": (0.97, 0.97),
}
MOST_STOPPED = 2


@dataclass(slots=True)
class Group:
    """Counts of labelled values in one group of documents."""

    documents: int = 0
    labels: int = 0
    touched: int = 0
    whole: int = 0
    wrong: int = 0

    @property
    def precision(self) -> float:
        return self.touched / max(self.touched + self.wrong, 1)


@dataclass(slots=True)
class Evaluation:
    """Groups of documents with values; harmless documents and how many of each are stopped."""

    groups: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    harmless: Counter[str] = field(default_factory=Counter)
    stopped: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[Document, set[Label]]] = field(default_factory=list)

    def below_floor(self) -> list[str]:
        """The groups that are under their floor, and `harmless` where too much is stopped."""
        below = [
            name
            for name, (found_share, precision) in FLOORS.items()
            if self.groups[name].touched < found_share * self.groups[name].labels
            or self.groups[name].precision < precision
        ]
        return below + ["harmless"] * (self.stopped.total() > MOST_STOPPED)


def evaluate(documents: Iterable[Document]) -> Evaluation:
    """Scan every document. A value is found where a finding of its kind overlaps it."""
    result = Evaluation()
    for document in documents:
        spans = found(document.text)
        labels = set(document.labels)
        kinds = {label.kind for label in labels}
        if not labels:
            name = document.group.removeprefix("harmless: ")
            result.harmless[name] += 1
            result.stopped[name] += bool(spans)
        else:
            group = result.groups[document.group]
            group.documents += 1
            group.labels += len(labels)
            group.whole += len(labels & spans)
            group.touched += sum(any(_overlap(label, span) for span in spans) for label in labels)
            group.wrong += sum(
                span.kind in kinds and not any(_overlap(label, span) for label in labels)
                for span in spans
            )
        if not labels <= spans or (not labels and spans):
            result.faults.append((document, spans))
    return result


def _overlap(label: Label, span: Label) -> bool:
    return label.kind == span.kind and label.start < span.end and span.start < label.end


def interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's interval of 95 %."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, _Z * _Z / total
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def lines(result: Evaluation) -> Iterator[str]:
    """The tables in Markdown."""
    yield "| group | values | found | interval | whole | precision |"
    yield "|---|---|---|---|---|---|"
    for name, group in result.groups.items():
        low, high = interval(group.touched, group.labels)
        yield (
            f"| {name} | {group.labels} | {group.touched / group.labels:.3f} "
            f"| {low:.2f} to {high:.2f} | {group.whole / group.labels:.3f} "
            f"| {group.precision:.3f} |"
        )
    yield ""
    yield "| harmless | texts | stopped |"
    yield "|---|---|---|"
    for name, count in result.harmless.items():
        yield f"| {name} | {count} | {result.stopped[name]} |"
