"""Writes the licences of all packages and weights of an image into one file.

python3 collect_licences.py FOLDER [MODEL] > LICENCES.txt
"""

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

RULE = "=" * 78
# Names of files that hold terms, as packages call them.
TERMS = ("licen", "copying", "notice", "thirdparty", "third_party", "authors", "copyright")


def licence_name(package: Distribution) -> str:
    """Returns what a package says of its licence.

    Raises:
        LookupError: it says nothing, and holds no file of terms.
    """
    metadata = package.metadata
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License ::")
    ]
    (expression,) = metadata.get_all("License-Expression") or [""]
    # Some put the whole text there.
    (text,) = metadata.get_all("License") or [""]
    name = expression or ", ".join(classifiers) or text.strip().partition("\n")[0]
    if not name and not terms_of(package):
        raise LookupError(f"{metadata['Name']} tells no licence")
    return name or "as its files below say"


def terms_of(package: Distribution) -> list[Path]:
    """Returns a package's files of terms."""
    return sorted(
        Path(str(file.locate()))
        for file in package.files or []
        if "licenses" in file.parts
        or (any(term in file.name.lower() for term in TERMS) and file.suffix in {"", ".txt", ".md"})
    )


def main() -> None:
    """Prints one section for each package, then the weights'."""
    folder = Path(sys.argv[1])
    packages = sorted(distributions(path=[str(folder)]), key=lambda p: p.metadata["Name"].lower())
    for package in packages:
        name, version = package.metadata["Name"], package.version
        print(f"{RULE}\n{name} {version}: {licence_name(package)}\n{RULE}\n")
        for file in terms_of(package):
            print(f"--- {file.relative_to(folder)}\n")
            print(file.read_text("utf-8", "replace").strip() + "\n")
    for model in sys.argv[2:]:
        # The image's own catalogue.
        sys.path.insert(0, str(folder))
        from face_engine.model.catalog import read_catalog

        for artifact in read_catalog().models[model].artifacts:
            print(f"{RULE}\n{artifact.file} ({artifact.about}): {artifact.licence}\n{RULE}\n")


if __name__ == "__main__":
    main()
