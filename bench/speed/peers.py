"""The peers: DeepFace on TensorFlow and on onnx, and the shape of the service that ours replaces.

Each runs in a process of its own, all at the same time but one after the other in each round.
Ours is measured from JSON to JSON over HTTP; the peers without any HTTP, in their favour.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.speed.photos import PHOTO_DIR, PORTRAIT, read_portrait
from bench.speed.plan import Plan
from bench.speed.rounds import Results, alternate, ratio, summarise_all
from bench.speed.servers import Client, make_body, serve
from bench.speed.trees import Tree, bake_python, inherited_environment
from tools.process_memory import peak_mb, resident_mb

# How `bench.speed.peer` is called, by the name of the peer: its engine and what it does.
PEERS = {
    "deepface-tensorflow": ("tensorflow", "represent"),
    "deepface-onnx": ("onnx", "represent"),
    "original-shape": ("tensorflow", "original"),
}
OURS = "ours"
# The names under which DeepFace looks for weights.
LINKS = {
    "arcface_weights.h5": "arcface_weights.h5",
    "retinaface.h5": "retinaface.h5",
    "arcface_weights.onnx": "arcface_weights.onnx",
    "retinaface.onnx": "retinaface.onnx",
    "face_detection_yunet_2023mar_int8bq.onnx": "face_detection_yunet_2023mar.onnx",
}


def measure_peers(tree: Tree, plan: Plan) -> Results:
    """Measures ArcFace with each detector: milliseconds for a photo, memory, time to load."""
    return {
        detector: _measure(detector, tree, rounds) for detector, rounds in plan.peer_rounds.items()
    }


def _measure(detector: str, tree: Tree, rounds: int) -> Results:
    weights = tree.arcface_dir
    if weights is None:
        raise ValueError("the peers need ArcFace's weights")
    body = make_body(read_portrait())
    with ExitStack() as stack:
        peers = {
            name: stack.enter_context(_run_peer(engine, kind, detector, weights))
            for name, (engine, kind) in PEERS.items()
        }
        server = stack.enter_context(serve(tree, f"arcface-{detector}"))
        client = Client(server)
        loaded_mb = {
            **{name: resident_mb(peer.process.pid) for name, peer in peers.items()},
            OURS: server.resident_mb(),
        }
        first_ms = {
            **{name: peer.run_ms() for name, peer in peers.items()},
            OURS: client.extract_ms(body),
        }
        samples = alternate(
            {
                **{name: peer.run_ms for name, peer in peers.items()},
                OURS: lambda: client.extract_ms(body),
            },
            rounds,
        )
        peaks_mb = {
            **{name: peak_mb(peer.process.pid) for name, peer in peers.items()},
            OURS: server.peak_mb(),
        }
        return {
            "milliseconds": summarise_all(samples),
            "ours_to_peer": {name: ratio(samples, OURS, name) for name in PEERS},
            "first_ms": first_ms,
            "load_s": {
                **{name: peer.load_s for name, peer in peers.items()},
                OURS: server.seconds_to_first_answer,
            },
            "loaded_mb": loaded_mb,
            "peak_mb": peaks_mb,
        }


class Peer:
    """A process that embeds the portrait each time it is asked.

    Attributes:
        load_s: from the start of the process until its networks were loaded, imports included.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.load_s: float = self._read()

    def run_ms(self) -> float:
        """Lets it embed the photo; returns the milliseconds that it took."""
        if self.process.stdin is None:
            raise ValueError("the process has no input")
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._read()

    def _read(self) -> float:
        # TensorFlow and DeepFace may print other lines.
        for line in self.process.stdout or ():
            if line.startswith("{"):
                value: float = json.loads(line)["value"]
                return value
        raise RuntimeError("the peer ended")


@contextmanager
def _run_peer(engine: str, kind: str, detector: str, weights: Path) -> Iterator[Peer]:
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / ".deepface" / "weights"
        folder.mkdir(parents=True)
        for file, name in LINKS.items():
            if (weights / file).exists():
                (folder / name).symlink_to((weights / file).resolve())
        process = subprocess.Popen(  # noqa: S603
            [
                bake_python() if engine == "tensorflow" else sys.executable,
                *("-m", "bench.speed.peer", kind, detector, PHOTO_DIR / PORTRAIT),
            ],
            env={
                **inherited_environment(),
                "DEEPFACE_HOME": home,
                "DEEPFACE_BACKEND_ENGINE": engine,
                "TF_USE_LEGACY_KERAS": "1",
                "TF_CPP_MIN_LOG_LEVEL": "3",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield Peer(process)
        finally:
            process.kill()
            process.communicate()
