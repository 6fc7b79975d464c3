"""What ONNX Runtime does beside running networks."""

import json
import subprocess
import sys
from pathlib import Path

from tests.support.paths import MODEL_DIR, subprocess_environment

LOAD = """
import sys
from pathlib import Path
from face_engine.inference.onnx_session import create_session
create_session(Path(sys.argv[1]))
"""


def test_it_reports_nothing_and_keeps_no_device_id(tmp_path: Path) -> None:
    """With telemetry, loading alone leaves a device id and a database in the home folder."""
    subprocess.run(
        [sys.executable, "-c", LOAD, str(MODEL_DIR / "fr_feature.onnx")],
        # Its other switches, CI for one, must not be what turns it off.
        env={"HOME": str(tmp_path)},
        check=True,
    )
    assert list(tmp_path.rglob("*")) == []


RUN_ON_ONE_PROCESSOR = """
import json, os, sys
from pathlib import Path
processor = min(os.sched_getaffinity(0))
os.sched_setaffinity(0, {processor})
import numpy as np
from face_engine.detection.yunet_network import YuNet
yunet = YuNet(Path(sys.argv[1]))
yunet.find(np.zeros((320, 320, 3), np.uint8), 0.5)
masks = [list(os.sched_getaffinity(int(thread))) for thread in os.listdir("/proc/self/task")]
print(json.dumps([processor, masks]))
"""


def test_its_threads_stay_on_the_processors_of_the_process() -> None:
    """Its default pins them to others, too, where a container may not run."""
    done = subprocess.run(
        [sys.executable, "-c", RUN_ON_ONE_PROCESSOR, str(MODEL_DIR / "yunet.onnx")],
        env=subprocess_environment(),
        capture_output=True,
        check=True,
    )
    processor, masks = json.loads(done.stdout)
    assert masks == [[processor]] * len(masks)
