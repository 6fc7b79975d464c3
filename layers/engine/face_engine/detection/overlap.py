"""Decides which detections are of the same face."""

from face_engine.faces import Face

# YuNet's own suppression has the same limit (opencv_zoo). Overlap relative to the smaller box
# would merge a face on a card, a phone or a poster with the larger face behind it.
MAX_IOU = 0.3


def intersection_over_union(a: Face, b: Face) -> float:
    """Returns the shared area of two boxes divided by the area of their union, 0 to 1."""
    width = min(a.right, b.right) - max(a.left, b.left)
    height = min(a.bottom, b.bottom) - max(a.top, b.top)
    shared = max(width, 0) * max(height, 0)
    return shared / (a.area + b.area - shared)


def is_same_face(a: Face, b: Face) -> bool:
    """Whether two detections are of one face."""
    return intersection_over_union(a, b) > MAX_IOU


def merge_detections(faces: list[Face], others: list[Face], preference: float = 0) -> list[Face]:
    """Merges two detections of one image; returns the faces, best score first, without duplicates.

    Args:
        faces: found by the first detection.
        others: found by the second.
        preference: how much higher the score of a face in `others` must be to replace the same face
            in `faces`.
    """

    def rank(candidate: tuple[Face, float]) -> float:
        return candidate[0].score + candidate[1]

    candidates = [(face, preference) for face in faces] + [(face, 0.0) for face in others]
    kept: list[Face] = []
    for face, _ in sorted(candidates, key=rank, reverse=True):
        if not any(is_same_face(face, better) for better in kept):
            kept.append(face)
    return sorted(kept, key=lambda face: face.score, reverse=True)


def group_detections(faces: list[Face]) -> list[list[Face]]:
    """Groups the detections of an image by face; best score first in each group."""
    groups: list[list[Face]] = []
    for face in sorted(faces, key=lambda face: face.score, reverse=True):
        for group in groups:
            if is_same_face(face, group[0]):
                group.append(face)
                break
        else:
            groups.append([face])
    return groups
