"""Removes the shared libraries that OpenCV is linked with but that nothing here calls: 75 MB.

python3 drop_libraries.py FOLDER

FOLDER holds the installed package opencv-python-headless. Symbols imported from the libraries
become weak: they resolve to 0, and a call of one ends the process with SIGSEGV.
tests/engine/test_trimmed_opencv.py shows that no call is reached.
"""

import csv
import shutil
import sys
from pathlib import Path

import lief

# FFmpeg is called by videoio only, which reads and writes videos.
#
# OpenBLAS is called by core only for large matrices (hal_internal.cpp): from 25 rows for SVD, 30
# for QR, 100 for products, LU and Cholesky. Otherwise only usac's solvers for camera poses call it.
# We solve no equations with OpenCV, our matrices are at most 3 × 3, and dnn has kernels of its own.
UNUSED = ("libavcodec", "libavformat", "libavutil", "libswscale", "libopenblas")
PACKAGE = "opencv_python_headless"
NOTICE = """cv2/{module} was changed: it no longer loads the libraries {unused}.
These files were removed:

{removed}

Their terms in LICENSE-3RD-PARTY.txt do not apply to this copy.
"""


def read_elf(file: Path) -> lief.ELF.Binary:
    """Returns a parsed ELF file, of any processor.

    Raises:
        ValueError: it is not an ELF file.
    """
    binary = lief.ELF.parse(file)
    if binary is None:
        raise ValueError(f"{file} is not an ELF file")
    return binary


def unlink(module: Path, libraries: Path) -> None:
    """Makes a module load without the unused libraries.

    Args:
        module: the extension module, which is rewritten.
        libraries: the folder of the libraries.

    Raises:
        LookupError: the module does not need one of them.
    """
    binary = read_elf(module)
    for family in UNUSED:
        # Wheels add a hash to the name.
        needed = [name for name in map(str, binary.libraries) if name.startswith(family)]
        if not needed:
            raise LookupError(f"{module} no longer needs {family}: adapt UNUSED in {__file__}")
        for name in needed:
            # LIEF's lists do not keep what they belong to, hence the variable.
            library = read_elf(libraries / name)
            exported = {symbol.name for symbol in library.exported_symbols}
            for symbol in binary.imported_symbols:
                if symbol.name in exported:
                    symbol.binding = lief.ELF.Symbol.BINDING.WEAK
            binary.remove_library(name)
            binary.remove_version_requirement(name)
    binary.write(module)


def find_needed(module: Path, libraries: Path) -> set[Path]:
    """Returns the libraries in the folder that a module needs, directly or not."""
    found: set[Path] = set()
    to_read = [module]
    while to_read:
        binary = read_elf(to_read.pop())
        needed = {libraries / str(name) for name in binary.libraries}
        new = {file for file in needed if file.exists()} - found
        found |= new
        to_read += new
    return found


def main() -> None:
    """Changes the module, then removes the files that nothing needs any more."""
    folder = Path(sys.argv[1])
    (module,) = folder.glob("cv2/cv2*.so")
    (information,) = folder.glob(f"{PACKAGE}-*.dist-info")
    libraries = folder / f"{PACKAGE}.libs"
    unlink(module, libraries)
    removed = sorted(set(libraries.iterdir()) - find_needed(module, libraries))
    for file in removed:
        file.unlink()
    # They name the libraries' sources, but not which library is whose: what is left cannot be told.
    shutil.rmtree(information / "sboms", ignore_errors=True)

    notice = information / "licenses" / "NOTICE.txt"
    notice.parent.mkdir(exist_ok=True)
    names = "\n".join(file.name for file in removed)
    text = NOTICE.format(module=module.name, unused=", ".join(UNUSED), removed=names)
    notice.write_text(text, "utf-8")
    record = information / "RECORD"
    changed = [str(file.relative_to(folder)) for file in (module, notice)]
    rows = list(csv.reader(record.read_text("utf-8").splitlines()))
    rows = [row for row in rows if (folder / row[0]).exists() and row[0] not in changed]
    with record.open("w", encoding="utf-8", newline="") as text_file:
        # Without hashes, which are those of the wheel's files.
        csv.writer(text_file, lineterminator="\n").writerows(
            [*rows, *([path, "", ""] for path in changed)]
        )
    print(f"removed {', '.join(file.name for file in removed)}")


if __name__ == "__main__":
    main()
