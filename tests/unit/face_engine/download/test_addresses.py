"""Which addresses are public: one or more of each block of the IANA registries, and neighbours."""

from ipaddress import ip_address

import pytest

from face_engine.download.addresses import is_public

# Many lie just outside of a block that is not.
PUBLIC = """
1.0.0.0 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0
169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255
192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 8.8.8.8 93.184.216.34
2001:200:: 2001:db7:ffff::1 2001:db9:: 2003:: 2001:4860:4860::8888 2000:: 3fff:1000::
3ffe:ffff:: 2600:1f18::1 2a00:1450::1 2606:4700::1111
"""

NOT_PUBLIC = {
    "this network": ["0.0.0.0", "0.255.255.255"],
    "private": ["10.0.0.0", "10.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.0.0"],
    "carrier-grade NAT": ["100.64.0.0", "100.127.255.255", "100.100.100.200"],
    "loopback": ["127.0.0.0", "127.0.0.1", "127.255.255.255", "::1"],
    "link-local and metadata": ["169.254.0.0", "169.254.169.254", "169.254.170.2", "fe80::1"],
    "Azure's platform": ["168.63.129.16"],
    "protocol assignments": ["192.0.0.1", "192.0.0.9", "192.0.0.170", "2001::", "2001:1ff::1"],
    "documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff:fff::1"],
    "AS112 and AMT": ["192.31.196.1", "192.52.193.1", "192.175.48.1", "2001:3::1", "2001:4:112::1"],
    "AS112 again": ["2620:4f:8000::1", "2620:4f:8000:ffff::1"],
    "6to4": ["192.88.99.1", "2002::", "2002:7f00:1::", "2002:808:808::1"],
    "benchmarks": ["198.18.0.0", "198.19.255.255", "2001:2::1"],
    "multicast": ["224.0.0.1", "239.255.255.255", "ff02::1", "ff0e::1"],
    "reserved": ["240.0.0.0", "255.255.255.255", "4000::1", "1fff:ffff::1", "8000::"],
    "unspecified": ["::"],
    "IPv4-compatible": ["::127.0.0.1", "::8.8.8.8"],
    "IPv4-mapped": ["::ffff:127.0.0.1", "::ffff:8.8.8.8"],
    "IPv4-translated": ["::ffff:0:127.0.0.1"],
    "NAT64": ["64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::7f00:1"],
    "Teredo": ["2001:0:4136:e378:8000:63bf:3fff:fdd2"],
    "ORCHID": ["2001:10::1", "2001:20::1", "2001:30::1"],
    "discard-only, dummy": ["100::1", "100:0:0:1::1"],
    "segment routing": ["5f00::1"],
    "unique local and metadata": ["fc00::1", "fd00::1", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "scoped": ["fe80::1%eth0", "2001:4860:4860::8888%1", "::1%lo"],
}


@pytest.mark.parametrize("address", PUBLIC.split())
def test_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", [address for addresses in NOT_PUBLIC.values() for address in addresses]
)
def test_not_public(address: str) -> None:
    assert not is_public(ip_address(address))
