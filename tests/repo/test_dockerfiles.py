import re

from face_contract import __version__
from face_engine.model.catalog import read_catalog
from tests.support.paths import ROOT


def test_the_labels_of_every_model_are_the_catalogues() -> None:
    dockerfile = (ROOT / "functions/extract/Dockerfile").read_text("utf-8")
    for key, entry in read_catalog().models.items():
        stage = dockerfile.partition(f"AS function-{key}\n")[2].partition("\nFROM")[0]
        told = dict(re.findall(r'face\.weights\.(\S+)="sha256:([0-9a-f]{64})"', stage))
        assert told == {artifact.file: artifact.sha256 for artifact in entry.artifacts}


def test_the_version_is_the_projects() -> None:
    for function in ("extract", "compare"):
        dockerfile = (ROOT / f"functions/{function}/Dockerfile").read_text("utf-8")
        assert f"ARG VERSION={__version__}\n" in dockerfile


def test_only_the_local_server_gets_the_playground() -> None:
    """It lies in functions/local. What a stage copies from another names that stage."""
    for function in ("extract", "compare"):
        dockerfile = (ROOT / f"functions/{function}/Dockerfile").read_text("utf-8")
        stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)
        copied = re.compile(r"^COPY (?:functions |functions/local|\. )", re.MULTILINE)
        with_it = {
            stage.partition("\n")[0].partition(" AS ")[2]
            for stage in stages
            if copied.search(stage)
        }
        assert with_it == ({"server"} if function == "extract" else set())
        users = [stage for stage in stages if "--from=server" in stage]
        assert all(" AS local\n" in stage for stage in users)
