"""Numbers of calls keep their digits, though no integer of 64 bits and no float holds them all.

A long number is parsed as the text that it is, which orjson writes out again unchanged.
"""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

from controlplane.errors import ProviderError
from controlplane.protocols.protocol import json_object

_LONG = re.compile(rb"\d{16}")
_SHORT = 15


def has_long_numbers(data: bytes) -> bool:
    """True where some number of a JSON text may be too long to be parsed as one."""
    return _LONG.search(data) is not None


def exact_object(data: bytes) -> dict[str, Any]:
    """`data` as a JSON object, long numbers in it as text. Raises ProviderError where it is none.

    Only to be written out again: a long number cannot be reckoned with.
    """
    value = json_object(data)
    if has_long_numbers(data):
        try:
            value = json.loads(data, parse_int=_integer, parse_float=_float)
        except RecursionError:
            raise ProviderError("protocol", "the answer is nested too deeply") from None
    return value


def exact_text(text: str) -> dict[str, Any] | orjson.Fragment | None:
    """The JSON object that `text` is, to be written out again; None where it is none."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict):
        return None
    return orjson.Fragment(text) if has_long_numbers(text.encode()) else value


def _integer(text: str) -> int | orjson.Fragment:
    return int(text) if len(text) <= _SHORT else orjson.Fragment(text)


def _float(text: str) -> float | orjson.Fragment:
    return float(text) if len(text) <= _SHORT else orjson.Fragment(text)
