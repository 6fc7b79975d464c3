"""What the workflow passes between its two functions, and the lines of a result.

The key of a photo may be personal data, so validation errors do not quote their input.
"""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from face_contract.scan_schemas import FaceQuality
from face_contract.schemas import FacialArea

MAX_KEY_CHARS = 1024

Key: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_KEY_CHARS)]
Count: TypeAlias = Annotated[int, Field(ge=0)]
RunName: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")]


class Value(BaseModel):
    """A frozen value whose validation errors do not quote it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, extra="forbid")


class Batch(Value):
    """Photos for one invocation. Equal batches have equal results under equal names."""

    run: RunName
    index: Count
    keys: list[Key] = Field(min_length=1)


class Counts(Value):
    """What became of the photos of batches."""

    batches: Count = 0
    photos: Count = 0
    faces: Count = 0
    without_face: Count = 0
    failed: Count = 0

    def plus(self, other: "Counts") -> "Counts":
        """Returns the sums."""
        ours, theirs = self.model_dump(), other.model_dump()
        return Counts(**{name: ours[name] + theirs[name] for name in ours})


class Progress(Value):
    """The state of the workflow: what to embed, and how far it is.

    Attributes:
        prefix: of the photos' keys. Ignored with a manifest.
        manifest: key of a list of photos in the results bucket; see `functions.bulk.sources`.
        run: name of the run's folder. By default it follows from the source, so that a second run
            overwrites the results of the first.
        listed_photos, listed_batches: how many are in batches so far.
        last_key: where to go on with a prefix.
        outcomes: what the batches of the last round returned; nothing of use for a failed one.
        done: counts of all batches that succeeded.
        batches_key: where the batches of the next round are, in the results bucket.
        is_complete: no photo is left to list.
    """

    prefix: str = Field("", max_length=MAX_KEY_CHARS)
    manifest: Key | None = None
    run: RunName | None = None
    listed_photos: Count = 0
    listed_batches: Count = 0
    last_key: str = ""
    outcomes: list[Any] = []
    done: Counts = Counts()
    batches_key: str = ""
    is_complete: bool = False


class Summary(Value):
    """What a finished run left in its folder."""

    batches: Count
    photos: Count
    done: Counts


class FaceLine(Value):
    """A face; the faces of a photo are numbered from 0, the largest first."""

    outcome: Literal["face"] = "face"
    key: str
    index: Count
    face_count: int = Field(ge=1, description="How many faces were found in the photo.")
    model: str | None
    box: FacialArea
    confidence: float
    quality: FaceQuality
    warnings: list[str]
    embedding: str = Field(description="Base64 of 512 little-endian float32 numbers.", repr=False)


class NoFaceLine(Value):
    """A photo in which no face was found."""

    outcome: Literal["no_face"] = "no_face"
    key: str
    model: str | None
    warnings: list[str]


class ErrorLine(Value):
    """A photo that could not be read; the code is one of the service's."""

    outcome: Literal["error"] = "error"
    key: str
    code: str


Line: TypeAlias = Annotated[FaceLine | NoFaceLine | ErrorLine, Field(discriminator="outcome")]
