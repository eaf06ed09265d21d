"""What a scan looks for beyond the tables, and what it lets pass: an organisation's own words."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from controlplane.screening.checksums import plain
from controlplane.screening.detector import Detector
from controlplane.screening.fold import fold


class Scope(NamedTuple):
    """`wanted` leaves detectors out (None: all run). `domains` cover their subdomains; `values`
    are compared by digits and letters alone, so that `4111-1111...` is `4111 1111...`. `weight`
    is that of `custom`: a byte of hostile text takes them 10 ns for each unit of it.
    """

    custom: tuple[Detector, ...] = ()
    domains: frozenset[str] = frozenset()
    values: frozenset[bytes] = frozenset()
    wanted: Callable[[Detector], bool] | None = None
    weight: int = 0

    def allows(self, kind: str, value: bytes) -> bool:
        """True where this value of this kind is none of the policy's business."""
        if self.values and plain(value) in self.values:
            return True
        if not self.domains or kind != "email":
            return False
        host = value.rpartition(b"@")[2].decode("latin-1").lower()
        labels = host.split(".")
        return any(".".join(labels[index:]) in self.domains for index in range(len(labels)))


EVERYTHING = Scope()


def allowed_value(value: str) -> bytes:
    """`value` as `Scope.values` holds it."""
    return plain(fold(value)[0])


def custom_detector(kind: str, pattern: str) -> Detector:
    """An organisation's own detector: a pattern that RE2 takes, over folded text."""
    family = "secrets" if kind == "secret" else "pii"
    return Detector(f"custom_{kind}", kind, family, pattern, (), ())
