"""The input of a request with all that came before it, and whose reasoning it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from controlplane.local.simulator.generation import THOUGHT
from controlplane.local.simulator.openai.errors import invalid
from controlplane.local.simulator.responses.body import conversation_of
from controlplane.local.simulator.responses.chat import items_of
from controlplane.local.simulator.responses.parameters import foreign_reasoning, missing_item
from controlplane.local.simulator.responses.store import Item, Kept, Store
from controlplane.local.simulator.seal import seal, unseal


class History:
    """What one provider keeps, and the seals of its reasoning: one for each account, or where
    `by_model` for each deployment of it."""

    def __init__(self, provider: str, *, by_model: bool) -> None:
        self.store = Store()
        self._provider = provider
        self._by_model = by_model

    def find(self, id_: str, account: str) -> Kept:
        """A kept response. Raises Refusal."""
        kept = self.store.find(id_, account)
        if kept is None:
            raise invalid(f"Response with id '{id_}' not found.", status=404)
        return kept

    def sealed_thought(self, model: str, account: str) -> str:
        """The reasoning as its maker alone can read it."""
        return seal(self._maker(model, account), "".join(THOUGHT))

    def items(self, body: Mapping[str, Any], model: str, account: str, serial: int) -> list[Item]:
        """The whole input: what is kept of the turns before, and what is new. Raises Refusal."""
        before = self._before(body, account)
        known = {item.get("id"): item for item in before}
        found = [*before]
        for item in items_of(body, serial):
            reasoning = item["type"] == "reasoning"
            if reasoning and item.get("encrypted_content"):
                self._check(item, self._maker(model, account))
            elif item["type"] == "item_reference" or (reasoning and item.get("id")):
                id_ = str(item.get("id"))
                meant = known.get(id_) or self.store.item(id_, account)
                if meant is None:
                    raise missing_item(id_)
                found.append(meant)
                continue
            found.append(item)
        return found

    def _before(self, body: Mapping[str, Any], account: str) -> Sequence[Item]:
        if previous := body.get("previous_response_id"):
            kept = self.store.find(previous, account)
            if kept is None:
                raise invalid(
                    f"Previous response with id '{previous}' not found.",
                    param="previous_response_id",
                    code="previous_response_not_found",
                )
            return (*kept.items, *kept.output)
        conversation = conversation_of(body)
        return self.store.conversation(conversation, account) if conversation else ()

    def _maker(self, model: str, account: str) -> str:
        return f"{self._provider}/{account}/{model if self._by_model else ''}"

    @staticmethod
    def _check(item: Item, maker: str) -> None:
        try:
            unseal(maker, item["encrypted_content"])
        except (ValueError, TypeError):
            raise foreign_reasoning(str(item.get("id"))) from None
