"""How long it takes to start: a command that is slow to answer is not used."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

from measure import Row, said

RUNS = 7


def rows() -> list[Row]:
    command = Path(sys.executable).with_name("lineplan")
    asked = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "lineplan --version": [str(command), "--version"],
        "import lineplan": [sys.executable, "-c", "import lineplan"],
    }
    seconds: dict[str, list[float]] = {what: [] for what in asked}
    for turn in range(RUNS + 1):
        for what, call in asked.items():
            start = time.perf_counter()
            subprocess.run(call, check=True, capture_output=True)
            if turn:
                seconds[what].append(time.perf_counter() - start)
    median = {what: statistics.median(values) for what, values in seconds.items()}
    bare = median.pop("python -c pass")
    reach_s = {"lineplan --version": 0.15, "import lineplan": 0.1}
    return [
        Row(
            f"`{what}` (a new process)",
            said(taken),
            f"python -c pass {said(bare)}",
            f"+{said(taken - bare)}",
            f"≤ {reach_s[what]} s",
            taken <= reach_s[what],
        )
        for what, taken in median.items()
    ]
