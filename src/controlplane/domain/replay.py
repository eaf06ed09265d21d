"""What is kept under an `Idempotency-Key`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stored:
    """`fingerprint` is that of the request that came first; `answer` is None while it is under
    way."""

    fingerprint: str
    answer: bytes | None
