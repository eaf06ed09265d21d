"""The plain text of a custom tool's call, out of the arguments `{"input": "..."}` as they come."""

from __future__ import annotations

import json
import re

# The object up to its text, and what may become that.
_BEGINS = re.compile(r'\s*\{\s*"input"\s*:\s*"')
_MAY_BEGIN = re.compile(r'\s*(\{\s*("(i(n(p(u(t("\s*(:\s*)?)?)?)?)?)?)?)?)?\Z')
_STOP = re.compile(r'["\\]')
_SHORT = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HIGH = re.compile(r"\\u[dD][89abAB]")
_UNIT, _PAIR = 6, 12


class InputReader:
    """Feed it the arguments in pieces of any size: each piece of the text comes as soon as it can.

    What is not such an object is the text itself, so that nothing is lost.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = self._over = False
        self._plain = False

    def feed(self, piece: str) -> str:
        """What of the text is known now."""
        if self._over or self._plain:
            return piece if self._plain else ""
        self._held += piece
        if not self._inside:
            begin = _BEGINS.match(self._held)
            if begin is None:
                self._plain = not _MAY_BEGIN.match(self._held)
                return self._take(len(self._held)) if self._plain else ""
            self._held = self._held[begin.end() :]
            self._inside = True
        return self._string()

    def end(self) -> str:
        """What is left once all has come: an object without the text, or an escape cut short."""
        if self._over or self._inside:
            return ""
        return self._take(len(self._held))

    def _string(self) -> str:
        said: list[str] = []
        while (stop := _STOP.search(self._held)) is not None:
            said.append(self._take(stop.start()))
            if stop.group() == '"':
                self._over = True
                self._held = ""
                return "".join(said)
            size = _size(self._held)
            if size == 0:
                return "".join(said)
            said.append(_unescaped(self._take(size)))
        return "".join(said) + self._take(len(self._held))

    def _take(self, size: int) -> str:
        taken, self._held = self._held[:size], self._held[size:]
        return taken


def _size(text: str) -> int:
    """How long the escape is with which `text` begins; 0 where that is not known yet."""
    if len(text) < 2:
        return 0
    if text[1] != "u":
        return 2
    if not _HIGH.match(text):
        return _UNIT if len(text) >= _UNIT else 0
    # Half of a character, which goes with the other half.
    if len(text) >= _UNIT + 2 and text[_UNIT : _UNIT + 2] != "\\u":
        return _UNIT
    return _PAIR if len(text) >= _PAIR else 0


def _unescaped(escape: str) -> str:
    if escape[1] in _SHORT:
        return _SHORT[escape[1]]
    try:
        text: str = json.loads(f'"{escape}"')
    except ValueError:
        return escape
    # Half a character alone is no text that could be sent.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
