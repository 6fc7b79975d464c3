"""Host names to addresses, within a deadline."""

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

# From the name of a host to the text of its addresses. OSError or ValueError: there are none.
Resolve: TypeAlias = Callable[[str], Sequence[str]]

# Of look-ups at a time, those that hang included.
MAX_LOOKUPS = 64
TOO_SLOW = "The download took too long."


def resolve_host(host: str) -> list[str]:
    """Asks the system for the addresses of a host. It decides what `127.1` means, too.

    Raises:
        OSError: there are none.
        ValueError: this is no name.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


_lookups = threading.BoundedSemaphore(MAX_LOOKUPS)


def look_up(resolve: Resolve, host: str, deadline: Deadline) -> list[IPAddress]:
    """Returns the addresses of a host; none when the answer is that there are none.

    Raises:
        ServiceError: there is no answer in time.
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
            # The system's resolver knows no timeout: a name that hangs keeps a thread for a while.
            threading.Thread(target=ask, name="resolve", daemon=True).start()
            return found.get(timeout=deadline.remaining_s())
    deadline.check()
    raise DownloadFailed(TOO_SLOW)
