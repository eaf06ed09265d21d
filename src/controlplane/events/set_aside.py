"""What stands in the way of a scheduled event is set aside: the others do not wait for it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from controlplane.errors import StoreRefused
from controlplane.telemetry import count

# What is stored and cannot be read, added up or applied; an outage is none of them.
POISON = (
    *(StoreRefused, SQLAlchemyError),
    *(ValueError, TypeError, LookupError, ArithmeticError, AttributeError),
)


@contextmanager
def setting_aside(event: str, org_id: str) -> Iterator[None]:
    """The block is about one organisation; what it stumbles over is logged and counted, without a
    value. Raises Unreachable where a store is away."""
    try:
        yield
    except POISON as error:
        count("event_set_aside", event=event, org_id=org_id, error=type(error).__name__)
