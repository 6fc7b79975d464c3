"""What ONNX Runtime does beside running networks."""

import subprocess
import sys
from pathlib import Path

from tests.support.paths import MODEL_DIR

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
