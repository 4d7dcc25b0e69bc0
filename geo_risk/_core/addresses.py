"""Tell public from internal IP addresses."""

from __future__ import annotations

import functools
import ipaddress
from typing import Any

__all__ = ["is_public"]

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@functools.cache
def is_public(address: str) -> bool:
    """Whether an IP address belongs to one host on the public network.

    False for loopback, private, shared, link-local, multicast, unspecified and reserved addresses,
    and for IPv6 addresses that contain such an IPv4 address (mapped, compatible, 6to4, Teredo,
    NAT64).
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner: list[Any] = [ip]
    if isinstance(ip, ipaddress.IPv6Address):
        teredo = ip.teredo or (None, None)
        last = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        held = ip in _NAT64 or int(ip) >> 32 == 0
        inner = [ip.ipv4_mapped, ip.sixtofour, *teredo, last if held else None]
        inner = [found for found in inner if found is not None] or [ip]
        if ip.is_site_local:
            return False
    return all(found.is_global and not found.is_multicast and not found.is_reserved
               for found in inner)  # fmt: skip
