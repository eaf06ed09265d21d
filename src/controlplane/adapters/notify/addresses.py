"""Which addresses a webhook may reach: never this network, unless the operator lets it."""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from controlplane.config.addresses import is_private
from controlplane.errors import Undelivered

Address = IPv4Address | IPv6Address

# The metadata of a cloud machine: AWS's own address for it stands in a private range.
_METADATA = ip_address("fd00:ec2::254")
# An IPv4 address in IPv6's clothes; https://www.rfc-editor.org/rfc/rfc6052
_NAT64 = ip_network("64:ff9b::/96")


async def checked_address(host: str, port: int, *, allow_private: bool) -> str:
    """One address of `host`, after all of them were looked at. Raises Undelivered.

    The caller connects to this very address: a name that means another one a moment later (DNS
    rebinding) gains nothing.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Undelivered("its name is not known") from None
    addresses = [str(row[4][0]) for row in found]
    if not addresses or not all(
        is_allowed(each, allow_private=allow_private) for each in addresses
    ):
        raise Undelivered("its address is not a public one")
    return addresses[0]


def is_allowed(text: str, *, allow_private: bool) -> bool:
    """True for a public address; with `allow_private` for loopback and private ranges as well, and
    never for link-local ones."""
    try:
        address: Address = ip_address(text.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        if address == _METADATA or address.sixtofour or address.teredo:
            return False
        if address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        elif address in _NAT64:
            address = IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_global or (allow_private and is_private(str(address)))


def is_literal_refused(host: str, *, allow_private: bool) -> bool:
    """True for a literal address that may not be reached; what a name means shows only later."""
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return not is_allowed(host, allow_private=allow_private)
