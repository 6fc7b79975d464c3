"""Writes openapi.json, or checks that it is current: python -m tools.openapi [--check]."""

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path

from face_engine.model.catalog import read_catalog
from face_service.settings import Settings
from functions.local.app import create

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "openapi.json"
# Made from the document. Its first line has the document's hash, so this check needs no Node.
TYPES = ROOT / "clients" / "typescript" / "src" / "schema.ts"
NUMBERS = re.compile(r"\[\s+-?\d[-+\d.eE,\s]*\]")


def write_document() -> str:
    """Returns the text of openapi.json: all paths, as the local server serves them.

    It is the same whatever the environment, and needs no weights. Embeddings stand on one line.
    """
    # The path of the models does not matter, and is not looked at.
    document = create(Settings(), read_catalog()).openapi()
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return NUMBERS.sub(lambda numbers: " ".join(numbers[0].split()), text) + "\n"


def find_problems(document: Path = DOCUMENT, types: Path = TYPES) -> list[str]:
    """Returns what is not current, one sentence each."""
    current = write_document()
    if not document.is_file() or document.read_text("utf-8") != current:
        return [f"{document.name} is not what the service documents."]
    digest = hashlib.sha256(current.encode()).hexdigest()
    if not types.is_file() or digest not in types.read_text("utf-8").partition("\n")[0]:
        return [f"{types.name} was not made from {document.name} as it is now."]
    return []


def main() -> None:
    """Writes the document, or exits with 1 if it or what is made from it is not current."""
    parser = argparse.ArgumentParser(description="Writes openapi.json.")
    parser.add_argument("--check", action="store_true", help="only check; write nothing")
    if not parser.parse_args().check:
        DOCUMENT.write_text(write_document(), "utf-8")
    elif problems := find_problems():
        sys.exit("\n".join([*problems, "make openapi writes both."]))


if __name__ == "__main__":
    main()
