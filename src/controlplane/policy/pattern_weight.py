"""The weight of a pattern: how many attempts to match it can be under way at once, at most.

Where a text leaves RE2 no shorter way, each byte takes it time in proportion to that: it is a
measure of a pattern alone, the same on every machine. `EMP-[0-9]{6}` weighs 1, because no attempt
can begin inside another one; `a[ab]{900}c` weighs 902. It is counted on the automaton of the
pattern (Glushkov's, a position for each character of a match), run over all texts at once as far
as that leads to few states; where it leads to many, it is the size of RE2's program.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import re2

from controlplane.policy.pattern_syntax import (
    NEWLINE,
    WORD,
    Assertion,
    Chain,
    Either,
    Loop,
    Node,
    Parsed,
    Position,
    Unread,
    parse,
)

# Some 20 ms of CPU: what takes more has many states.
_MAX_STEPS = 40_000
_MOST_KEPT = 1024
# What the character before, or the next one, is to an assertion.
_START, _WORD, _NEWLINE, _OTHER = range(4)
_Ends = tuple[bool, int, int]
_weighed: dict[str, int] = {}


def weight(pattern: str) -> int:
    """The weight of a pattern that RE2 takes, from 1 on. The first time it takes up to 20 ms."""
    found = _weighed.get(pattern)
    if found is None:
        found = _weigh(pattern)
        if len(_weighed) >= _MOST_KEPT:
            _weighed.clear()
        _weighed[pattern] = found
    return found


def is_weighed(pattern: str) -> bool:
    """True where its weight is at hand."""
    return pattern in _weighed


def _weigh(pattern: str) -> int:
    try:
        widest = _Automaton(parse(pattern)).widest()
    except Unread:
        widest = None
    return program_size(pattern) if widest is None else max(widest, 1)


@lru_cache(maxsize=_MOST_KEPT)
def program_size(pattern: str) -> int:
    """RE2's own measure: its instructions, once counted repetition is written out."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    size: int = re2.compile(pattern.encode(), options).programsize
    return size


class _TooMany(Exception):
    """The automaton has more states than can be gone through."""


class _Automaton:
    """Sets of positions are integers, a bit for each."""

    def __init__(self, parsed: Parsed) -> None:
        self._root, self._accepts = parsed
        self._has_assertions = _has_assertions(parsed.root)
        self._tables: dict[tuple[int, int], tuple[int, list[int]]] = {}
        self._steps = 0

    def widest(self) -> int | None:
        """How many positions are reached together at most; None where the states are many."""
        letters = self._letters()
        kinds = {kind for kind, _ in letters}
        begin = _START if self._has_assertions else _OTHER
        known, waiting, widest = {(begin, 0)}, [(begin, 0)], 0
        try:
            while waiting:
                before, live = waiting.pop()
                reached = {kind: self._reached(before, kind, live) for kind in kinds}
                for kind, accepting in letters:
                    self._spend(1)
                    state = kind, reached[kind] & accepting
                    if state not in known:
                        known.add(state)
                        waiting.append(state)
                        widest = max(widest, state[1].bit_count())
        except _TooMany:
            return None
        return widest

    def _letters(self) -> set[tuple[int, int]]:
        """The bytes that differ: what each is to an assertion, and which positions accept it."""
        by_set: dict[int, int] = {}
        for number, accepts in enumerate(self._accepts):
            by_set[accepts] = by_set.get(accepts, 0) | 1 << number
        return {
            (
                _kind(byte) if self._has_assertions else _OTHER,
                sum(at for accepts, at in by_set.items() if accepts >> byte & 1),
            )
            for byte in range(256)
        }

    def _reached(self, before: int, kind: int, live: int) -> int:
        """What may come next, an attempt that begins here included."""
        if (before, kind) not in self._tables:
            follow = [0] * len(self._accepts)
            _, first, _ = self._ends(self._root, before, kind, follow)
            self._tables[before, kind] = first, follow
        reached, follow = self._tables[before, kind]
        for position in self._each(live):
            reached |= follow[position]
        return reached

    def _ends(self, node: Node, before: int, kind: int, follow: list[int]) -> _Ends:
        """Whether `node` can match nothing, and where it can begin and end, between a character
        and the next one; `follow` is filled."""
        match node:
            case Position():
                return False, 1 << node.number, 1 << node.number
            case Assertion():
                return _holds(node.name, before, kind), 0, 0
            case Either():
                each = [self._ends(option, before, kind, follow) for option in node.options]
                empty, first, last = any(e for e, _, _ in each), 0, 0
                for _, begins, ends in each:
                    first, last = first | begins, last | ends
                return empty, first, last
            case Loop():
                empty, first, last = self._ends(node.item, before, kind, follow)
                self._join(last, first, follow)
                return empty, first, last
        return self._chain(node, before, kind, follow)

    def _chain(self, chain: Chain, before: int, kind: int, follow: list[int]) -> _Ends:
        all_empty, first, open_ends = True, 0, 0
        empty, last = chain.required == 0, 0
        for count, item in enumerate(chain.items, 1):
            item_empty, begins, ends = self._ends(item, before, kind, follow)
            self._join(open_ends, begins, follow)
            if all_empty:
                first |= begins
            all_empty = all_empty and item_empty
            open_ends = ends | (open_ends if item_empty else 0)
            if count >= chain.required:
                empty, last = empty or all_empty, last | open_ends
        return empty, first, last

    def _join(self, ends: int, begins: int, follow: list[int]) -> None:
        for position in self._each(ends):
            follow[position] |= begins

    def _each(self, positions: int) -> Iterator[int]:
        self._spend(positions.bit_count())
        while positions:
            lowest = positions & -positions
            yield lowest.bit_length() - 1
            positions ^= lowest

    def _spend(self, steps: int) -> None:
        self._steps += steps
        if self._steps > _MAX_STEPS:
            raise _TooMany


def _has_assertions(node: Node) -> bool:
    match node:
        case Assertion():
            return True
        case Either():
            return any(map(_has_assertions, node.options))
        case Chain():
            return any(map(_has_assertions, node.items))
        case Loop():
            return _has_assertions(node.item)
    return False


def _kind(byte: int) -> int:
    if WORD >> byte & 1:
        return _WORD
    return _NEWLINE if NEWLINE >> byte & 1 else _OTHER


def _holds(assertion: str, before: int, kind: int) -> bool:
    """Whether an assertion holds between a character and the next one of a text."""
    is_boundary = (before == _WORD) != (kind == _WORD)
    return {
        "^": before == _START,
        "m^": before in (_START, _NEWLINE),
        "$": False,
        "m$": kind == _NEWLINE,
        "b": is_boundary,
        "B": not is_boundary,
    }[assertion]
