"""The syntax of a pattern that RE2 has taken, as far as its weight depends on it.

A pattern becomes a tree of sets of bytes. Counted repetition is written out, as RE2 does it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

# A set of bytes: bit 65 stands for `A`.
ANY = (1 << 256) - 1
NEWLINE = 1 << 10
# More is no pattern that a policy may have.
MAX_CHARACTERS = 4096

_COUNT = re.compile(r"\{(\d+)(?:(,)(\d*))?\}")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|(?P<flags>[imsU]*(?:-[imsU]+)?)(?P<end>[:)])))?")
_HEX = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})")
_OCTAL = re.compile(r"[0-7]{1,3}")
_NAMED = re.compile(r"\[:(\^?)(\w+):\]")
_CONTROL = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}


class Unread(Exception):
    """Something that this module does not read: Unicode's classes, for one."""


class Position(NamedTuple):
    """One character of a match: any of a set."""

    number: int
    accepts: int


class Assertion(NamedTuple):
    """Matches no character: `^`, `$` (of the text), `m^`, `m$` (of a line), `b` and `B`."""

    name: str


class Either(NamedTuple):
    """One of the options."""

    options: tuple[Node, ...]


class Chain(NamedTuple):
    """One item after the other; it may end once `required` of them were there."""

    items: tuple[Node, ...]
    required: int


class Loop(NamedTuple):
    """An item, once or more often."""

    item: Node


Node: TypeAlias = Position | Assertion | Either | Chain | Loop


def _bytes(expression: str) -> int:
    return sum(1 << byte for byte in range(128) if re.fullmatch(expression, chr(byte)))


WORD = _bytes(r"\w")
_ESCAPED = {"d": _bytes("[0-9]"), "s": _bytes(r"[\t\n\f\r ]"), "w": WORD}
_NAMES = {
    "alnum": _bytes("[0-9A-Za-z]"),
    "alpha": _bytes("[A-Za-z]"),
    "ascii": (1 << 128) - 1,
    "blank": _bytes(r"[\t ]"),
    "cntrl": _bytes(r"[\x00-\x1f\x7f]"),
    "digit": _bytes("[0-9]"),
    "graph": _bytes("[!-~]"),
    "lower": _bytes("[a-z]"),
    "print": _bytes("[ -~]"),
    "punct": _bytes(r"[!-/:-@\[-`{-~]"),
    "space": _bytes(r"[\t\n\v\f\r ]"),
    "upper": _bytes("[A-Z]"),
    "word": WORD,
    "xdigit": _bytes("[0-9A-Fa-f]"),
}
_UPPER, _LOWER = _NAMES["upper"], _NAMES["lower"]


class Parsed(NamedTuple):
    """The tree of a pattern, and the set of bytes that each of its positions accepts."""

    root: Node
    accepts: list[int]


def parse(pattern: str) -> Parsed:
    """The tree of a pattern that RE2 takes. Raises Unread."""
    reader = _Reader(pattern)
    root = reader.either("")
    if reader.at < len(pattern):
        raise Unread
    return Parsed(root, reader.accepts)


@dataclass(slots=True)
class _Reader:
    pattern: str
    at: int = 0
    accepts: list[int] = field(default_factory=list)

    def either(self, flags: str) -> Node:
        """Up to the bracket that closes, which stays."""
        options: list[Node] = []
        items: list[Node] = []
        while self.at < len(self.pattern) and self.pattern[self.at] != ")":
            if self._take("|"):
                options.append(Chain(tuple(items), len(items)))
                items = []
            elif (opened := self._group()) and opened["end"] == ")":
                flags = _changed(flags, opened["flags"])
            else:
                items.append(self._repeated(flags, opened))
        options.append(Chain(tuple(items), len(items)))
        return Either(tuple(options)) if len(options) > 1 else options[0]

    def _repeated(self, flags: str, opened: re.Match[str] | None) -> Node:
        item = self._atom(flags, opened)
        while self.at < len(self.pattern):
            if count := _COUNT.match(self.pattern, self.at):
                self.at = count.end()
                low = int(count[1])
                high = low if not count[2] else int(count[3]) if count[3] else None
            elif self.pattern[self.at] in "*+?":
                sign = self.pattern[self.at]
                self.at += 1
                low, high = int(sign == "+"), 1 if sign == "?" else None
            else:
                break
            self._take("?")  # what it prefers changes nothing
            item = self._times(item, low, high)
        return item

    def _times(self, item: Node, low: int, high: int | None) -> Node:
        copies = [item, *(self._copy(item) for _ in range(max(low, high or 1) - 1))]
        if high is None:
            copies[-1] = Loop(copies[-1])
        return Chain(tuple(copies) if high != 0 else (), low)

    def _copy(self, node: Node) -> Node:
        match node:
            case Position():
                return self._position(node.accepts)
            case Either():
                return Either(tuple(map(self._copy, node.options)))
            case Chain():
                return Chain(tuple(map(self._copy, node.items)), node.required)
            case Loop():
                return Loop(self._copy(node.item))
        return node

    def _position(self, accepts: int) -> Position:
        if len(self.accepts) >= MAX_CHARACTERS:
            raise Unread
        self.accepts.append(accepts)
        return Position(len(self.accepts) - 1, accepts)

    def _group(self) -> re.Match[str] | None:
        opened = _GROUP.match(self.pattern, self.at)
        if opened:
            self.at = opened.end()
        return opened

    def _atom(self, flags: str, opened: re.Match[str] | None) -> Node:
        if opened:
            inside = self.either(_changed(flags, opened["flags"]))
            if not self._take(")"):
                raise Unread
            return inside
        sign = self.pattern[self.at]
        self.at += 1
        if sign == "\\":
            return self._escaped(flags)
        if sign in "^$":
            return Assertion(f"m{sign}" if "m" in flags else sign)
        if sign == ".":
            return self._position(ANY if "s" in flags else ANY & ~NEWLINE)
        return self._position(self._class(flags) if sign == "[" else _folded(1 << ord(sign), flags))

    def _escaped(self, flags: str) -> Node:
        name = self.pattern[self.at]
        if name in "AzbB":
            self.at += 1
            return Assertion({"A": "^", "z": "$"}.get(name, name))
        if name == "Q":
            end = self.pattern.find("\\E", self.at)
            quoted = self.pattern[self.at + 1 : end if end >= 0 else len(self.pattern)]
            self.at += 1 + len(quoted) + (2 if end >= 0 else 0)
            # What follows repeats the last character alone.
            if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
                raise Unread
            each = [self._position(_folded(1 << ord(char), flags)) for char in quoted]
            return Chain(tuple(each), len(each))
        return self._position(_folded(self._escape(), flags))

    def _escape(self) -> int:
        """What follows a backslash, one byte or a set of them."""
        sign = self.pattern[self.at]
        for known in (_HEX, _OCTAL):
            if found := known.match(self.pattern, self.at):
                self.at = found.end()
                value = int(found[1] or found[2], 16) if known is _HEX else int(found[0], 8)
                if value > 255:
                    raise Unread
                return 1 << value
        self.at += 1
        if sign == "C":
            return ANY
        if sign.lower() in _ESCAPED:
            inside = _ESCAPED[sign.lower()]
            return inside if sign.islower() else ANY & ~inside
        if sign in _CONTROL:
            return 1 << _CONTROL[sign]
        if sign.isalnum():
            raise Unread
        return 1 << ord(sign)

    def _class(self, flags: str) -> int:
        negated = self._take("^")
        inside = 0
        first = True
        while first or self.pattern[self.at] != "]":
            first = False
            if named := _NAMED.match(self.pattern, self.at):
                self.at = named.end()
                inside |= ANY & ~_NAMES[named[2]] if named[1] else _NAMES[named[2]]
                continue
            low = self._one()
            is_range = self.pattern[self.at] == "-" and self.pattern[self.at + 1] != "]"
            if is_range and low.bit_count() == 1:
                self.at += 1
                high = self._one()
                low = (high << 1) - low
            inside |= low
        self.at += 1
        inside = _folded(inside, flags)
        return ANY & ~inside if negated else inside

    def _one(self) -> int:
        sign = self.pattern[self.at]
        self.at += 1
        return self._escape() if sign == "\\" else 1 << ord(sign)

    def _take(self, sign: str) -> bool:
        taken = self.pattern.startswith(sign, self.at)
        self.at += taken
        return taken


def _folded(accepts: int, flags: str) -> int:
    if "i" not in flags:
        return accepts
    return accepts | (accepts & _UPPER) << 32 | (accepts & _LOWER) >> 32


def _changed(flags: str, by: str | None) -> str:
    on, _, off = (by or "").partition("-")
    return "".join((set(flags) | set(on)) - set(off))
