"""Text of a stream that is held back until nothing in it can still become a finding."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.errors import InternalError
from controlplane.screening.scan import Finding

# Longer than any value with blanks in it (a phone number, an IBAN), or the line that begins a key.
HELD_CHARACTERS = 64
# What was let out still speaks for what follows: words like `phone`.
CONTEXT_CHARACTERS = 64
# A run without blanks, or an unfinished key, is held no longer than this.
MAX_HELD_CHARACTERS = 16 * 1024
# From here on characters stand for words: a value does not run over them.
_IDEOGRAPHS, _FULL_WIDTH = "\u2e80", "\uff00"


class StreamBuffer:
    """One text of a stream: `find` looks for values, `token` replaces one, `restored` is last."""

    def __init__(
        self,
        find: Callable[[str], list[Finding]],
        token: Callable[[Finding, str], str],
        restored: Callable[[str], str],
    ) -> None:
        self._find, self._token, self._restored = find, token, restored
        self._context = self._text = ""
        self._uninterrupted = HELD_CHARACTERS
        self.changed = False
        """True once a value was replaced."""
        self.left = 0
        """How many characters of what came have left."""

    @property
    def holds(self) -> bool:
        """True where something has come that has not left."""
        return bool(self._text)

    @property
    def may_be_interrupted(self) -> bool:
        """True where all that is held may leave because another text speaks.

        Not of a text that was just interrupted: of two that take turns, no value would be seen
        whole.
        """
        return bool(self._text) and self._uninterrupted >= HELD_CHARACTERS

    def push(self, text: str) -> str:
        """What may leave now that `text` has come."""
        self._text += text
        self._uninterrupted += len(text)
        cut = self._boundary(len(self._text) - HELD_CHARACTERS)
        return self._release(cut) if cut > 0 else ""

    def finish(self) -> str:
        """Everything that is still held."""
        self._uninterrupted = 0
        return self._release(len(self._text))

    def _boundary(self, limit: int) -> int:
        """The last place up to `limit` where no value can be in the middle; 0 holds all."""
        position = limit
        while position > 0:
            char = self._text[position - 1]
            if char.isspace() or _IDEOGRAPHS <= char < _FULL_WIDTH:
                return position
            position -= 1
        return limit if limit > MAX_HELD_CHARACTERS else 0

    def _release(self, cut: int) -> str:
        before = len(self._context)
        pieces: list[str] = []
        position = 0
        for finding in self._find(self._context + self._text):
            start, end = finding.offset - before, finding.offset + finding.length - before
            if end <= position:
                continue
            if start >= cut:
                break
            if end > cut:
                # Not all of it may have come: it waits.
                cut = max(start, position)
                if len(self._text) - cut > MAX_HELD_CHARACTERS:
                    raise InternalError("The answer could not be screened.")
                break
            start = max(start, position)
            pieces += (self._text[position:start], self._token(finding, self._text[start:end]))
            position = end
            self.changed = True
        pieces.append(self._text[position:cut])
        self._context = (self._context + self._text[:cut])[-CONTEXT_CHARACTERS:]
        self._text = self._text[cut:]
        self.left += cut
        return self._restored("".join(pieces))
