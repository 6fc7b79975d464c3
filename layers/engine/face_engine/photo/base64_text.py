"""Decodes the base64 text of an image file."""

import base64
import binascii

from face_contract.errors import InvalidImage, PayloadTooLarge

MAX_PREFIX_CHARS = 200
_WHITE_SPACE = b" \t\r\n\v\f"
_URL_SAFE_TO_STANDARD = bytes.maketrans(b"-_", b"+/")


def decode_base64(text: str, max_bytes: int) -> bytes:
    """Decodes base64 text.

    Accepts a `data:` prefix, white space, the URL-safe alphabet and missing padding.

    Raises:
        InvalidImage: the text is empty or not valid base64.
        PayloadTooLarge: the result would have more than `max_bytes` bytes.
    """
    text = text.lstrip()
    if text[:5].lower() == "data:":
        header, comma, _ = text[:MAX_PREFIX_CHARS].partition(",")
        if not comma or not "".join(header.lower().split()).endswith(";base64"):
            raise InvalidImage("The image's data: prefix is not one of base64.")
        text = text[len(header) + 1 :]
    try:
        digits = text.encode("ascii").translate(_URL_SAFE_TO_STANDARD, _WHITE_SPACE).rstrip(b"=")
        if len(digits) * 3 // 4 > max_bytes:
            raise PayloadTooLarge(max_bytes)
        data = base64.b64decode(digits + b"=" * (-len(digits) % 4), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise InvalidImage("The image is not valid base64.") from error
    if not data:
        raise InvalidImage("The image is empty.")
    return data
