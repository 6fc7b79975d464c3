from pathlib import Path

import pytest

from tools.build_images import find_builder


@pytest.mark.parametrize(
    ("programs", "expected"),
    [
        ({"docker": 0, "buildah": 0}, "docker"),
        # The client is there, and no engine answers.
        ({"docker": 1, "buildah": 0}, "buildah"),
        ({"docker": 1}, None),
        ({"buildah": 0}, "buildah"),
        ({}, None),
    ],
)
def test_the_builder_is_one_that_works(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    programs: dict[str, int],
    expected: str | None,
) -> None:
    for name, status in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_builder() == expected
