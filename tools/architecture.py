"""Writes docs/architecture.svg from the source: python -m tools.architecture.

Its boxes are the packages that pyproject.toml names to import-linter, its arrows their imports.
Texts in boxes are the first sentences of docstrings.
"""

import ast
import textwrap
import tomllib
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TypeAlias

from tools.requirements.groups import ROOT, read_import_folders

PICTURE = ROOT / "docs" / "architecture.svg"
# Each stop of a photo: its name, and the file that does it.
WAY = (
    ("1 · API Gateway", "template.yaml"),
    ("2 · FastAPI by Mangum", "layers/service/face_service/lambda_entry.py"),
    ("3 · Admission", "layers/service/face_service/admission.py"),
    ("4 · Base64 or download", "functions/extract/photo_source.py"),
    ("5 · Decode", "layers/engine/face_engine/photo/decoding.py"),
    ("6 · Detect", "layers/engine/face_engine/detection/detectors.py"),
    ("7 · Align", "layers/engine/face_engine/alignment.py"),
    ("8 · Embed", "layers/engine/face_engine/extractor.py"),
    ("9 · Answer", "functions/extract/service.py"),
    ("Wherever it fails", "layers/service/face_service/error_handlers.py"),
)
COLOURS = {"cli": "#fef3c7", "clients": "#fef3c7", "functions": "#dbeafe", "layers": "#dcfce7"}
# Pixels.
WIDTH, MARGIN, BOX, HEIGHT, GAP = 1160, 24, 204, 118, 56
PACKAGES_TOP = 412
# Characters that fit into a box.
LINE = 31
Corners: TypeAlias = dict[str, tuple[float, float]]


def find_packages() -> dict[str, Path]:
    """Returns the folder of each package; `functions` is divided into its functions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    folders = read_import_folders()
    found = {}
    for name in project["tool"]["importlinter"]["root_packages"]:
        (folder,) = (ROOT / f / name for f in folders if (ROOT / f / name).is_dir())
        if (folder / "__init__.py").exists():
            found[name] = folder
        else:
            parts = sorted({file.parent for file in folder.glob("*/*.py")})
            found |= {f"{name}.{part.name}": part for part in parts}
    return found


def find_imports(packages: dict[str, Path]) -> dict[str, set[str]]:
    """Returns which packages each package imports, also late or only for types."""
    found: dict[str, set[str]] = {}
    for package, folder in packages.items():
        modules = set()
        for file in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom):
                    modules.add(node.module or "")
                elif isinstance(node, ast.Import):
                    modules |= {alias.name for alias in node.names}
        found[package] = {
            other
            for other in packages
            if other != package and any(f"{module}.".startswith(f"{other}.") for module in modules)
        }
    return found


def without_shortcuts(imports: dict[str, set[str]]) -> dict[str, set[str]]:
    """Leaves out an import that also exists by way of another package."""

    def reached(package: str) -> set[str]:
        return imports[package].union(*map(reached, imports[package]))

    return {a: bs - set().union(*map(reached, bs)) for a, bs in imports.items()}


def arrange(imports: dict[str, set[str]]) -> tuple[Corners, list[list[str]]]:
    """Returns the top left corner of each box, and each arrow as the places that it passes.

    Importers are above what they import. An arrow takes a place of its own in rows between.
    """

    def depth(package: str) -> int:
        return 1 + max(map(depth, imports[package]), default=-1)

    rows = {package: depth(package) for package in imports}
    for package in (p for p, row in rows.items() if row == 0):
        # It imports nothing of ours: put it right below what imports it.
        rows[package] = min(rows[p] for p, others in imports.items() if package in others) - 1
    arrows = []
    for a, b in sorted((a, b) for a, others in imports.items() for b in others):
        between = {f"{a} {b} {row}": row for row in range(rows[a] - 1, rows[b], -1)}
        rows |= between
        arrows.append([a, *between, b])
    corners: Corners = {}
    for row in range(max(rows.values()) + 1):
        # Each stands above the middle of what its arrows lead to.
        order = []
        for place in (p for p, its_row in rows.items() if its_row == row):
            below = [corners[b][0] for arrow in arrows for a, b in pairwise(arrow) if a == place]
            order.append((sum(below) / len(below) if below else 0, place))
        pitch = (WIDTH - 2 * MARGIN) / len(order)
        y = PACKAGES_TOP + (max(rows.values()) - row) * (HEIGHT + GAP)
        for i, (_, place) in enumerate(sorted(order)):
            corners[place] = (MARGIN + (i + 0.5) * pitch - BOX / 2, y)
    return corners, arrows


def describe(path: Path) -> str:
    """Returns the first sentence of the docstring of a file, or of a folder's main file."""
    if path.suffix == ".yaml":
        return "Checks the API key, the caller's network, the rate and the path."
    mains = (path / name for name in ("__init__.py", "handler.py", "__main__.py"))
    file = path if path.is_file() else next(main for main in mains if main.exists())
    text = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
    return " ".join(text.split("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."


def box(x: float, y: float, name: str, path: Path) -> str:
    """Returns a box with a name, the path and what its docstring says."""
    where = path.relative_to(ROOT).as_posix()
    fill = COLOURS.get(where.split("/")[0], "#f1f5f9")
    # Of a long path only the end is shown.
    shown = where if len(where) < LINE else "…/" + "/".join(path.parts[-2:])
    lines = textwrap.wrap(describe(path), LINE, max_lines=4, placeholder=" …")
    said = "".join(f'<tspan x="{x + 10:g}" dy="14">{escape(line)}</tspan>' for line in lines)
    return (
        f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}" rx="8" fill="{fill}"/>'
        f'<text class="name" x="{x + 10:g}" y="{y + 22:g}">{escape(name)}</text>'
        f'<text class="path" x="{x + 10:g}" y="{y + 38:g}">{escape(shown)}</text>'
        f'<text y="{y + 44:g}">{said}</text>\n'
    )


def draw_packages(packages: dict[str, Path], imports: dict[str, set[str]]) -> tuple[str, float]:
    """Returns the boxes and arrows of the packages, and where they end."""
    corners, arrows = arrange(imports)
    drawn = []
    for first, *others in arrows:
        from_x = corners[first][0] + BOX / 2
        line = f"M{from_x:g} {corners[first][1] + HEIGHT:g}"
        for place in others:
            x, y = corners[place][0] + BOX / 2, corners[place][1]
            line += f"C{from_x:g} {y - GAP / 2:g} {x:g} {y - GAP / 2:g} {x:g} {y:g}"
            line += f"v{HEIGHT}" if place != others[-1] else ""
            from_x = x
        drawn.append(f'<path d="{line}"/>\n')
    drawn += [box(*corners[name], name, folder) for name, folder in packages.items()]
    return "".join(drawn), max(y for _, y in corners.values()) + HEIGHT


def draw() -> str:
    """Returns the picture as SVG. It depends on the source only."""
    packages = find_packages()
    imports = without_shortcuts(find_imports(packages))
    below, bottom = draw_packages(packages, imports)
    step = (WIDTH - 2 * MARGIN - BOX) / 4
    above = ""
    for i, (name, file) in enumerate(WAY):
        x, y = MARGIN + i % 5 * step, 60 + i // 5 * (HEIGHT + 26)
        above += box(x, y, name, ROOT / file)
        if i not in {4, 8, 9}:
            above += f'<path d="M{x + BOX:g} {y + HEIGHT / 2:g}h{step - BOX:g}"/>\n'
    said = "; ".join(f"{p} imports {', '.join(sorted(o))}" for p, o in imports.items() if o)
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + MARGIN:g}" \
role="img" aria-labelledby="title description">
<title id="title">Architecture of the face-embedding service</title>
<desc id="description">A photo's way: {escape("; ".join(name for name, _ in WAY))}. \
Imports: {escape(said)}.</desc>
<style>text{{font:11px system-ui,sans-serif;fill:#334155}}.name{{font-size:14px;font-weight:600;\
fill:#0f172a}}.path{{font-size:9.5px;font-family:ui-monospace,monospace;fill:#475569}}\
.title{{font-size:20px;font-weight:600;fill:#0f172a}}rect{{stroke:#94a3b8}}\
path{{fill:none;stroke:#64748b;stroke-width:1.5;marker-end:url(#tip)}}</style>
<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" \
orient="auto"><path d="M0 0 8 4 0 8z" style="fill:#64748b;stroke:none;marker-end:none"/></marker>
<rect width="{WIDTH}" height="{bottom + MARGIN:g}" rx="12" fill="#ffffff"/>
<text class="title" x="{MARGIN}" y="40">The way of a photo</text>
{above}\
<text class="title" x="{MARGIN}" y="{PACKAGES_TOP - 26}">The packages and their imports</text>
{below}</svg>
"""


if __name__ == "__main__":
    PICTURE.write_text(draw(), "utf-8")
