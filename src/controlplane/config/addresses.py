"""Which addresses a provider may have. Only what is configured is looked at, never a request."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from controlplane.errors import ConfigurationError

_LOOPBACK = ("127.0.0.0/8", "::1/128")
# RFC 1918 and RFC 4193. Link-local addresses are none: the metadata of a cloud machine is there.
_PRIVATE = tuple(
    ip_network(block)
    for block in (*_LOOPBACK, "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
)
_THIS_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
# Names that no public registry has: RFC 6761, 6762 and 8375, and ICANN's own for private use.
_PRIVATE_NAME = re.compile(
    r"\A(?:[a-z0-9_-]+\.)*(?:localhost|local|internal|home\.arpa)\Z"
    # One label alone, such as a service of Compose; a number would be an IPv4 address.
    r"|\A[a-z](?:[a-z0-9_-]*[a-z0-9])?\Z"
)


def check_address(name: str, url: str, *, local: bool, allow_http: bool) -> None:
    """Raise ConfigurationError unless the address is https, or http as far as that is allowed:
    to this machine in the local stage, and with `allow_http` inside a private network."""
    scheme, host = _parts(name, url)
    if scheme == "https" and host:
        return
    if scheme == "http" and local and host in _THIS_MACHINE:
        return
    if scheme == "http" and allow_http:
        if is_private(host):
            return
        raise ConfigurationError(
            f"The address of provider '{name}' must start with https://: with \"allow_http\", "
            "http:// is for loopback and private addresses, and for names that are private "
            "(one label, .internal, .local, .localhost, .home.arpa)."
        )
    raise ConfigurationError(
        f"The address of provider '{name}' must start with https:// (http:// for this machine in "
        'the local stage, and with "allow_http": true for a private address).'
    )


def is_private(host: str) -> bool:
    """True for a literal address of loopback or a private range, and for a name that is private.

    Names are not looked up: what they stand for can change after it was checked.
    """
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return _PRIVATE_NAME.match(host) is not None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in _PRIVATE)


def _parts(name: str, url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ConfigurationError(f"The address of provider '{name}' is no address.") from None
    return parts.scheme, parts.hostname or ""


def is_host_of(url: str, domains: tuple[str, ...]) -> bool:
    """True where the address is at one of the domains, or below it."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)
