"""Baselines: what the distances of a plan are measured from, and the ground they give."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path

import shapely

from lineplan import geodesy
from lineplan.control import read_control
from lineplan.dataset import Dataset
from lineplan.days import as_date
from lineplan.errors import GeometryError, LineplanError, UsageError
from lineplan.features import read_features
from lineplan.partition import Partition, partition
from lineplan.partition.noding import GRID_DEG
from lineplan.plan import LINE, Plan, Strip
from lineplan.plan.file import read_baseline

Lines = Mapping[datetime.date, str | Path]
"""Sources of control, or files of lines, by the day whose line of contact they give."""


def columns_of(strip: Strip, plan: Plan) -> dict[str, bool]:
    """Columns of faces that together say whether they lie in a strip.

    Parameters
    ----------
    strip : Strip
        With its distance settled.
    plan : Plan
        Beside which the file lies that the strip may name.

    Returns
    -------
    dict of str to bool
        What the column of each name must be. Distance and side are apart, and right is what is not
        left: so rings meet in one edge, and so do the two sides of a line.
    """
    of = _baseline_of(strip, plan)
    near = {f"{strip.km} km of {of}": True}
    # The two sides of the day's own line are a question of holders, not of geometry.
    if strip.side == "both" or strip.of == LINE:
        return near
    if strip.is_of_contact or strip.side == "left":
        return {**near, f"{strip.side} of {of}": True}
    return {**near, f"right of {of}": True, f"left of {of}": False}


def _baseline_of(strip: Strip, plan: Plan) -> str:
    """One name for what a strip is measured from, whichever plan names it."""
    if "." in strip.of and plan.folder is not None:
        return str((plan.folder / strip.of).resolve())
    return strip.of


def strips_of(
    plans: Iterable[Plan], parted: Partition, dataset: Dataset, lines: Lines | None = None
) -> dict[str, shapely.Geometry]:
    """Ground within every distance that plans ask for.

    Parameters
    ----------
    plans : iterable of Plan
        With their parameters chosen (`Plan.choose`).
    parted : Partition
        Whose line of contact is meant by ``line``.
    dataset : Dataset
        Whose features the plans name.
    lines : mapping of date to str or Path, optional
        For ``line@DAY``: a source of control of that day, or a file of lines. Without it a
        control file of the dataset of that day is taken.

    Returns
    -------
    dict of str to shapely geometry
        By the names that `columns_of` gives, in degrees, for `Partition.cut`.

    Raises
    ------
    GeometryError
        A file cannot be used, or a side is asked for of what is no line.
    UsageError
        The line of a day is asked for and neither given nor in the dataset.
    """
    asked = [(plan, strip, _baseline_of(strip, plan)) for plan in plans for strip in plan.strips()]
    # Both sides of a line are made at one width, a little more than the widest strip beside it.
    widest: dict[str, float] = {}
    for _, strip, of in asked:
        if strip.side != "both":
            widest[of] = max(widest.get(of, 0.0), float(strip.km) * 1.02)
    found: dict[str, shapely.Geometry] = {}
    for plan, strip, of in asked:
        names = columns_of(strip, plan)
        if all(name in found for name in names):
            continue
        try:
            ground = _ground(strip, plan, parted, dataset, lines or {}, widest.get(of, 0.0))
        except GeometryError as fault:
            raise GeometryError(f"{plan.id}: {strip}: {fault}") from None
        found = dict(zip(names, ground, strict=True)) | found
    return found


def given_lines(
    lines: Mapping[str | datetime.date, str | Path] | None,
) -> dict[datetime.date, str | Path]:
    """Lines by day, whose files are there.

    Parameters
    ----------
    lines : mapping, optional
        As for `lineplan.arrange`.

    Returns
    -------
    dict of date to str or Path

    Raises
    ------
    GeometryError
        There is no such file.
    UsageError
        A key is no day.
    """
    days = {day: file for given, file in (lines or {}).items() if (day := as_date(given))}
    for day, file in days.items():
        if not Path(file).exists():
            raise GeometryError(f"{file}: no such file; it is to give the line of {day} (--line)")
    return days


def source_of(day: datetime.date, plan: Plan, dataset: Dataset, lines: Lines) -> Path:
    """File that gives the line of contact of another day.

    Parameters
    ----------
    day : datetime.date
    plan : Plan
        That measures from it.
    dataset : Dataset
        Whose control file of that day is taken where `lines` has none.
    lines : mapping of date to str or Path

    Returns
    -------
    Path

    Raises
    ------
    UsageError
        There is none.
    """
    if day in lines:
        return Path(lines[day])
    for file in dataset.files:
        if file.role == "control" and file.as_of == day:
            return dataset.folder / file.path
    raise UsageError(
        f"{plan.id}: measures from the line of {day}, which the dataset does not have; "
        f"give a source of control of that day, or a file of lines: --line {day}=FILE"
    )


def _ground(
    strip: Strip,
    plan: Plan,
    parted: Partition,
    dataset: Dataset,
    lines: Lines,
    beside_km: float,
) -> list[shapely.Geometry]:
    """What `columns_of` names: ground within the distance and, for one side, on it."""
    km = float(strip.km)
    if strip.of == LINE:
        return [_widened(shapely.union_all(parted.line.geometry.to_numpy()), km)]
    if strip.day is not None:
        return _of_day(strip, strip.day, plan, dataset, lines)
    baseline = read_baseline(strip.of, plan.folder, dataset)
    sides = {"both": (), "left": ("left",), "right": ("right", "left")}[strip.side]
    return [_widened(baseline, km), *(_widened(baseline, beside_km, side) for side in sides)]


def _widened(baseline: shapely.Geometry, km: float, side: str = "both") -> shapely.Geometry:
    if baseline.is_empty:
        return shapely.MultiPolygon()
    if km == 0:
        parts = shapely.get_parts(baseline)
        return shapely.union_all(parts[shapely.get_dimensions(parts) == 2])
    return geodesy.strip(baseline, km, side=side)  # type: ignore[arg-type]


def _of_day(
    strip: Strip, day: datetime.date, plan: Plan, dataset: Dataset, lines: Lines
) -> list[shapely.Geometry]:
    """Ground within a distance of the line of another day; who held it then, for one side."""
    source = source_of(day, plan, dataset, lines)
    if (line := _drawn_line(source)) is not None:
        if strip.side != "both":
            raise UsageError(
                f"{plan.id}: asks for the {strip.side} side of the line of {day}; {source.name} "
                "draws the line and does not say who held which side: give a source of control"
            )
        return [_widened(line, float(strip.km))]
    control = read_control(source, dataset, as_of=day)
    then = partition(
        dataset.units(),
        control.claims,
        default_holder=control.unclaimed_by(dataset.default_holder),
        border_tolerance_km=dataset.border_tolerance_km,
        on_overlap="contested",
        are_claims_complete=control.draws_every_party,
    )
    ground = [_widened(shapely.union_all(then.line.geometry.to_numpy()), float(strip.km))]
    if strip.side != "both":
        held = then.faces.loc[then.faces["held_by"] == strip.side].geometry.to_numpy()
        ground.append(shapely.union_all(held, grid_size=GRID_DEG))
    return ground


def _drawn_line(source: Path) -> shapely.Geometry | None:
    """The lines of a file that has lines only; None for anything else."""
    try:
        shapes = read_features(source).frame.geometry.to_numpy()
    except LineplanError:
        return None
    if not len(shapes) or (shapely.get_dimensions(shapes) != 1).any():
        return None
    return shapely.union_all(shapes)
