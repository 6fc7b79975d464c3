"""What the shared libraries of an image need and do not find.

python -m tests.support.elf_files missing|unresolved ROOT FILE...

A process of its own, because LIEF reports its objects as leaked at the end of a long test run.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path

import lief

SYSTEM_FOLDERS = ("lib", "lib64", "usr/lib", "usr/lib64", "usr/lib/*-linux-gnu", "usr/local/lib")


def is_elf(file: Path) -> bool:
    if file.is_symlink() or not file.is_file():
        return False
    with file.open("rb") as content:
        return content.read(4) == b"\x7fELF"


def read_elf(file: Path) -> lief.ELF.Binary:
    binary = lief.ELF.parse(file)
    assert binary is not None, file
    return binary


def find_needed(root: Path, file: Path) -> dict[str, Path | None]:
    """Returns where the loader finds what a library needs; None where it finds nothing.

    Args:
        root: of the image.
        file: the library, below the root.
    """
    binary = read_elf(file)
    folders = []
    for entry in binary.dynamic_entries:
        if isinstance(entry, lief.ELF.DynamicEntryRpath | lief.ELF.DynamicEntryRunPath):
            for path in map(str, entry.paths):
                inside = path.replace("$ORIGIN", str(file.parent))
                folders.append(Path(inside) if inside != path else root / path.lstrip("/"))
    for pattern in SYSTEM_FOLDERS:
        folders += root.glob(pattern)
    needed = {}
    for name in map(str, binary.libraries):
        found = (folder / name for folder in folders if (folder / name).exists())
        needed[name] = next(found, None)
    return needed


def find_missing(root: Path, files: Iterable[str]) -> dict[str, list[str]]:
    """Returns the libraries that files of an image need and that are not in it, by file."""
    missing = {}
    for path in files:
        if is_elf(root / path):
            needed = find_needed(root, root / path)
            if names := [name for name, found in needed.items() if found is None]:
                missing[path] = names
    return missing


def find_unresolved(root: Path, file: Path) -> dict[str, bool]:
    """Returns the symbols that nothing exports of all that a library needs.

    The value says whether the symbol is weak: only then can the library be loaded.
    """
    exported: set[str] = set()
    to_read, seen = [file], {file}
    while to_read:
        current = to_read.pop()
        binary = read_elf(current)
        # LIEF's list of exported symbols leaves out the unique ones of C++.
        exported |= {str(symbol.name) for symbol in binary.dynamic_symbols if symbol.shndx}
        new = {found for found in find_needed(root, current).values() if found is not None} - seen
        seen |= new
        to_read += new
    binary = read_elf(file)
    return {
        str(symbol.name): symbol.binding == lief.ELF.Symbol.BINDING.WEAK
        for symbol in binary.imported_symbols
        if str(symbol.name) not in exported
    }


def main() -> None:
    """Prints the libraries or symbols, by file."""
    command, root, *files = sys.argv[1:]
    folder = Path(root)
    if command == "missing":
        print(json.dumps(find_missing(folder, files)))
    else:
        print(json.dumps({file: find_unresolved(folder, folder / file) for file in files}))


if __name__ == "__main__":
    main()
