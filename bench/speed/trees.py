"""Copies of the project to measure from outside: the present files, and a baseline commit."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CATALOG = Path("layers/engine/face_engine/model/catalog.toml")
LAYERS = ("contract", "service", "engine")
# Variables of the service by the name of a configuration.
CONFIGURATIONS = {
    "mobilefacenet": {"FACE_MODEL": "mobilefacenet"},
    "arcface-yunet": {"FACE_MODEL": "arcface", "DETECTOR": "yunet"},
    "arcface-retinaface": {"FACE_MODEL": "arcface", "DETECTOR": "retinaface"},
}
# Prints the folder of ArcFace's test weights; makes them first, which takes minutes, if they are
# not there. They are the real networks with seeded weights: the time does not depend on the values.
BAKE = "from tests.support.baked import bake_model; print(bake_model().folder)"

# Variables for speed that this project sets in its own processes, of which the bench is one.
SET_FOR_SPEED = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy of the project.

    Attributes:
        name: "present" or "baseline".
        commit: its commit; "+" follows if files differ from it.
        folder: where it is.
        model_dir: MobileFaceNet's weights, converted by its own code.
        arcface_dir: ArcFace's; None if it is not measured.

    Nobody may write its weights, as in an image: so the service trusts them and does not hash them.
    """

    name: str
    commit: str
    folder: Path
    model_dir: Path
    arcface_dir: Path | None

    @property
    def python_path(self) -> str:
        """The folders of its packages, before those of this checkout."""
        return _python_path(self.folder)

    def variables(self, configuration: str) -> dict[str, str]:
        """Returns the service's variables for a key of `CONFIGURATIONS`."""
        chosen = CONFIGURATIONS[configuration]
        is_arcface = chosen["FACE_MODEL"] == "arcface"
        weights = self.arcface_dir if is_arcface else self.model_dir
        return {**chosen, "MODEL_DIR": str(weights)}

    def environment(self, configuration: str) -> dict[str, str]:
        """Returns all variables for a process of the service."""
        return {
            **_environment(self.folder),
            **self.variables(configuration),
            "LOG_LEVEL": "WARNING",
            # Eight RetinaFace photos at a time on a busy machine take longer than 25 s.
            "REQUEST_BUDGET_S": "300",
        }


@contextmanager
def check_out(baseline: str | None, *, with_arcface: bool) -> Iterator[list[Tree]]:
    """Copies the present files and, if given, a baseline commit; removes the copies at the end.

    Both run in this interpreter's virtual environment.

    Raises:
        subprocess.CalledProcessError: there is no such commit, or weights could not be made.
    """
    with tempfile.TemporaryDirectory(prefix="speed-") as temporary:
        present = Path(temporary) / "present"
        _copy_present(present)
        is_changed = bool(_git("status", "--porcelain"))
        commit = _git("rev-parse", "HEAD") + ("+" if is_changed else "")
        trees = [_prepare("present", commit, present, with_arcface=with_arcface)]
        if baseline is None:
            yield trees
            return
        old = Path(temporary) / "baseline"
        commit = _git("rev-parse", f"{baseline}^{{commit}}")
        _git("worktree", "add", "--detach", str(old), commit)
        try:
            yield [*trees, _prepare("baseline", commit, old, with_arcface=with_arcface)]
        finally:
            _git("worktree", "remove", "--force", str(old))


def _copy_present(folder: Path) -> None:
    listed = _git("ls-files", "--cached", "--others", "--exclude-standard", "-z")
    for name in filter(None, listed.split("\0")):
        # A deleted file is still listed until the deletion is committed.
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)


def _prepare(name: str, commit: str, folder: Path, *, with_arcface: bool) -> Tree:
    (folder / "tests" / "photos").symlink_to(ROOT / "tests" / "photos")
    # Copied, because each may convert them in its own way. A file that only the baseline needs is
    # fetched.
    model_dir = folder / "models"
    others = shutil.ignore_patterns("manifest.json", "arcface*", "retinaface*")
    shutil.copytree(os.environ.get("MODEL_DIR", "models"), model_dir, ignore=others)
    mobilefacenet = ("--model", "mobilefacenet", "--into", str(model_dir))
    _run(folder, "-m", "model_build.fetch", *mobilefacenet)
    _run(folder, "-m", "model_build.bake", *mobilefacenet, "--sources", str(model_dir))
    arcface_dir = _bake(name, folder) if with_arcface else None
    for weights in filter(None, (model_dir, arcface_dir)):
        _make_read_only(weights)
    # Compiled as in an image, so that the first run is no slower.
    _run(folder, "-m", "compileall", "-q", "functions", "layers")
    return Tree(name, commit, folder, model_dir, arcface_dir)


def _bake(name: str, folder: Path) -> Path:
    # The present weights are those of the tests; a baseline's are kept elsewhere, because the tests
    # delete weights that other code made.
    kept = ROOT / ("tests/weights" if name == "present" else ".cache/speed-weights")
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "tests" / "weights").symlink_to(kept)
    (folder / ".venv-bake").symlink_to(bake_python().parents[1])
    baked = Path(_run(folder, "-c", BAKE).split()[-1]).resolve()
    # Has the hashes of these weights.
    shutil.copy(baked / "catalog.toml", folder / CATALOG)
    return Path(shutil.copytree(baked, folder / "arcface"))


def _make_read_only(folder: Path) -> None:
    for path in (*folder.rglob("*"), folder):
        path.chmod(0o555 if path.is_dir() else 0o444)


def respect_permissions() -> tuple[str, ...]:
    """Returns the start of a command whose process may not write read-only files, even as root."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--")


def bake_python() -> Path:
    """Returns the interpreter that has TensorFlow."""
    return Path(os.environ.get("BAKE_VENV", ROOT / ".venv-bake")).absolute() / "bin" / "python"


def _run(folder: Path, *arguments: str) -> str:
    """Runs this interpreter in a copy; returns what it prints.

    Raises:
        subprocess.CalledProcessError: it failed; a note has its output.
    """
    command = [sys.executable, *arguments]
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env=_environment(folder),
            capture_output=True,
            text=True,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        error.add_note(error.stderr)
        raise
    return done.stdout


def _environment(folder: Path) -> dict[str, str]:
    return {**inherited_environment(), "PYTHONPATH": _python_path(folder)}


def inherited_environment() -> dict[str, str]:
    """Returns this process's variables without `SET_FOR_SPEED`, for peers and a baseline."""
    return {name: value for name, value in os.environ.items() if name not in SET_FOR_SPEED}


def _python_path(folder: Path) -> str:
    return os.pathsep.join(map(str, (folder, *(folder / "layers" / name for name in LAYERS))))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout.strip()
