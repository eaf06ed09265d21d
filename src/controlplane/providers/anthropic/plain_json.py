"""The one JSON object in a text that may have words or a code fence around it."""

from __future__ import annotations


class ObjectCutter:
    """Cuts the first JSON object out of a text that comes in pieces."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._done = False

    def feed(self, text: str) -> str:
        """What of `text` belongs to the object."""
        if self._done:
            return ""
        start = 0
        if self._depth == 0:
            start = text.find("{")
            if start < 0:
                self._before.append(text)
                return ""
        for position in range(start, len(text)):
            self._step(text[position])
            if self._done:
                return text[start : position + 1]
        return text[start:]

    def rest(self) -> str:
        """At the end: the text itself where no object began, so that nothing is lost."""
        return "" if self._depth or self._done else "".join(self._before)

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
            self._done = self._depth == 0
