"""The Responses API on the wire. https://platform.openai.com/docs/api-reference/responses"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from controlplane.local.simulator.generation import Generation, generate
from controlplane.local.simulator.openai.azure import AzureWire
from controlplane.local.simulator.openai.compatible import SERVERS
from controlplane.local.simulator.openai.errors import invalid
from controlplane.local.simulator.openai.wire import MODELS, OpenAIWire, read_body
from controlplane.local.simulator.responses.body import (
    conversation_of,
    failure,
    id_of,
    listed,
    response,
    token_usage,
)
from controlplane.local.simulator.responses.chat import as_chat
from controlplane.local.simulator.responses.history import History
from controlplane.local.simulator.responses.items import events, output
from controlplane.local.simulator.responses.parameters import (
    refuse_choice,
    refuse_items,
    refuse_parameters,
)
from controlplane.local.simulator.responses.store import Kept
from controlplane.local.simulator.wire import (
    API_KEY,
    API_KEYS,
    Frames,
    Headers,
    ProviderCall,
    Refusal,
    Request,
)

ADDRESS = re.compile(
    r"\A(?P<root>/v1|/openai/v1|/openai)/responses"
    r"(?:/(?P<id>[^/]+)(?:/(?P<verb>cancel|input_items))?)?\Z"
)
# What asking for a response that is made in the background finds, time after time.
_NEXT = {"queued": "in_progress", "in_progress": "completed"}


class ResponsesWire:
    """`/responses` of OpenAI; of Azure, where a deployment reads only its own reasoning; or of a
    server that `SERVERS` names, which has any model, wants no key and keeps nothing."""

    request_id_header = b"x-request-id"
    ping = b": keep-alive\n\n"

    def __init__(self, provider: str) -> None:
        self._azure = provider == "azure"
        self._open = provider in SERVERS
        self._base: OpenAIWire = AzureWire() if self._azure else OpenAIWire()
        self._history = History(provider, by_model=self._azure)
        self.headers: Headers = self._base.headers

    def read(self, call: ProviderCall, serial: int) -> Request:
        """Key, address, then what is to be done there. Raises Refusal."""
        account = call.bearer
        if self._azure:
            account = call.headers.get(b"api-key", b"").decode("latin-1") or account
        if self._open:
            account = API_KEY
        if account not in API_KEYS:
            raise self.error(401, "")
        address = ADDRESS.match(call.path)
        if address is None or not self._is_here(address["root"], call):
            raise invalid(
                f"Invalid URL ({call.method} {call.path})", status=404, code="unknown_url"
            )
        match call.method, address["id"], address["verb"]:
            case "POST", None, None:
                return self._create(call, account, serial)
            case ("GET" | "DELETE", str(id_), None) | ("GET", str(id_), "input_items"):
                return self._kept(call, self._history.find(id_, account), address["verb"])
            case "POST", str(id_), "cancel":
                return self._cancelled(self._history.find(id_, account))
        raise invalid(
            f"Not allowed to {call.method} on {call.path}.",
            status=405,
            code="method_not_supported",
        )

    def error(self, status: int, model: str) -> Refusal:
        """The provider's error object for a status."""
        return self._base.error(status, model)

    def quota(self) -> Refusal:
        """The 429 that no waiting helps."""
        return self._base.quota()

    def too_long(self) -> Refusal:
        """The 400 for a full context."""
        return self._base.too_long()

    def signed(self, body: Mapping[str, Any], request_id: str) -> Mapping[str, Any]:
        """As it is: the id is in a header only."""
        return self._base.signed(body, request_id)

    def completion(
        self, generation: Generation, request: Request, *, usage: bool = True
    ) -> dict[str, Any]:
        """A `response`."""
        items = self._output(generation, request)
        status = "incomplete" if generation.finish_reason == "length" else "completed"
        whole = response(request, status, items)
        return {**whole, "usage": token_usage(generation, request)} if usage else whole

    def hollow(self, completion: Mapping[str, Any]) -> dict[str, Any]:
        """No output."""
        return {**completion, "output": []}

    def frames(self, generation: Generation, request: Request, *, usage: bool = True) -> Frames:
        """The events from `response.created` to `response.completed`."""
        running = response(request, "in_progress")
        states = ["created", "in_progress"]
        if request.body.get("background"):
            states.insert(1, "queued")
        start = [{"type": f"response.{state}", "response": running} for state in states]
        content = [
            event
            for index, item in enumerate(self._output(generation, request))
            for event in events(item, index, generation)
        ]
        whole = self.completion(generation, request, usage=usage)
        done = {"type": f"response.{whole['status']}", "response": whole}
        hollow = {**done, "response": self.hollow(whole)}
        wanted = request.body.get("starting_after", -1) + 1
        sent = [*_numbered([*start, *content, done])][wanted:]
        at = max(len(start) - wanted, 0)
        return Frames(
            start=sent[:at],
            content=sent[at:-1],
            finish=[],
            usage=[],
            done=sent[-1:],
            hollow_done=[*_numbered([hollow], len(start))],
        )

    def event(self, data: bytes, number: int = 0) -> bytes:
        """An event with the name that its data says; an error object becomes an `error` event."""
        try:
            said = orjson.loads(data)
        except orjson.JSONDecodeError:
            return b"event: response.output_text.delta\ndata: %b\n\n" % data
        if isinstance(error := said.get("error"), dict) and "type" not in said:
            named = {name: error.get(name) for name in ("code", "message", "param")}
            return _event({"type": "error", **named, "sequence_number": number})
        name = said.get("type", "response.output_text.delta")
        return b"event: %b\ndata: %b\n\n" % (name.encode(), data)

    def failed(self, request: Request, status: int, number: int | None) -> bytes | None:
        """A response whose status is `failed`; the code is one that clients read."""
        whole = failure(request, status)
        if number is None:
            return orjson.dumps(whole)
        return _event({"type": "response.failed", "response": whole, "sequence_number": number})

    def _is_here(self, root: str, call: ProviderCall) -> bool:
        if self._azure:
            return root == "/openai/v1" or (root == "/openai" and "api-version" in call.query)
        return root == "/v1"

    def _create(self, call: ProviderCall, account: str, serial: int) -> Request:
        body = read_body(call.raw)
        model = body.get("model")
        if not isinstance(model, str) or not model:
            raise invalid("you must provide a model parameter")
        if not self._open and not model.startswith(MODELS):
            raise self.error(404, model)
        refuse_parameters(body)
        items = self._history.items(body, model, account, serial)
        refuse_items(items)
        chat = as_chat(body, items)
        refuse_choice(chat)
        request = Request(
            *(model, body, serial, chat), account=account, created_at=int(time.time())
        )
        background = bool(body.get("background")) and not request.stream
        if body.get("store") is not False and not self._open:
            generation = generate(chat)
            made = self._output(generation, request)
            kept = Kept(request, items, made, "queued" if background else "completed")
            self._history.store.keep(id_of(request), kept, conversation_of(body))
        if background:
            return replace(request, fixed=response(request, "queued"))
        return request

    def _output(self, generation: Generation, request: Request) -> list[dict[str, Any]]:
        sealed = self._history.sealed_thought(request.model, request.account)
        return output(generation, request, sealed)

    def _kept(self, call: ProviderCall, kept: Kept, verb: str | None) -> Request:
        request = kept.request
        plain = replace(request, body={**request.body, "stream": False})
        if call.method == "DELETE":
            self._history.store.forget(id_of(request))
            gone = {"id": id_of(request), "object": "response", "deleted": True}
            return replace(plain, fixed=gone)
        if verb == "input_items":
            return replace(plain, fixed=listed(kept.items, call.query))
        if call.query.get("stream") == "true":
            after = call.query.get("starting_after", "")
            streamed = {"stream": True, "starting_after": int(after) if after.isdigit() else -1}
            return replace(request, body={**request.body, **streamed})
        kept.status = _NEXT.get(kept.status, kept.status)
        if kept.status == "completed":
            return plain
        return replace(plain, fixed=response(request, kept.status))

    def _cancelled(self, kept: Kept) -> Request:
        request = kept.request
        if not request.body.get("background"):
            raise invalid("Cannot cancel a synchronous response.")
        if kept.status == "completed":
            raise invalid("Cannot cancel a completed response.")
        kept.status, kept.output = "cancelled", ()
        return replace(request, fixed=response(request, "cancelled"))


def _numbered(events: Sequence[Mapping[str, Any]], first: int = 0) -> Iterator[bytes]:
    for number, event in enumerate(events, first):
        yield _event({**event, "sequence_number": number})


def _event(data: Mapping[str, Any]) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (data["type"].encode(), orjson.dumps(data))
