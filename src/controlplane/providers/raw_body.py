"""A body as the caller wrote it, for another model: the rest stays byte for byte what it was."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from controlplane.domain.inference import InferenceRequest

# What matters to find the members of the outermost object: strings, and what opens and closes.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]')
_COLON = re.compile(rb"\s*:\s*")


def for_model(request: InferenceRequest, model: str) -> bytes:
    """The body with `model` in the place of the name that was asked for."""
    raw = request.raw
    # What most clients write, orjson writes alike; and then no name is there twice.
    if raw is not None and orjson.dumps(request.body) == raw:
        member = b'"model":%b' % orjson.dumps(request.model)
        if raw.count(member) == 1:
            return raw.replace(member, b'"model":%b' % orjson.dumps(model))
    elif raw is not None and (spliced := _spliced(raw, model)) is not None:
        return spliced
    return orjson.dumps({**request.body, "model": model})


def _spliced(raw: bytes, model: str) -> bytes | None:
    """None where a name stands twice in an object: readers differ in which of the two they take, so
    what was screened might not be what is read."""
    try:
        json.loads(raw, object_pairs_hook=_once)
    except _Twice:
        return None
    start, end = _place_of_model(raw)
    return raw[:start] + orjson.dumps(model) + raw[end:]


def _place_of_model(raw: bytes) -> tuple[int, int]:
    depth = 0
    for match in _TOKEN.finditer(raw):
        token = match.group()
        if token in b"{[":
            depth += 1
        elif token in b"}]":
            depth -= 1
        elif (
            depth == 1
            and (colon := _COLON.match(raw, match.end()))
            and orjson.loads(token) == "model"
        ):
            value = _TOKEN.match(raw, colon.end())
            assert value is not None  # a request has a model, which is a string
            return value.span()
    raise AssertionError("a request without a model was not refused")


class _Twice(Exception):
    pass


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise _Twice
    return found
