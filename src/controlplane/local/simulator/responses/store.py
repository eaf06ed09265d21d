"""What a provider keeps of the responses it made: some of the last ones, each for its account."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from controlplane.local.simulator.wire import Request

KEPT_RESPONSES = 1000
Item = Mapping[str, Any]


@dataclass
class Kept:
    """One response. `items` are its whole input, that of the turns before it included."""

    request: Request
    items: Sequence[Item]
    output: Sequence[Item]
    status: str


@dataclass
class Store:
    """Responses by id, conversations by theirs."""

    _responses: OrderedDict[str, Kept] = field(default_factory=OrderedDict)
    _conversations: OrderedDict[tuple[str, str], Sequence[Item]] = field(
        default_factory=OrderedDict
    )

    def keep(self, id_: str, kept: Kept, conversation: str | None) -> None:
        """Keep a response; the oldest are forgotten."""
        self._responses[id_] = kept
        if len(self._responses) > KEPT_RESPONSES:
            self._responses.popitem(last=False)
        if conversation:
            key = (kept.request.account, conversation)
            self._conversations[key] = (*kept.items, *kept.output)
            if len(self._conversations) > KEPT_RESPONSES:
                self._conversations.popitem(last=False)

    def find(self, id_: str, account: str) -> Kept | None:
        """The response that this account made."""
        kept = self._responses.get(id_)
        return kept if kept and kept.request.account == account else None

    def forget(self, id_: str) -> None:
        """Delete a response."""
        self._responses.pop(id_, None)

    def conversation(self, id_: str, account: str) -> Sequence[Item]:
        """All items of a conversation so far; a new one has none."""
        return self._conversations.get((account, id_), ())

    def item(self, id_: str, account: str) -> Item | None:
        """An item of any response that this account made."""
        for kept in reversed(self._responses.values()):
            if kept.request.account == account:
                for item in (*kept.output, *kept.items):
                    if item.get("id") == id_:
                        return item
        return None
