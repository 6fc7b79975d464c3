"""The proof that RetinaFace on regions finds what it finds in the whole image."""

from dataclasses import dataclass

# DeepFace rounds boxes and eyes to whole pixels; nearly all must be the same ones.
MIN_EQUAL_COORDINATES = 0.99
# Cosine distance. Two photos of one person differ by 0.1 and more.
MAX_EMBEDDING_DISTANCE = 1e-3
MIN_SCENES = 10
# The bake tries these, smallest first.
MARGINS_PX = (128, 160, 192, 224, 256)
# The rules by which `choose_regions` chooses what is seen, and the network cuts its features; raise
# it when they change.
RULES = 8


@dataclass(frozen=True, slots=True)
class RegionCertificate:
    """What the bake measured with the real weights.

    Attributes:
        margin_px: what was seen around the middle of each face.
        scenes: how many photos were looked at both ways.
        faces: how many faces RetinaFace found in the whole photos.
        differing_counts: in how many scenes the number of faces differed.
        equal_coordinates: the share of equal coordinates of boxes and eyes, 0 to 1.
        largest_box_difference_px: of any coordinate of a box.
        largest_embedding_distance: cosine distance.
        files: SHA-256 of the files that it holds for, by their names.
        photos: a SHA-256 of the photos.
        rules: see `RULES`.
    """

    margin_px: int
    scenes: int
    faces: int
    differing_counts: int
    equal_coordinates: float
    largest_box_difference_px: float
    largest_embedding_distance: float
    files: dict[str, str]
    photos: str
    rules: int = RULES

    @classmethod
    def read(cls, content: object) -> "RegionCertificate | None":
        """Returns a certificate from JSON, or None if it is not one."""
        if not isinstance(content, dict) or set(content) != set(cls.__slots__):
            return None
        files = content["files"]
        numbers = [content[name] for name in cls.__slots__ if name not in {"files", "photos"}]
        is_valid = (
            content["rules"] == RULES
            and all(type(number) in (int, float) for number in numbers)
            and content["margin_px"] in MARGINS_PX
            and isinstance(files, dict)
        )
        return cls(**content) if is_valid else None

    @property
    def is_earned(self) -> bool:
        """Whether the regions may be used."""
        return (
            self.scenes >= MIN_SCENES
            and self.faces > 0
            and self.differing_counts == 0
            and self.equal_coordinates >= MIN_EQUAL_COORDINATES
            and self.largest_embedding_distance <= MAX_EMBEDDING_DISTANCE
        )
