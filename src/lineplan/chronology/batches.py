"""Batches of days: cut so that figures do not depend on who runs them, run on any executor."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from socket import gethostname
from typing import Any, NamedTuple

import shapely

from lineplan import __version__
from lineplan.baselines import Lines
from lineplan.chronology.borders import Borders
from lineplan.chronology.daily import Answers, Areas, Kind, areas_by_distance, figures_of
from lineplan.chronology.following import Day, Follower, read_days
from lineplan.control.archive import Archive, Store
from lineplan.errors import LineplanError
from lineplan.features import sha256_of
from lineplan.ground import Setting
from lineplan.output import replacing
from lineplan.plan import Plan

DAYS, DAYS_IN_STEPS = 32, 512
"""Days of a batch, counted from a fixed day, so that no figure depends on who runs it.

The first day of a batch is measured in full; where most others are steps, batches are longer.
"""
Progress = Callable[[int, int], None]
"""Told how many days are done, of how many."""


class DayRow(NamedTuple):
    """What is measured on one day, whatever a plan says."""

    line_length_km: float
    enclave_length_km: float
    vertex_spacing_km: float | None
    reassigned_km2: float
    residual_m2: float
    outside_units_km2: float
    source: str
    sha256: str
    attribution: str
    control_class: str
    mended: str
    assumed: Sequence[str]


class Done(NamedTuple):
    """One day's figures; `kinds` finds the kinds of ground in the list of its part."""

    day: date
    figures: DayRow
    kinds: int
    areas_km2: list[float]


class Bad(NamedTuple):
    """A day that cannot be used, and why."""

    day: date
    reason: str


@dataclass(frozen=True)
class Part:
    """What has come of a batch; days share lists of kinds of ground."""

    done: list[Done] = field(default_factory=list)
    bad: list[Bad] = field(default_factory=list)
    kinds: list[tuple[Kind, ...]] = field(default_factory=list)

    def add(self, day: date, figures: DayRow, areas: Areas) -> None:
        """Add a day's figures."""
        kinds, areas_km2 = areas
        if kinds not in self.kinds:
            self.kinds.append(kinds)
        self.done.append(Done(day, figures, self.kinds.index(kinds), areas_km2))

    def dumps(self) -> str:
        """As JSON, which keeps every digit of a float."""
        return json.dumps(
            {
                "done": [[item.day.isoformat(), *item[1:]] for item in self.done],
                "bad": [[item.day.isoformat(), item.reason] for item in self.bad],
                "kinds": self.kinds,
            }
        )

    @classmethod
    def loads(cls, text: str) -> Part:
        """From JSON."""
        read = json.loads(text)
        return cls(
            [
                Done(date.fromisoformat(day), DayRow(*figures), number, areas_km2)
                for day, figures, number, areas_km2 in read["done"]
            ],
            [Bad(date.fromisoformat(day), reason) for day, reason in read["bad"]],
            [tuple(Kind(*kind) for kind in kinds) for kinds in read["kinds"]],
        )


@dataclass(frozen=True, eq=False)
class Job:
    """What is the same for all batches.

    Attributes
    ----------
    named : tuple of (str, str)
        Absolute paths of sources, and what the user called them: a fault is told in the user's
        words, whichever process meets it.
    """

    setting: Setting
    plans: tuple[Plan, ...]
    lines: Lines
    keep_going: bool
    has_permission: bool = False
    named: tuple[tuple[str, str], ...] = ()

    @cached_property
    def ground(self) -> tuple[Setting, Borders]:
        """What a step from one day to the next needs of the units."""
        return self.setting, Borders(self.setting.units)

    @property
    def _measured_from(self) -> list[Path]:
        """Files of the dataset that plans measure distances from, as they are now."""
        dataset = self.setting.dataset
        if dataset.is_embedded or not any(plan.strips() for plan in self.plans):
            return []
        return [path for file in dataset.files if (path := dataset.folder / file.path).is_file()]

    def __getstate__(self) -> dict[str, Any]:
        """Without what every process makes for itself."""
        return {name: value for name, value in self.__dict__.items() if name != "ground"}

    @cached_property
    def key(self) -> str:
        """Digest of all that figures depend on but the control."""
        dataset = self.setting.dataset
        said = [
            __version__,
            *(plan.model_dump_json() for plan in self.plans),
            *(f"{file} {sha256_of(file)}" for file in _beside(self.plans)),
            *(f"{day} {sha256_of(Path(file))}" for day, file in sorted(self.lines.items())),
            *(f"{file.path} {file.sha256}" for file in dataset.files),
            *(f"{file} {sha256_of(file)}" for file in self._measured_from),
            f"{dataset.default_holder} {dataset.border_tolerance_km} {self.keep_going}",
            json.dumps([given for _, given in self.named]),
            json.dumps(self.setting.papers, sort_keys=True, default=str),
            f"{self.setting.contested} {self.setting.on_overlap} {self.setting.reconcile}",
            *map(str, self.setting.units["unit_id"]),
        ]
        digest = hashlib.sha256("\n".join(said).encode())
        for shape in shapely.to_wkb(self.setting.units.geometry.to_numpy()):
            digest.update(shape)
        return digest.hexdigest()


def _beside(plans: Iterable[Plan]) -> list[Path]:
    """Files beside plans that these measure from."""
    named = (
        plan.folder / strip.of
        for plan in plans
        for strip in plan.strips()
        if plan.folder is not None and "." in strip.of
    )
    return [file for file in dict.fromkeys(named) if file.is_file()]


@dataclass(frozen=True, eq=False)
class Batch:
    """Days that are worked on one after another."""

    job: Job
    archive: Archive
    days: tuple[date, ...]

    @staticmethod
    def length(job: Job) -> int:
        """Days of a batch: the more of them are steps, the more."""
        return DAYS if any(plan.strips() for plan in job.plans) else DAYS_IN_STEPS

    @property
    def key(self) -> str:
        """Digest of all that its figures depend on."""
        days = ",".join(day.isoformat() for day in self.days)
        source = f"{self.archive.sha256} {json.dumps(self.archive.reading, sort_keys=True)}"
        return hashlib.sha256(f"{self.job.key} {source} {days}".encode()).hexdigest()

    def run(self) -> Part:
        """Work through the days; a bad one ends the batch unless it is to keep going."""
        job = self.job
        by_distance = [plan for plan in job.plans if plan.strips()]
        answers = Answers([plan for plan in job.plans if not plan.strips()])
        order = [plan.id for plan in job.plans]
        part = Part()
        if by_distance:
            # Strips are cut from the day's own faces, so the faces are needed.
            days: Iterable[Day] = (Day(day) for day in self.days)
        else:
            follower = Follower(self.archive, *job.ground)
            days = read_days(self.archive, self.days, *job.ground)
        for item in days:
            day, drawn = item.day, item.drawn
            try:
                if item.fault is not None:
                    raise item.fault
                if by_distance:
                    ground = job.setting.lay(self.archive.control(day))
                    drawn, figures = ground.control.outline(), figures_of(ground)
                    kinds, km2 = areas_by_distance(by_distance, ground, job.lines)
                    others, their_km2 = answers.areas(figures.cell_m2)
                    both = zip((*kinds, *others), (*km2, *their_km2), strict=True)
                    rows = sorted(both, key=lambda row: order.index(row[0].plan_id))
                    areas: Areas = (tuple(kind for kind, _ in rows), [km2 for _, km2 in rows])
                else:
                    figures = follower.figures(item)
                    areas = answers.areas(figures.cell_m2)
            except (LineplanError, OSError) as fault:
                part.bad.append(Bad(day, reason_of(fault, drawn.source if drawn else None, job)))
                if not job.keep_going:
                    break
                continue
            assert drawn is not None
            length_m = figures.line_m + figures.enclave_m
            row = DayRow(
                figures.line_m / 1000,
                figures.enclave_m / 1000,
                length_m / 1000 / figures.segments if figures.segments else None,
                figures.reassigned_m2 / 1e6,
                figures.residual_m2,
                figures.outside_km2,
                drawn.source,
                drawn.sha256,
                drawn.attribution,
                drawn.control_class,
                drawn.mended,
                drawn.assumed,
            )
            part.add(day, row, areas)
        return part


def batches_of(
    job: Job, archive: Archive, days: Sequence[date], of: type[Batch] = Batch
) -> list[Batch]:
    """Days cut into batches."""
    length = of.length(job)
    together: dict[int, list[date]] = {}
    for day in days:
        together.setdefault(day.toordinal() // length, []).append(day)
    return [of(job, archive.between(some[0], some[-1]), tuple(some)) for some in together.values()]


@dataclass(frozen=True)
class Journal:
    """Finished batches, kept in a folder until all are done.

    Parameters
    ----------
    folder : Path or None
        None keeps nothing.
    """

    folder: Path | None
    _found: dict[str, Part] = field(default_factory=dict, repr=False)

    def find(self, batch: Batch) -> Part | None:
        """What has come of a batch in an earlier run."""
        if self.folder is None:
            return None
        try:
            return Part.loads(self._file(batch).read_text(encoding="utf-8"))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep(self, batch: Batch, part: Part) -> Part:
        """Keep what has come of a batch; what to hold on to until all are done."""
        if self.folder is not None:
            self.folder.mkdir(exist_ok=True)
            with replacing(self._file(batch)) as beside:
                beside.write_text(part.dumps(), encoding="utf-8")
        return part

    def _file(self, batch: Batch) -> Path:
        assert self.folder is not None
        return self.folder / f"{batch.key[:32]}.json"


def run(
    batches: Sequence[Batch], executor: Executor | None, journal: Journal, progress: Progress | None
) -> list[Part]:
    """Run batches, those apart that an earlier run has finished.

    Parameters
    ----------
    batches : sequence of Batch
    executor : concurrent.futures.Executor or None
        One after another, here, where it is None.
    journal : Journal
    progress : callable or None

    Returns
    -------
    list of Part
        In the order of the batches.

    Raises
    ------
    LineplanError
        A day cannot be used: the first one, whichever was met first. Or a worker is gone.
    """
    parts = {n: part for n, batch in enumerate(batches) if (part := journal.find(batch))}
    total = sum(len(batch.days) for batch in batches)
    left = [n for n in range(len(batches)) if n not in parts]

    def said(number: int | None = None, part: Part | None = None) -> bool:
        """Take note of a part; whether to go on."""
        if number is not None and part is not None:
            parts[number] = part
            if part.bad and not batches[number].job.keep_going:
                return False
            parts[number] = journal.keep(batches[number], part)
        if progress is not None:
            progress(sum(len(batches[n].days) for n in parts), total)
        return True

    said()
    if executor is None:
        for number in left:
            if not said(number, batches[number].run()):
                break
    else:
        _run_on(executor, batches, left, said)
    for number in sorted(parts):
        if parts[number].bad and not batches[number].job.keep_going:
            day, reason = parts[number].bad[0]
            raise LineplanError(f"{day}: {reason}")
    return [parts[number] for number in range(len(batches))]


def _run_on(
    executor: Executor,
    batches: Sequence[Batch],
    left: Sequence[int],
    said: Callable[[int, Part], bool],
) -> None:
    futures: dict[Future[Part], int] = {}
    end = len(batches)  # the first batch that need not be worked on any more
    try:
        for number in left:
            batch = batches[number]
            archive, kind = batch.archive, type(batch)
            # What batches share is an argument of its own, so that an executor may send it once.
            shared = batch.job, archive.store
            future = executor.submit(
                run_batch, __version__, *shared, kind, archive.days, batch.days
            )
            futures[future] = number
        for future in as_completed(futures):
            number = futures.pop(future)  # with what it came to, which may be large
            if future.cancelled():
                if number >= end:
                    continue
                raise LineplanError("the executor has given up its work: it is closed, or gone")
            if not said(number, future.result()):
                end = min(end, number + 1)
                for other, later in futures.items():
                    if later >= end:
                        other.cancel()
    except BrokenExecutor:
        raise LineplanError(
            "a worker has ended before its time (killed, or out of memory); give fewer --workers"
        ) from None
    finally:
        for future in futures:
            future.cancel()


def run_batch(
    version: str,
    job: Job,
    store: Store,
    kind: type[Batch],
    present: tuple[date, ...],
    days: tuple[date, ...],
) -> Part:
    """Run a batch where an executor has put it, on this machine or another.

    Parameters
    ----------
    version : str
        Of the lineplan that sends it.
    job : Job
    store : Store
        Of the archive.
    kind : type of Batch
    present, days : tuple of datetime.date
        Of the archive, and of the batch.

    Returns
    -------
    Part

    Raises
    ------
    LineplanError
        This lineplan is of another version, or the inputs are not to be seen from here.
    """
    if version != __version__:
        raise LineplanError(
            f"{gethostname()}: a worker there has lineplan {__version__}, and this is lineplan "
            f"{version}; install the same on both"
        )
    for path in _needed(job, store):
        if not path.exists():
            unseen = (
                f"{path}: a worker on {gethostname()} does not see it; put it where all workers "
                "see it under that path"
            )
            if path == store.path:
                unseen += ", or pack it, and it travels along (lineplan data pack)"
            raise LineplanError(unseen)
    return kind(job, Archive(present, store), days).run()


def _needed(job: Job, store: Store) -> Iterator[Path]:
    """Files and folders that are read while a batch runs."""
    dataset = job.setting.dataset
    measures = any(plan.strips() for plan in job.plans)
    if store.kind != "packed":
        yield store.path
    if not dataset.is_embedded and (measures or store.kind != "packed"):
        yield dataset.folder
    if measures:
        yield from map(Path, job.lines.values())
        for plan in job.plans:
            if plan.folder is not None and any("." in strip.of for strip in plan.strips()):
                yield plan.folder


def reason_of(fault: Exception, source: str | None, job: Job) -> str:
    """A fault in one line, with the name of the source, and paths as the user gave them."""
    words = "; ".join(str(fault).splitlines())
    # The longest first: one source may lie in the folder of another.
    for absolute, given in sorted(job.named, key=lambda pair: len(pair[0]), reverse=True):
        inside = "" if given == "." else f"{given}{os.sep}"
        words = words.replace(f"{absolute}{os.sep}", inside)
        words = words.replace(absolute, given)
    return words if source is None or source in words else f"{source}: {words}"
