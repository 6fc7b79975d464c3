import re
from collections.abc import Iterator

from face_contract import errors
from face_contract.errors import GATEWAY_ERRORS, ErrorCode, ServiceError
from tests.support.paths import ROOT


def tree(root: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    for error in root.__subclasses__():
        yield error
        yield from tree(error)


def test_every_code_is_used_once() -> None:
    used = [error.code for error in tree()] + [error.code for error in GATEWAY_ERRORS]
    assert sorted(used) == sorted(ErrorCode)


def test_every_message_is_a_sentence() -> None:
    for message in [e.message for e in tree()] + [e.message for e in GATEWAY_ERRORS]:
        assert re.fullmatch(r"[A-Z`].*\.", message)


def test_the_docstring_draws_the_tree() -> None:
    drawn = re.findall(r"── (\w+) +(\d+)  (\w+)", errors.__doc__ or "")
    assert sorted(drawn) == sorted((e.__name__, str(int(e.status)), e.code.value) for e in tree())


def test_readme_lists_every_code_with_its_status() -> None:
    readme = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| (\d{3}) \| `([A-Z_]+)` \|", readme, re.MULTILINE)
    expected = {(str(int(e.status)), e.code.value) for e in tree()}
    expected |= {(str(int(e.status)), e.code.value) for e in GATEWAY_ERRORS}
    assert set(rows) == expected
    assert len(rows) == len(expected)


def test_every_error_is_raised_somewhere() -> None:
    source = "".join(
        path.read_text()
        for folder in ("functions", "layers")
        for path in (ROOT / folder).rglob("*.py")
        if path.name not in {"errors.py", "openapi.py"}
    )
    for error in tree():
        used = rf"(raise\s+|(envelope|answer_error)\(\s*){error.__name__}\b"
        assert re.search(used, source), error
