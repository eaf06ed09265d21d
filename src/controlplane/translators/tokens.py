"""How likely tokens were: both of OpenAI's protocols say it alike, events of Responses without the
bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Token = dict[str, Any]


def translate_token(token: Mapping[str, Any]) -> Token:
    """A token, and which others could have stood in its place."""
    others = [_alone(each) for each in token.get("top_logprobs") or ()]
    return {**_alone(token), "top_logprobs": others}


def without_bytes(token: Mapping[str, Any]) -> Token:
    """A token as an event says it."""
    others = [_short(each) for each in token["top_logprobs"]]
    return {**_short(token), "top_logprobs": others}


def _alone(token: Mapping[str, Any]) -> Token:
    text = token["token"]
    said = token.get("bytes")
    bytes_ = [*text.encode("utf-8", "replace")] if said is None else said
    return {"token": text, "bytes": bytes_, "logprob": token["logprob"]}


def _short(token: Mapping[str, Any]) -> Token:
    return {"token": token["token"], "logprob": token["logprob"]}
