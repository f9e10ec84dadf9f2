"""Timing that is fair on a machine with other things to do, and the row it ends up in."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line of the table of results.

    `sound` is whether the correctness figure is within its bound, `reached` whether the goal is
    met (None where there is none to meet). Only `sound` can make a run fail.
    """

    what: str
    ours: str = "-"
    peer: str = "-"
    ratio: str = "-"
    reach: str = "-"
    reached: bool | None = None
    correctness: str = "-"
    sound: bool = True

    def cells(self) -> list[str]:
        reached = {True: "yes", False: "no", None: "-"}[self.reached]
        correctness = self.correctness + ("" if self.sound else " **out of bounds**")
        return [self.what, self.ours, self.peer, self.ratio, self.reach, reached, correctness]


HEAD = ["what", "ours", "peer", "ratio", "reach", "reached", "correctness"]


def interleaved(contestants: Mapping[str, Callable[[], Any]], runs: int) -> dict[str, float]:
    """Median seconds of each contestant, run in turns (A B A B ...) after one run to warm up.

    What else the machine does then falls on all of them alike.
    """
    seconds: dict[str, list[float]] = {name: [] for name in contestants}
    for turn in range(runs + 1):
        for name, run in contestants.items():
            gc.collect()
            start = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def said(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def times(ours: float, peer: float) -> str:
    return f"{peer / ours:.2g}x"
