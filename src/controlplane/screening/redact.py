"""Redact: put a token where a value stood. `[EMAIL_1]` is the same address wherever it returns."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from controlplane.errors import InternalError, InvalidRequest
from controlplane.screening.detect import MAX_HITS
from controlplane.screening.fold import fold, unescape
from controlplane.screening.place import Reader
from controlplane.screening.scan import Finding, scan
from controlplane.screening.scope import EVERYTHING, Scope
from controlplane.screening.splice import Edit, splice

# Taking a value out can make another one visible; nearly always the second round finds nothing.
_ROUNDS = 8
_NO_DIGIT = re.compile(rb"[^0-9]")
# However they are grouped, the digits are the value.
_DIGITS_ALONE = frozenset({"phone", "us_ssn", "credit_card"})

Path = tuple[str | int, ...]


def redact(
    body: Mapping[str, Any],
    findings: Sequence[Finding],
    tokens: Tokens | None = None,
    scope: Scope = EVERYTHING,
    is_sealed: Callable[[str], bool] = lambda place: False,
) -> dict[str, Any]:
    """`body` with a token in place of each finding; what does not change is shared.

    `findings` are of a `scan` of this very body. Afterwards a scan finds none of their kinds, but
    for places that are sealed.
    A number becomes a string; JSON inside a string (tool-call arguments) stays JSON. Raises
    InvalidRequest where the body holds more values than can be redacted in _ROUNDS scans.
    """
    kinds = {finding.kind for finding in findings}
    tokens = Tokens() if tokens is None else tokens
    redacted = dict(body)
    for _ in range(_ROUNDS):
        if not findings:
            return redacted
        redacted = _replace(redacted, findings, tokens)
        findings = [
            finding
            for finding in scan(redacted, scope)
            if finding.kind in kinds and not is_sealed(finding.place)
        ]
    if max(Counter(finding.detector for finding in findings).values(), default=0) >= MAX_HITS:
        raise InvalidRequest(
            "The request holds more values than can be redacted at once. Send it in parts."
        )
    raise InternalError("The request could not be redacted.")


class Tokens:
    """Hands out `[EMAIL_1]`, `[EMAIL_2]`, ...: one for each value of a kind, however spelled.

    `originals` leads from a token back to the value, as it was spelled first.
    """

    def __init__(self) -> None:
        self._known: defaultdict[str, dict[bytes, str]] = defaultdict(dict)
        self.originals: dict[str, str] = {}

    def __call__(self, kind: str, value: str) -> str:
        decoded = unescape(value)
        value = decoded[0] if decoded else value
        plain, _ = fold(value)
        if kind == "email":
            plain = plain.lower()
        elif kind in _DIGITS_ALONE:
            plain = _NO_DIGIT.sub(b"", plain)
        known = self._known[kind]
        token = known.setdefault(plain, f"[{kind.upper()}_{len(known) + 1}]")
        self.originals.setdefault(token, value)
        return token


class _Draft:
    """A copy of a body that shares all that was not written to."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self._copies: dict[Path, Any] = {(): dict(body)}

    @property
    def body(self) -> dict[str, Any]:
        copy: dict[str, Any] = self._copies[()]
        return copy

    def writable(self, path: Path) -> Any:
        """The object or array at `path`, ours to change."""
        for depth in range(len(path)):
            parent, here = self._copies[path[:depth]], path[: depth + 1]
            if here not in self._copies:
                value = parent[path[depth]]
                copy = dict(value) if isinstance(value, Mapping) else list(value)
                self._copies[here] = parent[path[depth]] = copy
        return self._copies[path]


def _replace(
    body: Mapping[str, Any], findings: Sequence[Finding], tokens: Tokens
) -> dict[str, Any]:
    edits: defaultdict[tuple[Path, bool], list[Edit]] = defaultdict(list)
    reader = Reader(body)
    for finding in findings:
        path, is_key = reader.read(finding.place)
        start, end = finding.offset, finding.offset + finding.length
        if is_key:
            edits[path, True].append(Edit(start, end, finding.kind, str(path[-1])[start:end]))
        else:
            for where, edit in _edits(body, path, start, end, finding.kind):
                edits[where, False].append(edit)
    draft = _Draft(body)
    names: defaultdict[Path, dict[str, str]] = defaultdict(dict)
    for (path, is_key), changes in edits.items():
        if is_key:
            name = str(path[-1])
            names[path[:-1]][name] = splice(name, changes, tokens)
        else:
            value = splice(_text(_at(body, path)), changes, tokens)
            draft.writable(path[:-1])[path[-1]] = value
    _rename(draft, names)
    return draft.body


def _edits(
    body: Mapping[str, Any], path: Path, start: int, end: int, kind: str
) -> Iterator[tuple[Path, Edit]]:
    """One edit, or one in each of the adjacent text parts that a value runs over."""
    parts = [(path, _text(_at(body, path)))]
    while end > sum(len(text) for _, text in parts):
        *front, index, last = parts[-1][0]
        following = (*front, int(index) + 1, last)
        parts.append((following, _text(_at(body, following))))
    value = "".join(text for _, text in parts)[start:end]
    for where, text in parts:
        yield where, Edit(max(start, 0), min(end, len(text)), kind, value)
        start, end, value = start - len(text), end - len(text), ""


def _rename(draft: _Draft, names: Mapping[Path, Mapping[str, str]]) -> None:
    """Change names of members; the order stays, and two that become alike stay two."""
    # All objects first: once renamed, no path leads there any more.
    for members, changes in [(draft.writable(path), changes) for path, changes in names.items()]:
        old = list(members.items())
        members.clear()
        for key, value in old:
            name = changes.get(key, key)
            while name in members:
                name += "_"
            members[name] = value


def _at(body: Mapping[str, Any], path: Path) -> Any:
    value: Any = body
    for step in path:
        value = value[step]
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(int(value))
