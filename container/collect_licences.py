"""Prints the licences of all packages and weights of an image.

python3 collect_licences.py FOLDER [MODEL] > LICENCES.txt
"""

import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

RULE = "=" * 78
# Parts of the names of files that contain licence terms.
TERMS = ("licen", "copying", "notice", "thirdparty", "third_party", "authors", "copyright")


def licence_name(package: Distribution) -> str:
    """Returns the name of a package's licence, from its metadata.

    Raises:
        LookupError: the metadata names no licence, and the package contains no licence file.
    """
    metadata = package.metadata
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License ::")
    ]
    (expression,) = metadata.get_all("License-Expression") or [""]
    # Some packages put the whole licence text there.
    (text,) = metadata.get_all("License") or [""]
    name = expression or ", ".join(classifiers) or text.strip().partition("\n")[0]
    if not name and not terms_of(package):
        raise LookupError(f"{metadata['Name']} names no licence")
    return name or "see the files below"


def terms_of(package: Distribution) -> list[Path]:
    """Returns a package's licence files."""
    return sorted(
        Path(str(file.locate()))
        for file in package.files or []
        if "licenses" in file.parts
        or (any(term in file.name.lower() for term in TERMS) and file.suffix in {"", ".txt", ".md"})
    )


def main() -> None:
    """Prints one section for each package, then one for each file of weights."""
    folder = Path(sys.argv[1])
    packages = sorted(distributions(path=[str(folder)]), key=lambda p: p.metadata["Name"].lower())
    for package in packages:
        name, version = package.metadata["Name"], package.version
        print(f"{RULE}\n{name} {version}: {licence_name(package)}\n{RULE}\n")
        for file in terms_of(package):
            print(f"--- {file.relative_to(folder)}\n")
            print(file.read_text("utf-8", "replace").strip() + "\n")
    for model in sys.argv[2:]:
        # Read the catalogue inside the image.
        sys.path.insert(0, str(folder))
        from face_engine.model.catalog import read_catalog

        for artifact in read_catalog().models[model].artifacts:
            print(f"{RULE}\n{artifact.file} ({artifact.about}): {artifact.licence}\n{RULE}\n")


if __name__ == "__main__":
    main()
