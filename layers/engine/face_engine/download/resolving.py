"""Resolves host names to addresses, within a deadline."""

import queue
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import TypeAlias

from face_contract.deadline import Deadline
from face_contract.errors import DownloadFailed
from face_engine.download.addresses import IPAddress

# Maps a host name to the text of its addresses. Raises OSError or ValueError if it has none.
Resolve: TypeAlias = Callable[[str], Sequence[str]]

# Look-ups at the same time, including those that hang.
MAX_LOOKUPS = 64
TOO_SLOW = "The download took too long."


def resolve_host(host: str) -> list[str]:
    """Resolves a host name with the system's resolver, which also interprets names like `127.1`.

    Raises:
        OSError: the name has no address.
        ValueError: the name is not valid.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


_lookups = threading.BoundedSemaphore(MAX_LOOKUPS)


def look_up(resolve: Resolve, host: str, deadline: Deadline) -> list[IPAddress]:
    """Returns the addresses of a host; an empty list if it has none.

    Raises:
        ServiceError: the look-up did not finish in time.
    """
    found: queue.SimpleQueue[list[IPAddress]] = queue.SimpleQueue()

    def ask() -> None:
        try:
            found.put([ip_address(text) for text in dict.fromkeys(resolve(host))])
        except (OSError, ValueError):
            found.put([])
        finally:
            _lookups.release()

    with suppress(queue.Empty):
        if _lookups.acquire(timeout=deadline.remaining_s()):
            # The system's resolver has no timeout: a look-up that hangs keeps its thread for a
            # while.
            threading.Thread(target=ask, name="resolve", daemon=True).start()
            return found.get(timeout=deadline.remaining_s())
    deadline.check()
    raise DownloadFailed(TOO_SLOW)
