"""AWS for the request path: few operations, no thread, an end to every wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AwsAnswer:
    """What a service said; the body is as it came, compressed or not."""

    status: int
    body: bytes


class AwsRefusal(Exception):
    """AWS answered, and not with what was asked for; the message is its code."""
