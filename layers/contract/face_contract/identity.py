"""Model identities: the weights, detector and alignment behind an embedding."""

from face_contract.errors import ModelMismatch

# weights/detector/alignment, such as mobilefacenet-87aacdfe/yunet/similarity. Refused identities
# are repeated in the error's details, so nothing else may be in them.
IDENTITY_PATTERN = r"^[A-Za-z0-9._-]{1,80}(/[A-Za-z0-9._-]{1,80}){2}$"


def check_comparable(model1: str, model2: str) -> None:
    """Checks that the embeddings of two models can be compared.

    They can if weights and alignment are equal. The detector may differ: it only chooses which
    face is embedded.

    Args:
        model1: matches `IDENTITY_PATTERN`.
        model2: the same.

    Raises:
        ModelMismatch: they cannot.
    """
    weights1, _, alignment1 = model1.split("/")
    weights2, _, alignment2 = model2.split("/")
    if (weights1, alignment1) != (weights2, alignment2):
        raise ModelMismatch(model1, model2)
