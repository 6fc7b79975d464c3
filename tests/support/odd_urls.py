"""URLs in every notation, most of which must be refused."""

from ipaddress import IPv4Address

from hypothesis import strategies as st
from hypothesis.provisional import domains

SCHEMES = st.one_of(
    st.sampled_from(["http://", "https://", "HTTP://"]),
    st.sampled_from(
        ["", "//", "http:", "http:/", "http:///", "http:\\\\", "http\t://", " http://"]
    ),
    st.sampled_from(["ftp://", "file://", "gopher://", "data:", "jar:http://", "http://http://"]),
)
INSIDE = ["127.0.0.1", "10.0.0.7", "169.254.169.254", "192.168.1.1", "0.0.0.0", "255.255.255.255"]


def spell(text: str) -> st.SearchStrategy[str]:
    """Returns an IPv4 address in the notations that systems accept, also inside IPv6 addresses."""
    number = int(IPv4Address(text))
    a, b, c, d = text.split(".")
    high, low = f"{number >> 16:x}", f"{number & 0xFFFF:x}"
    return st.one_of(
        st.sampled_from([text, str(number), hex(number), f"0{number:o}", f"{text}."]),
        st.sampled_from([f"{a}.{number & 0xFFFFFF}", f"{a}.{b}.{int(c) * 256 + int(d)}"]),
        st.sampled_from([f"0{int(a):o}.{b}.{c}.{d}", f"{a}。{b}。{c}。{d}"]),
        st.sampled_from([f"[::{text}]", f"[::ffff:{text}]", f"[::ffff:0:{text}]"]),
        st.sampled_from([f"[64:ff9b::{text}]", f"[2002:{high}:{low}::]"]),
        st.sampled_from([f"[::ffff:{high}:{low}%25lo]", f"{text}.nip.io", f"x.{text}"]),
    )


HOSTS = st.one_of(
    st.one_of(st.sampled_from(INSIDE), st.ip_addresses(v=4).map(str)).flatmap(spell),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]"),
    domains(),
    st.text("abc-_.0٠。ⓐß\u200d%", max_size=12),
    st.sampled_from(["localhost", "LOCALHOST.", "[::1]", "[::]", "[fe80::1%lo]", "[", "x" * 300]),
)
PORTS = st.sampled_from(["", "", ":80", ":443", ":", ":0", ":22", ":65536", ":-1", ":８０", ":1e2"])
USERS = st.sampled_from(["", "", "", "user@", "user:password@", "8.8.8.8@", "@", "8.8.8.8#@"])
PATHS = st.one_of(
    st.sampled_from(
        ["", "/", "/a.jpg?b=c#d", "?x", "#x", "/../..", "\\x", "/%00", "/" + "x" * 9000]
    ),
    st.text(max_size=10).map("/".__add__),
)
URLS = st.one_of(st.builds("{}{}{}{}{}".format, SCHEMES, USERS, HOSTS, PORTS, PATHS), st.text())
# URLs that pass the syntax checks, so that their host is resolved.
WELL_FORMED = st.builds("http://{}/{}".format, HOSTS, st.text("ab?=&", max_size=5))
