"""How much is measured."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Plan:
    """The number of rounds and the sizes of everything.

    Attributes:
        configurations: keys of `trees.CONFIGURATIONS`.
        latency_rounds: by configuration.
        mixed_rounds: of all portraits and groups, by configuration.
        batch_photos: photos of one measurement of throughput, by configuration.
        batch_rounds: by configuration.
        load_rounds: servers of each copy started, to time the load of the model.
        cold_starts: rounds.
        phase_rounds: cold starts of which each phase is timed.
        peer_rounds: by detector; empty to leave the peers out.
        pixels: longer sides of photos.
        faces: faces in a photo.
        clients: concurrent clients.
        growth_rounds: of each of these.
    """

    configurations: tuple[str, ...]
    latency_rounds: dict[str, int]
    mixed_rounds: dict[str, int]
    batch_photos: dict[str, int]
    batch_rounds: dict[str, int]
    load_rounds: int
    cold_starts: int
    phase_rounds: int
    pixels: tuple[int, ...]
    faces: tuple[int, ...]
    clients: tuple[int, ...]
    growth_rounds: int
    peer_rounds: dict[str, int] = field(default_factory=dict)


FULL = Plan(
    configurations=("mobilefacenet", "arcface-yunet", "arcface-retinaface"),
    latency_rounds={"mobilefacenet": 30, "arcface-yunet": 20, "arcface-retinaface": 5},
    mixed_rounds={"mobilefacenet": 5, "arcface-yunet": 5, "arcface-retinaface": 3},
    batch_photos={"mobilefacenet": 24, "arcface-yunet": 16, "arcface-retinaface": 8},
    batch_rounds={"mobilefacenet": 5, "arcface-yunet": 3, "arcface-retinaface": 1},
    load_rounds=5,
    cold_starts=7,
    phase_rounds=5,
    pixels=(320, 640, 1000, 1500, 2048, 3000, 4000),
    faces=(1, 2, 4, 9, 16),
    clients=(1, 2, 4, 8, 16),
    growth_rounds=5,
    peer_rounds={"yunet": 10, "retinaface": 4},
)
QUICK = Plan(
    configurations=("mobilefacenet",),
    latency_rounds={"mobilefacenet": 5},
    mixed_rounds={"mobilefacenet": 1},
    batch_photos={"mobilefacenet": 8},
    batch_rounds={"mobilefacenet": 1},
    load_rounds=1,
    cold_starts=1,
    phase_rounds=1,
    pixels=(320, 1000),
    faces=(1, 4),
    clients=(1, 4),
    growth_rounds=1,
)
