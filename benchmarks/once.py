"""One native prover in a process of its own: ``python -m benchmarks.once KEY WITNESS RUNS``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import zksolvency_native


def main() -> None:
    """Print seconds of each run and the stages of the last one; the first run reads and checks the key."""
    key, witness, runs = sys.argv[1], Path(sys.argv[2]).read_bytes(), int(sys.argv[3])
    seconds = []
    timings: dict[str, float] = {}
    for _ in range(runs):
        start = time.perf_counter()
        _, _, timings = zksolvency_native.prove(key, witness)
        seconds.append(time.perf_counter() - start)
    json.dump({"seconds": seconds, "stages": timings}, sys.stdout)


if __name__ == "__main__":
    main()
