"""Detectors of IP addresses. What names no machine (loopback, masks, `::`) is none."""

from __future__ import annotations

import re
from collections.abc import Iterator

from controlplane.screening.detector import Detector, Span

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_V4 = rf"{_OCTET}\.{_OCTET}\.{_OCTET}\.{_OCTET}"
_GROUP = r"[0-9A-Fa-f]{1,4}"
_V6 = (
    rf"(?:{_GROUP}:{{1,2}}){{2,7}}(?:{_V4}|{_GROUP})|{_GROUP}::{_GROUP}"
    rf"|::(?:[Ff]{{4}}:{_V4}|(?:{_GROUP}:){{1,6}}{_GROUP})"
)

_NO_MACHINE = re.compile(rb"127\.0\.0\.1|0\.0\.0\.0|255\.\d+\.\d+\.\d+|1\.2\.3\.4|0\.\d+\.\d+\.\d+")
# `version 1.2.3.4`, `numpy==1.26.4.1`, `section 4.1.2.3`, `Chrome/120.0.0.0`
_VERSION = re.compile(
    rb"(?i)(?:\bv|version|release|build|section|chapter|clause|[=~<>^!]=|\^|~|rev\.?|\bver\.?)"
    rb"[\s\"':=(]{0,3}\Z|[A-Za-z]/\Z"
)
_ENDS_LIKE_VERSION = re.compile(rb"\.0\.0\Z")
_UNICAST = re.compile(rb"(?i)(?:f[cde][0-9a-f]{2}|ff0[0-9a-f]|[23][0-9a-f]{3}|64)::?")


def _v4(data: bytes, start: int, end: int) -> Iterator[Span]:
    before, after = data[max(start - 16, 0) : start], data[end : end + 2]
    version = _VERSION.search(before)
    product = version is not None and version.group().endswith(b"/")
    if (
        before[-1:] == b"."
        or (before[-1:] == b"-" and before[-2:-1].isalnum())
        or after[:1].isalnum()
        or (after[:1] in (b".", b"-") and after[1:].isalnum() and not after[1:].isalpha())
        or _NO_MACHINE.fullmatch(data, start, end)
        or (version and not product)
        or (product and _ENDS_LIKE_VERSION.search(data, start, end))
    ):
        return
    yield start, end


def _v6(data: bytes, start: int, end: int) -> Iterator[Span]:
    """Refuses times, hardware addresses, slices of Python and scopes of C++."""
    value = data[start:end]
    before, after = data[start - 1 : start] if start else b"", data[end : end + 2]
    if before.isalnum() or before in (b":", b"_", b".") or after[:1].isalnum():
        return
    if after[:1] in (b":", b"_") and after != b": ":
        return
    groups = [group for group in value.split(b":") if group]
    size = len(groups) + (b"." in groups[-1])
    compressed = value.count(b"::")
    if compressed > 1 or b":::" in value or (size >= 8 if compressed else size != 8):
        return
    if not compressed and all(len(group) == 2 for group in groups):
        return
    if any(char in b"0123456789" for char in value) and (
        size == 8 or b"." in value or _UNICAST.match(value)
    ):
        yield start, end


DETECTORS = (
    Detector(
        "ip_v4",
        "ip_address",
        "pii",
        rf"\b{_V4}\b",
        refine=_v4,
        matches=("192.168.100.200", "8.8.8.8:53", "10.0.0.0/8", "http://93.184.216.34/x"),
        ignores=(
            "127.0.0.1",
            "0.0.0.0",  # noqa: S104
            "255.255.255.0",
            "10.0.19041.1234",
            "version 1.20.3.4",
            "v2.0.1.4",
            "1.3.6.1.4.1",
            "Chrome/120.0.0.0",
            "pkg==1.26.4.1",
        ),
    ),
    Detector(
        "ip_v6",
        "ip_address",
        "pii",
        rf"(?:^|[^0-9A-Za-z:_.])({_V6})",
        refine=_v6,
        matches=(
            "2001:0db8:85a3:0000:0000:8a2e:0370:7334",
            "fe80::1ff:fe23:4567:890a",
            "[2a02:26f0::1]:443",
            "::ffff:192.0.2.128",
            "2001:db8::1",
        ),
        ignores=(
            "std::vector",
            "a::b",
            "x[1::2]",
            "x[1000::2]",
            "12:34:56",
            "00:1a:2b:3c:4d:5e",
            "50:06:01:60:3b:e0:12:34",
            "::1",
            "::",
            "dead::beef",
        ),
    ),
)
