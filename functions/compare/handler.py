"""Lambda entry of the compare function."""

from face_service.lambda_entry import create_handler
from face_service.settings import read_settings
from functions.compare.app import create

settings = read_settings()
handler = create_handler(create(settings), "compare", settings, lambda: None)
