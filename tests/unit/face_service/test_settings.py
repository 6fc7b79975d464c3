import re

import pytest

from face_engine.model.catalog import read_catalog
from face_service.settings import InvalidSetting, Settings, read_settings
from tests.support.paths import ROOT


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_defaults_are_the_contracts() -> None:
    settings = read_settings()
    assert (settings.host, settings.port, settings.reload) == ("0.0.0.0", 8001, False)
    assert settings.cors_origins == ("*",)
    assert settings.max_body_bytes == 15_728_640
    assert settings.max_image_bytes == 10_485_760
    assert settings.max_image_pixels == 64_000_000
    assert settings.embed_without_face is True


def test_variables_have_no_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9000")
    monkeypatch.setenv("CORS_ORIGINS", "https://a.example, https://b.example")
    monkeypatch.setenv("LOG_LEVEL", "debug")
    monkeypatch.setenv("EMBED_WITHOUT_FACE", "false")
    settings = read_settings()
    assert settings.port == 9000
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.log_level == "DEBUG"
    assert settings.embed_without_face is False


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert read_settings().port == 8001


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "many"),
        ("PORT", "65536"),
        ("RELOAD", "perhaps"),
        ("LOG_LEVEL", "LOUD"),
        ("FACE_MODEL", "facenet"),
        ("DETECTOR", "mtcnn"),
        ("ALIGNMENT", "none"),
        ("MAX_BODY_BYTES", "0"),
        ("MAX_IMAGE_BYTES", "-1"),
        ("MAX_IMAGE_PIXELS", "1.5"),
        ("DOWNLOAD_TIMEOUT_S", "0"),
        ("EMBED_WITHOUT_FACE", "2"),
        ("ENABLE_DOCS", "2"),
        ("LEGACY_URL", "http://old-service/"),
        ("LEGACY_URL", "http://old-service:99999"),
    ],
)
def test_a_bad_value_is_one_sentence_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSetting) as caught:
        read_settings(read_catalog().choices)
    assert f"{name}: " in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_choice_names_what_may_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DETECTOR", "mtcnn")
    assert read_settings().detector == "mtcnn"
    with pytest.raises(InvalidSetting, match="DETECTOR: Input should be 'a' or 'b'"):
        read_settings({"detector": ("a", "b")})


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_settings().port = 1  # type: ignore[misc]


def test_a_document_lists_every_variable_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| `([^`]*)` \|", text, re.MULTILINE)
    expected = {}
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, tuple):
            default = ",".join(default)
        if isinstance(default, bool):
            default = str(default).lower()
        expected[name.upper()] = str(default)
    assert dict(rows) == expected


def test_nothing_else_reads_the_environment() -> None:
    readers = [
        path.relative_to(ROOT).as_posix()
        for folder in ("functions", "layers", "model_build")
        for path in (ROOT / folder).rglob("*.py")
        if re.search(r"\benviron\b|\bgetenv\b", path.read_text())
    ]
    # The first reads all settings. Two hand the whole environment on to the programs that they
    # start, and three set variables for libraries. Only the conversion reads one, KEEP_ONNX.
    assert sorted(readers) == [
        "layers/contract/face_contract/__init__.py",
        "layers/contract/face_contract/environment.py",
        "layers/engine/face_engine/inference/native_libraries.py",
        "model_build/certify.py",
        "model_build/conversion.py",
        "model_build/fetch.py",
    ]
