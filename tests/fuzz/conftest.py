"""How much is tried: `short` in every run and always the same, `long` by `make fuzz` and random."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.loopback_network import Network

# Each answer's time is measured by the tests; that of an example is mostly the machine's.
COMMON = settings(
    deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
settings.register_profile("short", COMMON, derandomize=True, database=None, max_examples=40)
settings.register_profile("long", COMMON, print_blob=True, max_examples=500)
# `--hypothesis-profile` is read later, and wins.
settings.load_profile("short")


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[Network]:
    """Nothing here leaves this machine, whatever an example says."""
    with pytest.MonkeyPatch.context() as patch:
        network = Network()
        network.install(patch)
        yield network
