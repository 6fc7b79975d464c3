import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from face_contract.environment import EnvironmentSettings


class Some(EnvironmentSettings):
    needed: str = Field(min_length=2)
    count: int = Field(3, ge=1)
    exact: bool = False


# A variable can hold any text but NUL and lone surrogates.
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=2)


@given(needed=TEXTS, count=st.integers(min_value=1), exact=st.sampled_from(["true", "false"]))
def test_each_field_is_the_variable_of_its_name_in_capitals(
    needed: str, count: int, exact: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEEDED", needed)
        patch.setenv("COUNT", str(count))
        patch.setenv("EXACT", exact)
        some = Some.read()
    assert (some.needed, some.count, some.exact) == (needed, count, exact == "true")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEEDED", "ab")
    monkeypatch.setenv("COUNT", "")
    monkeypatch.delenv("EXACT", raising=False)
    assert Some.read() == Some(needed="ab")
    monkeypatch.setenv("NEEDED", "")
    with pytest.raises(ValidationError, match="Field required"):
        Some.read()


@pytest.mark.parametrize(("name", "value"), [("NEEDED", "a"), ("COUNT", "0"), ("EXACT", "2")])
def test_an_invalid_variable_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("NEEDED", "ab")
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as raised:
        Some.read()
    assert [error["loc"] for error in raised.value.errors()] == [(name.lower(),)]


def test_values_given_in_the_program_are_checked_and_do_not_read_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COUNT", "7")
    assert Some(needed="ab").count == 3
    with pytest.raises(ValidationError):
        Some(needed="ab", other=1)  # type: ignore[call-arg]
