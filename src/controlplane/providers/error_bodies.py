"""What the body of a failed call says, in each of the shapes that servers give it.

`{"error": {...}}` is OpenAI's, Anthropic's and most others'. xAI and Ollama send `error` as text,
older vLLM and Mistral send `message` at the top (Mistral's may be an object, a list or JSON in a
string), FastAPI `detail`, Google a list of one error, and OpenRouter keeps what the model's own
provider said in `metadata.raw`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import orjson

# The deepest shape known is JSON in a string in `metadata.raw` of `error`.
_MAX_DEPTH = 6
_MAX_PARSED = 20_000
_STATUS_MEMBERS = ("status", "status_code")
_TEXT_MEMBERS = ("message", "detail", "msg", "error")
_REQUEST = ("body", "query")
# A list of faults as Python writes it: what vLLM sends where a field is not known to it.
_PYTHON_FAULT = re.compile(r"'loc': \(([^()]*)\), 'msg': (['\"])(.*?)\2")


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """Message, code, type and parameter as the server wrote them; None for what it did not.

    `status` is a code that is an HTTP status: such a one says no more than that.
    """

    message: str | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None
    status: int | None = None


def read_error(body: bytes, content_type: str) -> ErrorBody:
    """The error in the body of a response. Plain text is one too, a page of HTML is none."""
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        if not content_type.startswith("text/plain"):
            return ErrorBody()
        return ErrorBody(message=body.decode("utf-8", "replace").strip() or None)
    return error_of(value)


def error_of(value: object, depth: int = 0) -> ErrorBody:
    """The error that a JSON value holds."""
    if isinstance(value, list) and value:
        return error_of(value[0], depth + 1) if depth < _MAX_DEPTH else ErrorBody()
    if not isinstance(value, Mapping):
        return ErrorBody()
    error = value.get("error")
    members = error if isinstance(error, Mapping) else value
    message, place = _members(members, depth)
    code, status = _code(members.get("code"))
    for name in _STATUS_MEMBERS:
        status = status or _code(members.get(name))[1]
    found = ErrorBody(message, code, _text(members.get("type")), _param(members) or place, status)
    return _behind(members.get("metadata"), found, depth)


def _behind(metadata: object, found: ErrorBody, depth: int) -> ErrorBody:
    """What the provider behind a router said, if it is there: the router's own words are fewer."""
    raw = metadata.get("raw") if isinstance(metadata, Mapping) else None
    if not isinstance(raw, str) or not raw.strip() or depth >= _MAX_DEPTH:
        return found
    inner = error_of(_parsed(raw), depth + 1)
    message = inner.message or (None if raw.lstrip()[:1] in ("{", "[", "<") else raw.strip())
    if message is None:
        return found
    return ErrorBody(
        message, inner.code or found.code, inner.type, inner.param or found.param, found.status
    )


def _members(members: Mapping[object, object], depth: int) -> tuple[str | None, str | None]:
    for name in _TEXT_MEMBERS:
        text, place = _said(members.get(name), depth)
        if text:
            return text, place
    return None, None


def _said(value: object, depth: int) -> tuple[str | None, str | None]:
    """A text and the parameter that it is about, of a text, a fault, or a list of them."""
    if depth >= _MAX_DEPTH:
        return None, None
    if isinstance(value, str):
        return _said_in_text(value, depth)
    if isinstance(value, list):
        return _joined(_said(item, depth + 1) for item in value)
    if not isinstance(value, Mapping):
        return None, None
    text, place = _members(value, depth + 1)
    own = _place(value.get("loc")) or _param(value)
    return (f"{own}: {text}" if own and text else text), own or place


def _said_in_text(text: str, depth: int) -> tuple[str | None, str | None]:
    inner = _parsed(text)
    if inner is not None:
        said, place = _said(inner, depth + 1)
        return said or text, place
    faults = _PYTHON_FAULT.findall(text[:_MAX_PARSED]) if "'loc': (" in text else ()
    if faults:
        places = [_place([part.strip(" '\"") for part in loc.split(",")]) for loc, _, _ in faults]
        return _joined(
            (f"{place}: {said}" if place else said, place)
            for place, (_, _, said) in zip(places, faults, strict=True)
        )
    return text.strip() or None, None


def _joined(said: Iterable[tuple[str | None, str | None]]) -> tuple[str | None, str | None]:
    found = [(text, place) for text, place in said if text]
    places = (place for _, place in found if place)
    return "; ".join(text for text, _ in found) or None, next(places, None)


def _parsed(text: str) -> object:
    """The JSON object or list that a text is; None where it is none."""
    if not text.lstrip().startswith(("{", "[")) or len(text) > _MAX_PARSED:
        return None
    try:
        value: object = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value


def _place(loc: object) -> str | None:
    """`["body", "messages", 0, "name"]` as `messages.0.name`."""
    if not isinstance(loc, list | tuple):
        return None
    parts = [str(part) for part in loc if part != ""]
    return ".".join(parts[1:] if parts[:1] and parts[0] in _REQUEST else parts) or None


def _code(value: object) -> tuple[str | None, int | None]:
    """A code that says something, and one that is an HTTP status."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None, None
    text = str(value)
    if len(text) == 3 and text.isascii() and text.isdigit() and "400" <= text <= "599":
        return None, int(text)
    return text or None, None


def _param(members: Mapping[object, object]) -> str | None:
    return _text(members.get("param"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
