"""Any audit event as one that every place takes: PostgreSQL, SQS, and a reader's line.

What upstreams and callers say ends up in events, and they say anything. Nothing of it may cost the
record, or those of others in the same batch.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from controlplane.domain.attribution import MAX_ID_LENGTH, MAX_TAG_LENGTH, MAX_TAGS
from controlplane.domain.audit import Attempt, AuditEvent
from controlplane.domain.budget import Charge
from controlplane.domain.price import Price
from controlplane.domain.text import MAX_REQUEST_NAME_LENGTH
from controlplane.domain.usage import COUNTS, MAX_STORED, Usage

# A line in a table of a terminal; names in policies and prices are shorter.
MAX_LINE_LENGTH = 256
MAX_ITEMS = 256
# The sums by day keep the first 200 characters of a name. Four names of them, and what stands
# beside, are one entry of an index, which has room for 2,704 bytes.
_SUMMED_LENGTH, _SUMMED_BYTES = 200, 600
_UNKNOWN = "unknown"
_STATUS_OF_NONE = 500
_MAX_STATUS = 999
_MAX_VERSION = 2**31 - 1
_NUMBERS = (
    *("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning"),
    *("latency_ms", "overhead_ms"),
)
_FLAGS = ("stream", "usage_estimated", "degraded", "replayed")
# PostgreSQL has no place for the first, and UTF-8 none for the others.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT = "\ufffd"
# Callers' own words, by which budgets may count: kept as they came as far as that is possible.
_CALLERS_WORDS = ("model_requested", "end_user", "session_id", "agent_id", "application_id")
_LINES = ("provider", "code", "payload_key")
_LONG_LINES = ("model_served", "policy_version")
_REQUIRED = ("subject", "role", "operation")
_TEXTS_OF = attrgetter("request_id", *_CALLERS_WORDS, *_LONG_LINES, *_LINES, *_REQUIRED)
_NUMBERS_OF = attrgetter(*_NUMBERS, "status", "schema_version")
_COUNTS_OF, _FLAGS_OF, _REQUIRED_OF = (attrgetter(*each) for each in (COUNTS, _FLAGS, _REQUIRED))


def storable(event: AuditEvent) -> AuditEvent:
    """The event as it can be stored: the same, where nothing is in the way.

    Texts are bounded, and without what PostgreSQL refuses; what others than callers have named is
    one printable line. A number that the columns have no room for is none: a cost is then unknown,
    and so is what was used. What is of no use for its field is left out, as if nothing had been
    said. `request_id` stays a name of its own.
    """
    return event if _is_plain_event(event) else replace(event, **dict(_fitting(event)))


def _is_plain_event(event: AuditEvent) -> bool:
    """True of nearly all: short texts of ASCII, and numbers that are numbers. To make all of those
    anew would cost ten times as much."""
    attempts, tags, screening, usage = event.attempts, event.tags, event.screening, event.usage
    sequences: tuple[object, ...] = (attempts, tags, event.shadow)
    if any(type(each) is not tuple for each in sequences) or type(screening) is not dict:
        return False
    texts, numbers = [*_TEXTS_OF(event), *tags, *event.shadow, *screening], [*_NUMBERS_OF(event)]
    numbers += (*screening.values(), event.cost_microusd or 0)
    for attempt in attempts:
        if type(attempt) is not Attempt or type(attempt.ignored_params) is not tuple:
            return False
        texts += (attempt.provider, attempt.model, attempt.failure, *attempt.ignored_params)
        numbers += (attempt.latency_ms, attempt.status or 0)
    if usage is not None:
        if type(usage) is not Usage or usage.calls:
            return False
        numbers += _COUNTS_OF(usage)
        texts += (usage.service_tier, usage.inference_geo, *usage.estimated, *usage.unknown)
    said = [text for text in texts if text is not None]
    return (
        all(type(text) is str and 0 < len(text) <= MAX_ID_LENGTH for text in said)
        and _is_plain("".join(said))
        and max(len(texts), len(numbers)) < MAX_ITEMS
        and len(tags) <= MAX_TAGS
        and all(len(tag) <= MAX_TAG_LENGTH for tag in tags)
        and all(type(number) is int and 0 <= number <= MAX_STORED for number in numbers)
        and 0 < event.status <= _MAX_STATUS
        and None not in _REQUIRED_OF(event)
        and all(type(flag) is bool for flag in _FLAGS_OF(event))
        and event.occurred_at.tzinfo is UTC
        and (event.admitted_at is None or event.admitted_at.tzinfo is UTC)
        and (event.price is None or type(event.price) is Price)
        and (event.unsettled is None or type(event.unsettled) is dict)
        and not event.charges
    )


def _fitting(event: AuditEvent) -> Iterable[tuple[str, Any]]:
    yield "request_id", _identity(event.request_id)
    for name in _CALLERS_WORDS:
        yield name, _text(getattr(event, name), MAX_REQUEST_NAME_LENGTH)
    for name in _LONG_LINES:
        yield name, _line(getattr(event, name), MAX_REQUEST_NAME_LENGTH)
    for name in _LINES:
        yield name, _line(getattr(event, name))
    for name in _REQUIRED:
        yield name, _line(getattr(event, name)) or _UNKNOWN
    for name in _NUMBERS:
        yield name, _number(getattr(event, name))
    for name in _FLAGS:
        yield name, getattr(event, name) is True
    yield "cost_microusd", event.cost_microusd if _is_number(event.cost_microusd) else None
    yield "status", _number(event.status, _MAX_STATUS) or _STATUS_OF_NONE
    yield "schema_version", _number(event.schema_version, _MAX_VERSION)
    yield "occurred_at", _instant(event.occurred_at)
    yield "admitted_at", event.admitted_at and _instant(event.admitted_at)
    yield "attempts", tuple(_attempt(each) for each in _items(event.attempts, Attempt))
    yield "tags", _lines(event.tags, MAX_TAGS, MAX_TAG_LENGTH)
    yield "shadow", _lines(event.shadow)
    yield "screening", _counts(event.screening)
    yield "usage", _usage(event.usage) if isinstance(event.usage, Usage) else None
    yield "price", event.price if isinstance(event.price, Price) else None
    yield "unsettled", event.unsettled if isinstance(event.unsettled, Mapping) else None
    yield "charges", tuple(_charges(_items(event.charges, Mapping)))


def _identity(value: Any) -> str:
    if type(value) is str and 0 < len(value) <= MAX_ID_LENGTH and _is_plain(value):
        return value
    said = value if isinstance(value, str) else repr(value)
    return f"sha256:{hashlib.sha256(said.encode('utf-8', 'surrogatepass')).hexdigest()}"


def _is_plain(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _text(value: Any, most: int) -> str | None:
    if value is None or (type(value) is str and len(value) <= most and _is_plain(value)):
        return value
    if not isinstance(value, str):
        return None
    return _summed(_UNSTORABLE.sub(_REPLACEMENT, value[:most]))


def _line(value: Any, most: int = MAX_LINE_LENGTH) -> str | None:
    if value is None or (type(value) is str and len(value) <= most and _is_plain(value)):
        return value
    if not isinstance(value, str):
        return None
    return _summed("".join(c if c.isprintable() else _REPLACEMENT for c in value[:most]))


def _summed(text: str) -> str:
    """All of it, but where an index has no room for the part that is summed up under."""
    begin = text[:_SUMMED_LENGTH].encode()
    return text if len(begin) <= _SUMMED_BYTES else begin[:_SUMMED_BYTES].decode(errors="ignore")


def _is_number(value: Any, most: int = MAX_STORED) -> bool:
    return type(value) is int and 0 <= value <= most


def _number(value: Any, most: int = MAX_STORED) -> int:
    return value if _is_number(value, most) else 0


def _instant(at: datetime) -> datetime:
    try:
        at.astimezone(UTC)
    except OverflowError:  # within hours of the first or the last year
        return at.replace(tzinfo=UTC)
    return at


def _items(values: Any, kind: type) -> tuple[Any, ...]:
    found = values if isinstance(values, tuple | list) else ()
    return tuple(each for each in found if isinstance(each, kind))[:MAX_ITEMS]


def _lines(values: Any, most: int = MAX_ITEMS, longest: int = MAX_LINE_LENGTH) -> tuple[str, ...]:
    found = (_line(each, longest) for each in _items(values, str)[:most])
    return tuple(each for each in found if each)


def _counts(values: Any) -> dict[str, int]:
    found = values.items() if isinstance(values, Mapping) else ()
    names = ((_line(name), number) for name, number in list(found)[:MAX_ITEMS])
    return {name: _number(number) for name, number in names if name}


def _charges(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for row in rows:
        with suppress(KeyError, TypeError):
            charge = Charge.checked(row)
            yield {
                name: _line(value) if isinstance(value, str) else value
                for name, value in charge.items()
            }


def _attempt(attempt: Attempt) -> Attempt:
    status = attempt.status
    return Attempt(
        provider=_line(attempt.provider) or _UNKNOWN,
        model=_line(attempt.model, MAX_REQUEST_NAME_LENGTH) or _UNKNOWN,
        latency_ms=_number(attempt.latency_ms),
        status=None if status is None else _number(status, _MAX_STATUS),
        failure=_line(attempt.failure),
        ignored_params=_lines(attempt.ignored_params),
    )


def _usage(usage: Usage) -> Usage:
    calls = _counts(dict(usage.calls))
    unfit = [name for name in COUNTS if not _is_number(getattr(usage, name))]
    return Usage(
        **{name: _number(getattr(usage, name)) for name in COUNTS},
        calls=tuple(sorted(calls.items())),
        service_tier=_line(usage.service_tier),
        inference_geo=_line(usage.inference_geo),
        estimated=frozenset(_lines(tuple(usage.estimated))),
        unknown=frozenset((*_lines(tuple(usage.unknown)), *unfit)),
    )
