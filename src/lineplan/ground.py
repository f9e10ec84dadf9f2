"""Ground: units and a dated area of control, read, partitioned and ready for plans."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, get_args

import geopandas as gpd
import shapely

from lineplan import geodesy
from lineplan.baselines import Lines, source_of, strips_of
from lineplan.control import Control, read_control
from lineplan.control.read import terms_of
from lineplan.control.terms import Terms
from lineplan.dataset import Dataset, load_dataset
from lineplan.days import as_date
from lineplan.errors import ControlError, DatasetError, LineplanWarning, UsageError
from lineplan.features import sha256_of
from lineplan.partition import OnOverlap, Partition, partition
from lineplan.plan import Plan
from lineplan.units import read_units

MOST = 0.9
"""A source that claims more than this share of the units for one party is misread."""
LARGE_PIECE_KM2 = 20.0
"""Reassigned pieces larger than this are named one by one."""


@dataclass(frozen=True, eq=False)
class Ground:
    """What plans are laid over.

    Attributes
    ----------
    dataset : Dataset
    control : Control
    units : GeoDataFrame
        `unit_id`, `name`, `name_uk`, `name_ru`, `name_zh_hant`, `area_km2`, `geometry`.
    partition : Partition
        Of the units by holder.
    papers : dict
        What the units are, and how contested ground and border mismatches were counted.
    said : tuple of str
        What was assumed, dropped or repaired; `notes` has what was reassigned too.
    is_assessed : bool
        Whether figures on this ground can be compared with the dataset's assessments, which are
        on its units, after reconciliation.
    other_terms : tuple of Terms
        Of the sources of lines of other days, along which its faces are cut.
    """

    dataset: Dataset
    control: Control
    units: gpd.GeoDataFrame
    partition: Partition
    papers: dict[str, Any]
    said: tuple[str, ...]
    is_assessed: bool
    other_terms: tuple[Terms, ...] = ()

    @property
    def terms(self) -> tuple[Terms, ...]:
        """Of every source whose geometry is in the faces."""
        return (self.control.terms, *self.other_terms)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What was assumed, dropped, repaired or reassigned."""
        return (*self.said, *_piece_notes(self.partition))

    def cut_for(self, plans: Iterable[Plan], lines: Lines | None = None) -> Ground:
        """The ground with its faces cut along every distance that plans ask for.

        Parameters
        ----------
        plans : iterable of Plan
            With their parameters chosen.
        lines : mapping of date to str or Path, optional
            Sources of the line of contact of other days (see `lineplan.baselines.strips_of`).

        Returns
        -------
        Ground
            With the sources of the other lines among its papers (`other_lines`).

        Raises
        ------
        GeometryError, UsageError
            As `lineplan.baselines.strips_of`.
        """
        plans, lines = list(plans), lines or {}
        others = {
            strip.day.isoformat(): source_of(strip.day, plan, self.dataset, lines)
            for plan in plans
            for strip in plan.strips()
            if strip.day is not None
        }
        papers = {day: f"{path.name}, sha256 {sha256_of(path)}" for day, path in others.items()}
        strips = strips_of(plans, self.partition, self.dataset, lines)
        parted = self.partition.cut(strips) if strips else self.partition
        said = (*self.said, *parted.repairs[len(self.partition.repairs) :])
        given = {**self.papers, "other_lines": papers}
        terms = tuple(
            terms_of(path, self.dataset, date.fromisoformat(day)) for day, path in others.items()
        )
        return replace(self, partition=parted, papers=given, said=said, other_terms=terms)


@dataclass(frozen=True, eq=False)
class Setting:
    """Units and the rules by which they are parted, ready for the control of any day.

    Attributes
    ----------
    dataset : Dataset
    units : GeoDataFrame
        As of `Ground`.
    frontier : shapely geometry or None
        Coast and frontier, where the units are not the dataset's own.
    papers : dict
        As of `Ground`.
    notes : tuple of str
        What was assumed of the units.
    contested : str or None
        Party that contested ground is counted with.
    on_overlap : {"error", "contested", "first"}
    reconcile : bool
    """

    dataset: Dataset
    units: gpd.GeoDataFrame
    frontier: shapely.Geometry | None
    papers: dict[str, Any]
    notes: tuple[str, ...]
    contested: str | None
    on_overlap: OnOverlap
    reconcile: bool

    @property
    def given_units(self) -> gpd.GeoDataFrame | None:
        """The units where they are not the dataset's own: a source is read for them."""
        return None if self.frontier is None else self.units

    def lay(self, source: Control) -> Ground:
        """Part the units by the holders of one day.

        Parameters
        ----------
        source : Control

        Returns
        -------
        Ground

        Raises
        ------
        LineplanError
            The control of that day cannot be used.
        """
        parted = partition(
            self.units,
            source.claims,
            default_holder=source.unclaimed_by(self.dataset.default_holder),
            border_tolerance_km=self.dataset.border_tolerance_km,
            reconcile=self.reconcile,
            on_overlap=self.on_overlap,
            contested=self.contested,
            frontier=self.frontier,
            are_claims_complete=source.draws_every_party,
        )
        _check_overlap(parted, source)
        _check_share(parted, source, self.dataset)
        said = (*source.notes, *self.notes, *parted.repairs)
        is_assessed = self.frontier is None and self.reconcile
        return Ground(self.dataset, source, self.units, parted, self.papers, said, is_assessed)


def read_setting(
    *,
    dataset: str | Path | Dataset = "ukraine",
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
) -> Setting:
    """Read units and settle how they are parted.

    Parameters
    ----------
    dataset, units, unit_id, contested, on_overlap, reconcile
        As for `read_ground`.

    Returns
    -------
    Setting

    Raises
    ------
    LineplanError
        An input cannot be used.
    """
    dataset = dataset if isinstance(dataset, Dataset) else load_dataset(dataset)
    if contested != "apart":
        dataset.party(contested)
    if on_overlap not in get_args(OnOverlap):
        raise UsageError(f"on_overlap {on_overlap!r}? choose from {', '.join(get_args(OnOverlap))}")
    if unit_id is not None and units is None:
        raise UsageError("a column of ids (--unit-id) needs a file of units (--units)")
    frame, notes, papers = _units(units, unit_id, dataset)
    return Setting(
        dataset,
        frame.assign(area_km2=geodesy.area_m2(frame.geometry.to_numpy()) / 1e6),
        None if units is None else _frontier(dataset),
        {**papers, "contested": contested, "reconciled": reconcile},
        tuple(notes),
        None if contested == "apart" else contested,
        on_overlap,
        reconcile,
    )


def read_ground(
    *,
    dataset: str | Path | Dataset = "ukraine",
    control: str | Path | Control | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    as_of: str | date | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
) -> Ground:
    """Read units and a source of control, and partition the units by holder.

    Parameters
    ----------
    dataset : str, Path or Dataset
        Embedded dataset by name, or a folder.
    control : str, Path or Control, optional
        Source of control of any kind; the dataset's latest when not given. What more there is to
        say of it goes to `lineplan.read_control`, whose result is given here.
    units : str, Path or GeoDataFrame, optional
        Other administrative units: a file, or a frame with `unit_id`, `name` and `geometry`.
    unit_id : str, optional
        Column of `units` with their ids; found by looking when not given.
    as_of : str or datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.
    contested : str
        ``apart``, or the party that contested ground is counted with.
    on_overlap : {"error", "contested", "first"}
        What becomes of ground that two parties claim.
    reconcile : bool
        Give border mismatches to the holder they border most.

    Returns
    -------
    Ground

    Raises
    ------
    LineplanError
        An input cannot be used; the message says which, where and what to do.
    """
    day = as_date(as_of)
    if day is not None and day > datetime.now(UTC).date():
        raise UsageError(f"{day} lies in the future; a line of contact is of a day that has been")
    setting = read_setting(
        dataset=dataset,
        units=units,
        unit_id=unit_id,
        contested=contested,
        on_overlap=on_overlap,
        reconcile=reconcile,
    )
    source = control
    if not isinstance(source, Control):
        source = read_control(source, setting.dataset, as_of=day, units=setting.given_units)
    elif day is not None and day != source.as_of:
        raise ControlError(f"{source.source}: is a state of {source.as_of}, not of {day}")
    ground = setting.lay(source)
    for note in ground.notes:
        if "stays with" in note:
            warnings.warn(note, LineplanWarning, stacklevel=3)
    return ground


def _units(
    units: str | Path | gpd.GeoDataFrame | None,
    unit_id: str | None,
    dataset: Dataset,
) -> tuple[gpd.GeoDataFrame, list[str], dict[str, str]]:
    """The units, what to say of them, and their papers for the conditions."""
    if units is None:
        file = dataset.file("units")
        papers = {"source": file.title, "viewpoint": file.viewpoint, "licence": file.licence}
        papers |= {"date": file.as_of.isoformat(), "sha256": file.sha256}
        return dataset.units(), [], {f"units_{key}": value for key, value in papers.items()}
    if isinstance(units, gpd.GeoDataFrame):
        name, sha256, frame, notes = "units", "", _checked_units(units), []
    else:
        match = read_units(units, dataset, unit_id=unit_id)
        name, sha256, frame = match.name, match.sha256, match.frame
        notes = [*match.notes, match.description]
    papers = {"source": name, "viewpoint": "as in the file given", "licence": "", "date": ""}
    papers |= {"sha256": sha256}
    return frame, notes, {f"units_{key}": value for key, value in papers.items()}


def _checked_units(units: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """A user's frame of units, in EPSG:4326 and with the columns that are relied on."""
    if "unit_id" not in units.columns:
        raise DatasetError(f"units: have no column 'unit_id'; they have {', '.join(units.columns)}")
    if units.crs is None:
        raise DatasetError("units: state no coordinate reference system; use set_crs")
    twice = sorted(set(units.loc[units["unit_id"].duplicated(), "unit_id"].astype(str)))
    if twice:
        raise DatasetError(f"units: unit_id {', '.join(twice)} stands in more than one row")
    if units.geometry.name != "geometry":
        units = units.rename_geometry("geometry")
    units = units.to_crs("EPSG:4326").reset_index(drop=True)
    absent = [c for c in ("name", "name_uk", "name_ru", "name_zh_hant") if c not in units.columns]
    return units.assign(**{c: units["unit_id"] if c == "name" else "" for c in absent})


def _frontier(dataset: Dataset) -> shapely.Geometry:
    """Coast and frontier of the whole country, without the borders between its units."""
    return shapely.boundary(shapely.union_all(dataset.units().geometry.to_numpy(), grid_size=1e-9))


def _check_overlap(parted: Partition, source: Control) -> None:
    if parted.proof.inside_units_km2 > 0:
        return
    west, south, east, north = source.claims.total_bounds
    hint = ""
    u_west, u_south, u_east, u_north = parted.faces.total_bounds
    if south < u_east and north > u_west and west < u_north and east > u_south:
        hint = " (are longitude and latitude swapped?)"
    raise ControlError(
        f"{source.source}: none of its ground ({west:.2f}, {south:.2f} to {east:.2f}, {north:.2f}) "
        f"lies in the units ({u_west:.2f}, {u_south:.2f} to {u_east:.2f}, {u_north:.2f}){hint}"
    )


def _check_share(parted: Partition, source: Control, dataset: Dataset) -> None:
    """Refuse a source that seems to draw every party, and does not say which is which."""
    share = parted.proof.inside_units_km2 * 1e6 / parted.faces["area_m2"].sum()
    if source.is_holder_assumed and share > MOST:
        raise ControlError(
            f"{source.source}: its polygons cover {share:.0%} of the units and do not say who "
            "holds them; if the source draws every party, give each polygon a column held_by "
            f"({', '.join(party.id for party in dataset.parties)}, contested, unknown)"
        )


def _piece_notes(parted: Partition) -> list[str]:
    """Every large piece reassigned, and every piece that stayed, by name and place."""
    notes = []
    table = parted.reassigned
    is_large = table.groupby("piece")["area_km2"].transform("sum") > LARGE_PIECE_KM2
    for number, rows in table[is_large | (table["action"] == "kept")].groupby("piece", sort=True):
        row, km2 = rows.iloc[0], rows["area_km2"].sum()
        where = f"{', '.join(rows['unit_id'])} near {row['lon']:.3f}, {row['lat']:.3f}"
        if row["action"] == "kept":
            notes.append(
                f"border piece {number}, {km2:,.1f} km² in {where}, stays with {row['held_by']}: "
                f"it reaches {row['reach_km']:.1f} km inland"
            )
        else:
            notes.append(
                f"border piece {number}, {km2:,.1f} km² in {where}, reassigned from "
                f"{row['held_by_mapped']} to {row['held_by']}"
            )
    return notes
