"""The results as tables in Markdown."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench.speed.rounds import Results

TITLES = {
    "mobilefacenet": "MobileFaceNet",
    "arcface-yunet": "ArcFace, YuNet",
    "arcface-retinaface": "ArcFace, RetinaFace",
}
SLOWEST = 12


def write_report(results: Results, folder: Path) -> str:
    """Writes speed.md into a folder; returns its text."""
    text = "\n".join(_lines(results)) + "\n"
    (folder / "speed.md").write_text(text, "utf-8")
    return text


def _lines(results: Results) -> Iterator[str]:
    machine = results["machine"]
    flags = [flag for flag, has in machine["flags"].items() if has]
    yield "# Speed"
    yield ""
    yield (
        f"{machine['processor']}, {machine['processors']} processors with {', '.join(flags)}; "
        f"Python {machine['python']}; measured in {results['seconds']} s."
    )
    commits = ", ".join(f"{name} {commit[:8]}" for name, commit in results["commits"].items())
    yield (
        f"Commits: {commits}. Each figure is a median with its quartiles (n rounds). A ratio is "
        "the median of the ratios of each round; below 1, the first is faster or smaller."
    )
    yield from _service(results)
    yield from _cold_starts(results)
    yield from _stages(results)
    yield from _floor(results)
    if "peers" in results:
        yield from _peers(results["peers"])
    yield from _growth(results["growth"])


def _service(results: Results) -> Iterator[str]:
    rows: list[list[str]] = []
    for name, part in results["service"].items():
        title = TITLES[name]
        rows.append([title, "latency, ms: a portrait", *_pair(part["latency_ms"])])
        mixed = part["portraits_and_groups_ms"]
        rows.append([title, "latency, ms: portraits and groups", *_pair(mixed)])
        for processors, throughput in part["photos_per_s_by_processors"].items():
            label = f"photos/s, {part['clients']} clients, {processors} processor(s)"
            rows.append([title, label, *_pair(throughput)])
        rows.append([title, "load of the model, s", *_pair(part["model_load_s"])])
        memory = part["memory_mb"]
        for key in memory["present"]:
            values = {side: sizes[key] for side, sizes in memory.items()}
            rows.append([title, f"memory, MB: {key.replace('_', ' ')}", *_values(values)])
    yield from _section(
        "The service, from JSON to JSON",
        ["model", "", "present", "baseline", "present ÷ baseline"],
        rows,
    )


def _cold_starts(results: Results) -> Iterator[str]:
    seconds = results["cold_start"]["seconds"]
    rows = [
        [label, *_pair(part), _range(part["present_to_import_fastapi"])]
        for label, part in seconds.items()
        if "present" in part
    ]
    rows.append(["`import fastapi`", _range(seconds["import fastapi"]), "", "", ""])
    header = ["seconds", "present", "baseline", "present ÷ baseline", "present ÷ import fastapi"]
    yield from _section("Cold starts on Lambda's runtime, to the first answer", header, rows)
    phases = results["cold_start_phases"]
    yield from _by_model("Phases of a cold start, ms", phases["milliseconds"])
    imports = phases["imports"]["own_ms_by_package"]
    rows = [[f"`{name}`", f"{ms:.1f}"] for name, ms in list(imports.items())[:SLOWEST]]
    yield from _section("Imports: own time by package (`-X importtime`)", ["package", "ms"], rows)


def _stages(results: Results) -> Iterator[str]:
    yield from _by_model("Warm extraction by stage, ms", results["stages_ms"])


def _floor(results: Results) -> Iterator[str]:
    parts = results["floor"]
    rows = [
        [
            TITLES[name],
            _range(part["service_ms"]),
            _range(part["networks_ms"]),
            _range(part["service_to_networks"]),
            str(len(part["calls"])),
        ]
        for name, part in parts.items()
    ]
    header = ["model", "service, ms", "networks alone, ms", "service ÷ networks", "calls"]
    yield from _section("The floor: the networks alone", header, rows)
    rows = [
        [
            f"{network} ({TITLES[name]})",
            f"{figures['multiply_adds'] / 1e9:.2f}",
            _range(figures["peak_float32_gflops"]),
            _range(figures["at_peak_ms"]),
            _range(figures["measured_ms"]),
            _range(figures["measured_to_peak"]),
        ]
        for name, part in parts.items()
        for network, figures in part.get("at_peak", {}).items()
    ]
    if rows:
        title = "The networks beside a product of large float32 matrices"
        header = ["network", "10⁹ multiply-adds", "GFLOP/s", "ms at that", "ms", "ms ÷ ms at that"]
        yield from _section(title, header, rows)


def _peers(peers: Results) -> Iterator[str]:
    rows = []
    for detector, part in peers.items():
        for name, milliseconds in part["milliseconds"].items():
            over = part["ours_to_peer"].get(name)
            rows.append(
                [
                    detector,
                    name,
                    _range(milliseconds),
                    _range(over) if over else "",
                    f"{part['load_s'][name]:.2f}",
                    f"{part['first_ms'][name]:.0f}",
                    f"{part['loaded_mb'][name]:.0f}",
                    f"{part['peak_mb'][name]:.0f}",
                ]
            )
    header = ["detector", "", "ms", "ours ÷ it", "start, s", "first, ms", "loaded, MB", "peak, MB"]
    yield from _section("Peers: the same ArcFace", header, rows)


def _growth(growth: Results) -> Iterator[str]:
    for key, label in (
        ("latency_ms_by_longer_side_px", "longer side, px"),
        ("latency_ms_by_faces", "faces"),
    ):
        rows = [[size, *_pair(part)] for size, part in growth[key].items()]
        header = [label, "present, ms", "baseline, ms", "present ÷ baseline"]
        yield from _section(f"Growth: {label}", header, rows)
    rows = [
        [clients, *_pair(part["photos_per_s"]), _range(part["median_latency_ms"]["present"])]
        for clients, part in growth["by_clients"].items()
    ]
    header = [
        "clients",
        "present, photos/s",
        "baseline",
        "present ÷ baseline",
        "median latency, ms",
    ]
    yield from _section("Growth: concurrent clients", header, rows)


def _by_model(title: str, parts: Results) -> Iterator[str]:
    names = list(dict.fromkeys(name for part in parts.values() for name in part))
    rows = [
        [
            name.replace("_", " "),
            *(_range(part[name]) if name in part else "" for part in parts.values()),
        ]
        for name in names
    ]
    yield from _section(title, ["", *(TITLES[model] for model in parts)], rows)


def _pair(part: Results) -> list[str]:
    """Returns the cells present, baseline, ratio."""
    return [
        _range(part[name]) if name in part else ""
        for name in ("present", "baseline", "present_to_baseline")
    ]


def _values(values: dict[str, float]) -> list[str]:
    present, baseline = values["present"], values.get("baseline")
    if baseline is None:
        return [f"{present:.0f}", "", ""]
    return [f"{present:.0f}", f"{baseline:.0f}", f"{present / baseline:.2f}"]


def _range(summary: dict[str, Any]) -> str:
    low, median, high = (_digits(summary[key]) for key in ("low", "median", "high"))
    return f"{median} ({low} to {high}; n={summary['rounds']})"


def _digits(value: float) -> str:
    """Returns a number with about three significant digits."""
    if value >= 100:  # noqa: PLR2004
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _section(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield from ("", f"## {title}", "")
    yield f"| {' | '.join(header)} |"
    yield "|---" * len(header) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"
