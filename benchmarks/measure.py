"""Running programs one after the other, and what one measurement is."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

Peaks = dict[str, float]
"""Most resident memory in MiB, of ``ours`` and of the ``reference``."""


@dataclass(frozen=True)
class Result:
    """One line of the table. `ratio` is ours / reference; both are medians in `unit`.

    `peak` and `reference_peak` are the most memory that the processes held, in MiB, where they were measured.
    """

    name: str
    size: str
    ours: float
    reference: float | None
    ratio: float | None
    unit: str
    note: str = ""
    peak: float | None = None
    reference_peak: float | None = None

    @classmethod
    def of(cls, name: str, size: str, ours: float, reference: float, unit: str, **more: Any) -> Result:
        """A result with its ratio."""
        return cls(name, size, ours, reference, ours / reference, unit, **more)

    def json(self) -> dict[str, Any]:
        """As bench.json has it."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}


@dataclass(frozen=True)
class Ran:
    """What a child process printed, took and held."""

    output: str
    seconds: float
    peak: float


def run(command: Sequence[object], **options: Any) -> Ran:
    """Run a program to its end; its time is the whole process's, its peak is of resident memory in MiB.

    Raises
    ------
    RuntimeError
        When it fails; with the end of what it printed.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        **options,
    ) as process:
        assert process.stdout is not None
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]} failed: {output[-500:]}")
    scale = 1 << 20 if sys.platform == "darwin" else 1 << 10
    return Ran(output, seconds, usage.ru_maxrss / scale)


def alternate(rounds: int, *programs: Callable[[], list[float]]) -> list[float]:
    """The median seconds of each program, run in turns so that a busy machine is equally busy for all."""
    seconds: list[list[float]] = [[] for _ in programs]
    for _ in range(rounds):
        for own, program in zip(seconds, programs, strict=True):
            own.extend(program())
    return [statistics.median(own) for own in seconds]


def clocked(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def machine() -> dict[str, Any]:
    """How large the machine is."""
    model = "unknown"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {"processor": model, "cores": os.cpu_count(), "memory_gib": round(memory, 1)}


def table(results: Sequence[Result]) -> str:
    """The results for people."""
    rows = [("name", "size", "ours", "reference", "ratio", "unit", "peak MiB", "")]
    for each in results:
        peaks = f"{each.peak:.0f} / {each.reference_peak:.0f}" if each.peak and each.reference_peak else ""
        rows.append(
            (
                each.name,
                each.size,
                f"{each.ours:.4g}",
                "" if each.reference is None else f"{each.reference:.4g}",
                "" if each.ratio is None else f"{each.ratio:.3f}",
                each.unit,
                peaks,
                each.note,
            )
        )
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def write(results: Sequence[Result]) -> Path:
    """Write build/bench.json (the list) and build/bench_machine.json."""
    target = ROOT / "build" / "bench.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps([each.json() for each in results], indent=1) + "\n")
    (target.parent / "bench_machine.json").write_text(json.dumps(machine(), indent=1) + "\n")
    return target
