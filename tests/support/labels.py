"""Hand-made labels of the test photos: people, eyes, number of faces."""

from typing import NamedTuple


class Portrait(NamedTuple):
    file: str
    person: str
    # The person's right and left pupil, x and y in pixels, marked by hand in the upright photo.
    right_eye: tuple[int, int]
    left_eye: tuple[int, int]


PORTRAITS = (
    Portrait("person_a_1.jpg", "a", (87, 88), (119, 88)),
    Portrait("person_a_2.jpg", "a", (283, 322), (412, 316)),
    Portrait("person_b_1.jpg", "b", (290, 313), (422, 305)),
    Portrait("person_b_2.jpg", "b", (283, 285), (413, 274)),
    Portrait("impostor_1.jpg", "c", (290, 290), (403, 283)),
    Portrait("impostor_2.jpg", "d", (313, 323), (451, 313)),
)

# Counted by eye.
GROUP_FACES = {
    "sample1.jpg": 3,
    "sample2.jpg": 3,
    "sample3.jpg": 3,
    "sample4.jpg": 4,
    "sample5.jpg": 5,
    "sample6.jpg": 4,
}
