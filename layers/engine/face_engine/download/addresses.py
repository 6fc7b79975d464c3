"""Which IP addresses are public, so that a client's URL may lead there.

`ipaddress.is_global` is not reliable for this: it accepts NAT64 (64:ff9b::/96), `::127.0.0.1` and
multicast, and its answers differ between versions of Python.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import TypeAlias

IPAddress: TypeAlias = IPv4Address | IPv6Address

# All of the IANA IPv4 Special-Purpose Address Registry (RFC 6890): the few blocks that it calls
# globally reachable (anycast of AS112 and AMT) serve no photos either. Added: multicast, and one
# address that is in no registry.
NOT_PUBLIC_IPV4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # Azure's platform, seen by its virtual machines only
            "169.254.0.0/16",  # link-local: metadata services, Lambda's own
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments
            "192.0.2.0/24",  # documentation
            "192.31.196.0/24",  # AS112
            "192.52.193.0/24",  # AMT
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "192.175.48.0/24",  # AS112
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
        ),
    )
)

# The block that IANA allocates global unicast addresses from (RFC 4291). Loopback, mapped and
# compatible IPv4,
# NAT64, unique local, link-local, site-local, multicast and 5f00::/16 are outside of it.
GLOBAL_UNICAST_IPV6 = IPv6Network("2000::/3")

# The blocks of the IANA IPv6 Special-Purpose Address Registry inside of it.
NOT_PUBLIC_IPV6 = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks, AMT, AS112
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4: holds an IPv4 address
            "2620:4f:8000::/48",  # AS112
            "3fff::/20",  # documentation
        ),
    )
)


def is_public(address: IPAddress) -> bool:
    """Whether an address is on the public internet; always False with a scope ID."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_IPV4)
    return (
        address.scope_id is None
        and address in GLOBAL_UNICAST_IPV6
        and not any(address in network for network in NOT_PUBLIC_IPV6)
    )
