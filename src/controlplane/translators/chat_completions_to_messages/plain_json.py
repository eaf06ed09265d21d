"""The one JSON object in a text that may have words, braces or a code fence around it."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import NoReturn

# So begins an object: `{}`, or a key and a colon. And so does a text that may become one.
_BEGINS = re.compile(r'\{\s{0,64}(?:\}|"(?:[^"\\]|\\.){0,256}"\s{0,64}:)', re.DOTALL)
_MAY_BEGIN = re.compile(r'\{\s{0,64}(?:"(?:[^"\\]|\\.){0,256}(?:\\|"\s{0,64})?)?\Z', re.DOTALL)
_MAX_TRIES = 8


def first_object(text: str) -> str:
    """The first JSON object in `text`; one that is cut off, to its end; `text` where none is."""
    for match in islice(_BEGINS.finditer(text), _MAX_TRIES):
        start = match.start()
        try:
            _, end = _DECODER.raw_decode(text, start)
        except (ValueError, RecursionError):
            cutter = ObjectCutter()
            cutter.feed(text[start:])
            if not cutter.done:
                return text[start:]
        else:
            return text[start:end]
    return text


class ObjectCutter:
    """Cuts the first object out of a text that comes in pieces: as soon as one has begun."""

    def __init__(self) -> None:
        self.done = False
        self._before: list[str] = []
        self._pending = ""
        self._depth = 0
        self._in_string = False
        self._escaped = False

    def feed(self, text: str) -> str:
        """What of `text`, and of what was held before, belongs to the object."""
        if self.done:
            return ""
        start = 0
        if self._depth == 0:
            text = self._pending + text
            start = self._start(text)
            if start < 0:
                return ""
        for position in range(start, len(text)):
            self._step(text[position])
            if self.done:
                return text[start : position + 1]
        return text[start:]

    def rest(self) -> str:
        """At the end: the text itself where no object began, so that nothing is lost."""
        return "" if self._depth or self.done else "".join(self._before) + self._pending

    def _start(self, text: str) -> int:
        """Where the object begins in `text`; -1 where that is not known yet."""
        position = text.find("{")
        while position >= 0 and not _BEGINS.match(text, position):
            if _MAY_BEGIN.match(text, position):
                break
            position = text.find("{", position + 1)
        else:
            if position >= 0:
                return position
        settled = len(text) if position < 0 else position
        self._before.append(text[:settled])
        self._pending = text[settled:]
        return -1

    def _step(self, character: str) -> None:
        if self._in_string:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_string = False
        elif character == '"':
            self._in_string = True
        elif character == "{":
            self._depth += 1
        elif character == "}":
            self._depth -= 1
            self.done = self._depth == 0


def _refuse(_: str) -> NoReturn:
    raise ValueError


# Only where the object ends is asked for. NaN and Infinity are no JSON.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)
