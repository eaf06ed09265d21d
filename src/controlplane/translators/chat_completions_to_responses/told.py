"""How much of each text of an answer was told."""

from __future__ import annotations

from typing import Any

# The member of a message, and where in the answer the text stands.
Place = tuple[Any, ...]


class Told:
    """Texts come in pieces, and once more as a whole: of that only what is missing is told."""

    def __init__(self) -> None:
        self._texts: dict[Place, str] = {}
        self._before: dict[Place, int] = {}
        self._said: dict[str, int] = {}

    def piece(self, place: Place, text: str, *, whole: bool) -> str:
        """What of `text` is still to be told; `whole` is true where that is all of it."""
        told = self._texts.get(place, "")
        piece = (text[len(told) :] if text.startswith(told) else "") if whole else text
        if piece:
            self._texts[place] = told + piece
            said = self._said.get(place[0], 0)
            self._before.setdefault(place, said)
            self._said[place[0]] = said + len(piece)
        return piece

    def before(self, place: Place) -> int:
        """How much the same member said before that text, in characters."""
        return self._before.get(place, 0)

    def begins(self, place: Place, piece: str) -> bool:
        """True where `piece` is the first of its text."""
        return self._texts[place] == piece
