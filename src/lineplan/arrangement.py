"""The territorial arrangement: what a plan would make of every piece of ground, with its papers."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from lineplan import geodesy
from lineplan.control import Control, read_control
from lineplan.dataset import Dataset, load_dataset, read_units
from lineplan.errors import (
    ConflictError,
    ControlError,
    DatasetError,
    LineplanWarning,
    UsageError,
)
from lineplan.labels import catalogue
from lineplan.partition import OnOverlap, Partition, partition
from lineplan.plan import (
    AS_HELD,
    NO_PARTY,
    TERMS,
    UNSPECIFIED,
    Clause,
    Plan,
    Value,
    load_plan,
)

if TYPE_CHECKING:
    from lineplan.webmap import PlanMap

OUTLINE_SHARE = 0.0005
"""Two outlines of one unit differ in area by up to this share."""
MOST = 0.9
"""A source that claims more than this share of the units for one party is misread."""
LARGE_PIECE_KM2 = 20.0
"""Reassigned pieces larger than this are named one by one."""

BY: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "unit": ("unit_id", "unit_name"),
    "held_by": ("held_by",),
    "clause": ("clause_id",),
}
"""What areas can be broken down by, and the columns each key gives."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A plan laid over units and a dated area of control.

    Attributes
    ----------
    plan : Plan
    dataset : Dataset
    control : Control
    zones : GeoDataFrame
        One row for each unit, holder, status and clause (EPSG:4326): `zone_id`, `unit_id`,
        `unit_name`, `held_by`, `status`, `status_label`, `clause_id` ("" where no clause
        speaks), `to_be_held_by`, `administration`, `forces`, `recognized_as`, `recognition`,
        `recognized_by`, `area_km2`, `area_sq_mi`, `share_of_unit`, `geometry`. What the text
        does not set is ``unspecified``.
    line : GeoDataFrame
        The line of contact, as in `Partition.line`.
    line_by_unit : DataFrame
        Its length in each unit, as in `Partition.line_by_unit`.
    units : GeoDataFrame
        `unit_id`, `name`, `name_uk`, `name_ru`, `name_zh_hant`, `area_km2`, `geometry`.
    reassigned : GeoDataFrame
        As in `Partition.reassigned`.
    conditions : dict
        Everything a figure depends on: plan and date of its text, readings, parameters, source
        and date of the line, its age, units and their viewpoint, reconciliation, accuracy.
    """

    plan: Plan
    dataset: Dataset
    control: Control
    zones: gpd.GeoDataFrame
    line: gpd.GeoDataFrame
    line_by_unit: pd.DataFrame
    units: gpd.GeoDataFrame
    reassigned: gpd.GeoDataFrame
    conditions: dict[str, Any]
    _assessed: pd.DataFrame = field(repr=False)

    def areas(
        self, by: str | Sequence[str] = ("status", "held_by"), *, status: str | None = None
    ) -> pd.DataFrame:
        """Areas on the ellipsoid.

        Parameters
        ----------
        by : str or sequence of str
            Of ``status``, ``unit``, ``held_by``, ``clause``.
        status : str, optional
            Only ground of this status.

        Returns
        -------
        DataFrame
            The keys asked for (`status`; `unit_id` and `unit_name`; `held_by`; `clause_id`),
            `status_label` with `status`, `area_km2`, `area_sq_mi` (square statute miles),
            `share_of_units` (of all units, 0 to 1), with `unit_id` also `share_of_unit`, and
            `assessed_min_km2`, `assessed_max_km2`: the range over the assessments known for the
            day of the line (NaN where none are).

        Raises
        ------
        UsageError
            A key or status is unknown.
        """
        keys = _columns_by(by)
        zones: pd.DataFrame = self.zones
        assessed = self._assessed
        if status is not None:
            known = sorted(set(zones["status"]))
            if status not in known:
                raise UsageError(
                    f"{self.plan.id} gives no ground status {status!r}; it has {', '.join(known)}"
                )
            zones = zones[zones["status"] == status]
            assessed = assessed[assessed["status"] == status]
        grouped = zones.groupby(keys, sort=False)
        table = grouped.agg(area_km2=("area_km2", "sum")).reset_index()
        if "status" in keys:
            labels = [self._label_of(rows) for _, rows in grouped]
            table.insert(keys.index("status") + 1, "status_label", labels)
        table["area_sq_mi"] = table["area_km2"] / geodesy.SQUARE_MILE_KM2
        table["share_of_units"] = table["area_km2"] / self.units["area_km2"].sum()
        if "unit_id" in keys:
            unit_km2 = self.units.set_index("unit_id")["area_km2"]
            table["share_of_unit"] = table["area_km2"] / table["unit_id"].map(unit_km2)
        low, high = _assessed_range(assessed, keys, table)
        return table.assign(assessed_min_km2=low, assessed_max_km2=high)

    def _label_of(self, zones: pd.DataFrame) -> str:
        """One label for zones of one status: what all of theirs say, and no more than that."""
        labels = list(dict.fromkeys(zones["status_label"]))
        shortest = min(labels, key=len)
        if all(label.startswith(shortest) for label in labels):
            return shortest
        status, recognized_as, held_by = (
            values.pop() if len(values := set(zones[column])) == 1 else ""
            for column in ("status", "recognized_as", "held_by")
        )
        words = catalogue("en")
        return words.short_label(
            status, dataset=self.dataset, recognized_as=recognized_as, held_by=held_by
        )

    def headline(self, status: str) -> dict[str, float]:
        """The figure for one status, rounded to what the known assessments support.

        Parameters
        ----------
        status : str

        Returns
        -------
        dict
            `area_km2`, `low_km2` and `high_km2` (NaN where no assessment is known) and
            `rounded_km2`.
        """
        row = self.areas("status", status=status).iloc[0]
        area, low, high = row["area_km2"], row["assessed_min_km2"], row["assessed_max_km2"]
        # The first digit of the range is the last that means anything. Ground that is the same
        # in every assessment has three digits, ground without any assessment two.
        spread = high - low if high > low else area / (100 if high == low else 10)
        step = 10.0 ** np.floor(np.log10(spread)) if spread > 0 else 1.0
        return {
            "area_km2": float(area),
            "low_km2": float(low),
            "high_km2": float(high),
            "rounded_km2": float(round(area / step) * step),
        }

    def map(self, **options: Any) -> PlanMap:
        """The self-contained HTML map; see `lineplan.webmap.build_map` for the options."""
        from lineplan.webmap import build_map

        return build_map(self, **options)

    def write(self, path: str | Path, *, layer: str | None = None) -> Path:
        """Write to a file by its ending; see `lineplan.export.write_arrangement`."""
        from lineplan.export import write_arrangement

        return write_arrangement(self, path, layer=layer)

    def places(self, **options: Any) -> pd.DataFrame:
        """Populated places with the zone they lie in; see `lineplan.exposure.find_places`."""
        from lineplan.exposure import find_places

        return find_places(self, **options)

    def locate(self, lon: Any, lat: Any) -> pd.DataFrame:
        """What would hold at points; see `lineplan.exposure.locate_points`."""
        from lineplan.exposure import locate_points

        return locate_points(self, lon, lat)

    def _repr_html_(self) -> str:
        from html import escape

        said = self.conditions
        head = f"{said['plan_title']}: line of {said['line_date']}, {said['line_source']}"
        table = self.areas().round({"area_km2": 0, "area_sq_mi": 0, "share_of_units": 4})
        return f"<p><strong>{escape(head)}</strong></p>{table.to_html(index=False)}"


def arrange(
    plan: str | Path | Plan = "point21",
    *,
    dataset: str | Path | Dataset = "ukraine",
    control: str | Path | Control | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    as_of: str | date | None = None,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
) -> Arrangement:
    """Lay a plan over units and a dated area of control.

    Parameters
    ----------
    plan : str, Path or Plan
        Id of a plan of the dataset, a plan file, or a plan.
    dataset : str, Path or Dataset
        Embedded dataset by name, or a folder.
    control : str, Path or Control, optional
        Source of control; the dataset's latest when not given.
    units : str, Path or GeoDataFrame, optional
        Other administrative units: a file, or a frame with `unit_id`, `name` and `geometry`.
    unit_id : str, optional
        Column of `units` with their ids; found by looking when not given.
    as_of : str or datetime.date, optional
        The latest state on or before this day of a dated source; the date of an undated one.
    set : mapping, optional
        Parameter values of the plan.
    readings : mapping, optional
        Reading id by clause id.
    contested : str
        ``apart``, or the party that contested ground is counted with.
    on_overlap : {"error", "contested", "first"}
        What becomes of ground that two parties claim.
    reconcile : bool
        Give border mismatches to the holder they border most.

    Returns
    -------
    Arrangement

    Raises
    ------
    LineplanError
        An input cannot be used; the message says which, where and what to do.
    """
    dataset = dataset if isinstance(dataset, Dataset) else load_dataset(dataset)
    chosen = plan if isinstance(plan, Plan) else load_plan(plan, dataset)
    chosen = chosen.choose(set=set, readings=readings)
    if contested != "apart":
        dataset.party(contested)
    if on_overlap not in get_args(OnOverlap):
        raise UsageError(f"on_overlap {on_overlap!r}? choose from {', '.join(get_args(OnOverlap))}")
    day = as_date(as_of)
    if day is not None and day > datetime.now(UTC).date():
        raise UsageError(f"{day} lies in the future; a line of contact is of a day that has been")
    if unit_id is not None and units is None:
        raise UsageError("a column of ids (--unit-id) needs a file of units (--units)")
    source = control
    if not isinstance(source, Control):
        source = read_control(source, dataset, as_of=day)
    elif day is not None and day != source.as_of:
        raise ControlError(f"{source.source}: is a state of {source.as_of}, not of {day}")
    frame, unit_notes, units_papers = _units(units, unit_id, dataset, chosen)
    own_units = units is None
    parted = partition(
        frame,
        source.claims,
        default_holder=dataset.default_holder,
        border_tolerance_km=dataset.border_tolerance_km,
        reconcile=reconcile,
        on_overlap=on_overlap,
        contested=None if contested == "apart" else contested,
        frontier=None if own_units else _frontier(dataset),
    )
    _check_overlap(parted, source)
    _check_share(parted, source, dataset)
    notes = [*source.notes, *unit_notes, *parted.repairs, *_piece_notes(parted)]
    for note in notes:
        if "stays with" in note:
            warnings.warn(note, LineplanWarning, stacklevel=2)
    zones = apply(chosen, parted)
    units_out = frame.assign(area_km2=geodesy.area_m2(frame.geometry.to_numpy()) / 1e6)
    zones = _described(zones, units_out, chosen, dataset, source)
    # The assessments are on the dataset's units, after reconciliation.
    comparable = own_units and reconcile
    assessed = _assess(chosen, dataset, units_out, source) if comparable else _no_assessment()
    notes += _unused_clauses(chosen, zones)
    conditions = _conditions(chosen, dataset, source, parted)
    conditions |= {
        **units_papers,
        "assessed_range_km2": _ranges(assessed),
        "contested": contested,
        "reconciled": reconcile,
        "notes": notes,
    }
    return Arrangement(
        chosen,
        dataset,
        source,
        zones,
        parted.line,
        parted.line_by_unit,
        units_out,
        parted.reassigned,
        conditions,
        assessed,
    )


def apply(plan: Plan, parted: Partition) -> gpd.GeoDataFrame:
    """Give every face its status: a look-up on unit and holder.

    Parameters
    ----------
    plan : Plan
        With its parameters chosen (`Plan.choose`).
    parted : Partition

    Returns
    -------
    GeoDataFrame
        Faces dissolved by (`unit_id`, `held_by`, `status`, `clause_id`), with what the clause
        sets (`to_be_held_by`, `administration`, `forces`, `recognized_as`, `recognition`,
        `recognized_by`), `area_km2` and `geometry` (EPSG:4326).

    Raises
    ------
    ConflictError
        Two clauses speak of the same ground and neither overrides the other.
    """
    faces = parted.faces
    ground = faces[["unit_id", "held_by"]].drop_duplicates(ignore_index=True)
    area_km2 = faces.groupby(["unit_id", "held_by"])["area_m2"].sum() / 1e6
    clauses = _look_up(plan, ground, area_km2)
    keyed = faces.merge(clauses, on=["unit_id", "held_by"], how="left")
    rows = []
    keys = ["unit_id", "held_by", "status", "clause_id", *TERMS]
    for key, part in keyed.groupby(keys, sort=True):
        geometry = shapely.coverage_union_all(part.geometry.to_numpy())
        rows.append([*key, part["area_m2"].sum() / 1e6, geometry])
    frame = pd.DataFrame(rows, columns=[*keys, "area_km2", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs="EPSG:4326")


def _look_up(plan: Plan, ground: pd.DataFrame, area_km2: pd.Series[float]) -> pd.DataFrame:
    """Status, clause and terms for each row (`unit_id`, `held_by`) of `ground`."""
    caught = {c.id: _selects(c, ground) for c in plan.clause}
    selected = {clause_id: mask.copy() for clause_id, mask in caught.items()}
    for clause in plan.clause:
        for overridden in clause.overrides:
            selected[overridden] &= ~caught[clause.id]
    taken: dict[str, np.ndarray[Any, np.dtype[np.bool_]]] = {}
    for clause_id, mask in selected.items():
        for other, others in taken.items():
            both = ground[mask & others]
            if len(both):
                km2 = area_km2.reindex(pd.MultiIndex.from_frame(both)).sum()
                raise ConflictError(
                    f"{plan.id}: clauses {other} and {clause_id} both speak of {km2:,.1f} km² "
                    f"({', '.join(sorted(set(both['unit_id'])))}); let one name the other in "
                    "overrides"
                )
        taken[clause_id] = mask
    result = ground.assign(
        status=plan.elsewhere, clause_id="", **dict.fromkeys(TERMS, "unspecified")
    )
    for clause in plan.clause:
        mask = selected[clause.id]
        result.loc[mask, ["status", "clause_id"]] = [clause.status, clause.id]
        for term in TERMS:
            result.loc[mask, term] = clause.said(term)
    holder = result["held_by"].where(~result["held_by"].isin(NO_PARTY), UNSPECIFIED)
    for term in ("to_be_held_by", "recognized_as"):
        result[term] = result[term].where(result[term] != AS_HELD, holder)
    return result


def _selects(clause: Clause, ground: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.bool_]]:
    where = clause.where
    mask = np.ones(len(ground), dtype=bool)
    if where.units:
        mask &= ground["unit_id"].isin(where.units).to_numpy()
    if where.not_units:
        mask &= ~ground["unit_id"].isin(where.not_units).to_numpy()
    if where.held_by:
        mask &= ground["held_by"].isin(where.held_by).to_numpy()
    return mask


def as_date(value: str | date | None) -> date | None:
    """A date, or its text as ``YYYY-MM-DD``; UsageError for any other text."""
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        raise UsageError(f"{value!r} is not a date; write YYYY-MM-DD")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{value!r} is no day of the calendar") from None


def _units(
    units: str | Path | gpd.GeoDataFrame | None,
    unit_id: str | None,
    dataset: Dataset,
    plan: Plan,
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
    missing = [u for u in plan.named_units() if u not in set(frame["unit_id"])]
    if missing:
        raise DatasetError(
            f"{name}: plan {plan.id} names {', '.join(plan.named_units())}; the file has "
            f"{', '.join(map(str, frame['unit_id']))}; missing: {', '.join(missing)}"
        )
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
    for number, rows in parted.reassigned.groupby("piece", sort=True):
        row, km2 = rows.iloc[0], rows["area_km2"].sum()
        where = f"{', '.join(rows['unit_id'])} near {row['lon']:.3f}, {row['lat']:.3f}"
        if row["action"] == "kept":
            notes.append(
                f"border piece {number}, {km2:,.1f} km² in {where}, stays with {row['held_by']}: "
                f"it reaches {row['reach_km']:.1f} km inland"
            )
        elif km2 > LARGE_PIECE_KM2:
            notes.append(
                f"border piece {number}, {km2:,.1f} km² in {where}, reassigned from "
                f"{row['held_by_mapped']} to {row['held_by']}"
            )
    return notes


def _unused_clauses(plan: Plan, zones: gpd.GeoDataFrame) -> list[str]:
    used = {*zones["clause_id"]}
    return [f"{plan.id}: clause {c.id} catches no ground" for c in plan.clause if c.id not in used]


def _described(
    zones: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    plan: Plan,
    dataset: Dataset,
    source: Control,
) -> gpd.GeoDataFrame:
    """`zones` with ids, names, labels and shares, in the order of the text."""
    words = catalogue("en")
    by_id = units.set_index("unit_id")
    zones = zones.assign(
        zone_id=["/".join((z.unit_id, z.held_by, z.clause_id or "-")) for z in zones.itertuples()],
        unit_name=zones["unit_id"].map(by_id["name"]),
        status_label=[
            words.status_label(
                z.status,
                held_by=z.held_by,
                to_be_held_by=z.to_be_held_by,
                recognized_as=z.recognized_as,
                recognition=z.recognition,
                recognized_by=z.recognized_by,
                dataset=dataset,
                date=source.as_of,
                plan_title=words.name(plan.title),
            )
            for z in zones.itertuples()
        ],
        area_sq_mi=zones["area_km2"] / geodesy.SQUARE_MILE_KM2,
        share_of_unit=zones["area_km2"] / zones["unit_id"].map(by_id["area_km2"]),
    )
    order = [c.id for c in plan.clause] + [""]
    zones = zones.sort_values(
        ["clause_id", "unit_id", "held_by"],
        key=lambda column: column.map(order.index) if column.name == "clause_id" else column,
        ignore_index=True,
    )
    columns = ["zone_id", "unit_id", "unit_name", "held_by", "status", "status_label", "clause_id"]
    columns += [*TERMS, "area_km2", "area_sq_mi", "share_of_unit", "geometry"]
    return zones[columns]


def _columns_by(by: str | Sequence[str]) -> list[str]:
    keys: list[str] = []
    for key in [by] if isinstance(by, str) else by:
        name = {"unit_id": "unit", "clause_id": "clause"}.get(key, key)
        if name not in BY:
            raise UsageError(f"areas by {key!r}? choose from {', '.join(BY)}")
        keys += [column for column in BY[name] if column not in keys]
    if not keys:
        raise UsageError(f"areas need at least one key of {', '.join(BY)}")
    return keys


def _no_assessment() -> pd.DataFrame:
    columns = ["unit_id", "unit_name", "held_by", "status", "clause_id", "assessment", "km2"]
    return pd.DataFrame({c: [] for c in columns})


def _assess(plan: Plan, dataset: Dataset, units: gpd.GeoDataFrame, source: Control) -> pd.DataFrame:
    """What each known assessment of the line's day gives for every unit, holder and clause."""
    try:
        file = dataset.file("assessments")
    except DatasetError:
        return _no_assessment()
    if source.as_of != file.as_of:
        return _no_assessment()
    held = dataset.assessments()
    unit_km2 = units.set_index("unit_id")["area_km2"]
    grid = pd.MultiIndex.from_product([unit_km2.index, held["assessment"].unique()])
    claimed = held.groupby(["unit_id", "assessment"])["km2"].sum().reindex(grid, fill_value=0.0)
    # What is left of a unit held whole is the difference of two outlines of it, not ground.
    whole_km2 = unit_km2.reindex(grid.get_level_values(0)).to_numpy()
    rest = (whole_km2 - claimed).where(lambda km2: km2 > whole_km2 * OUTLINE_SHARE, 0.0)
    default = pd.DataFrame(
        {
            "unit_id": grid.get_level_values(0),
            "assessment": grid.get_level_values(1),
            "held_by": dataset.default_holder,
            "km2": rest.to_numpy(),
        }
    )
    table = pd.concat([held, default], ignore_index=True)
    ground = table[["unit_id", "held_by"]].drop_duplicates(ignore_index=True)
    try:
        clauses = _look_up(plan, ground, table.groupby(["unit_id", "held_by"])["km2"].max())
    except ConflictError:
        # The clauses agree on the line used here, and not on that of every assessment.
        return _no_assessment()
    names = units.set_index("unit_id")["name"]
    return table.merge(clauses, on=["unit_id", "held_by"]).assign(
        unit_name=lambda t: t["unit_id"].map(names)
    )


def _ranges(assessed: pd.DataFrame) -> dict[str, list[float]]:
    """Lowest and highest assessment of each status, in km²."""
    sums = assessed.groupby(["status", "assessment"])["km2"].sum().groupby("status")
    low, high = sums.min(), sums.max()
    return {str(status): [float(low[status]), float(high[status])] for status in low.index}


def _assessed_range(
    assessed: pd.DataFrame, keys: list[str], table: pd.DataFrame
) -> tuple[Sequence[float], Sequence[float]]:
    """Lowest and highest assessment for each row of `table`."""
    if assessed.empty:
        return [np.nan] * len(table), [np.nan] * len(table)
    per_assessment = (
        assessed.groupby([*keys, "assessment"])["km2"].sum().unstack("assessment", fill_value=0.0)
    )
    index = pd.MultiIndex.from_frame(table[keys]) if len(keys) > 1 else pd.Index(table[keys[0]])
    per_assessment = per_assessment.reindex(index)
    return per_assessment.min(axis=1).to_numpy(), per_assessment.max(axis=1).to_numpy()


def today() -> date:
    """Today, or the day of ``SOURCE_DATE_EPOCH`` where it is set, so that output can repeat."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if not epoch:
        return datetime.now(UTC).date()
    try:
        return datetime.fromtimestamp(int(epoch), UTC).date()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"SOURCE_DATE_EPOCH {epoch!r} is not a number of seconds") from None


def _conditions(plan: Plan, dataset: Dataset, source: Control, parted: Partition) -> dict[str, Any]:
    from lineplan import __version__

    line, moved = parted.line, parted.reassigned
    length_km = float(line["length_km"].sum())
    segments = int(line["vertices"].sum() - len(line))
    moved = moved[moved["action"] == "reassigned"]
    return {
        "plan_id": plan.id,
        "plan_title": catalogue("en").name(plan.title),
        "plan_text_date": plan.date.isoformat(),
        "in_force": plan.in_force,
        "readings": list(plan.chosen_readings),
        "parameters": plan.parameter_values,
        "line_source": source.source,
        "line_source_attribution": source.attribution,
        "line_source_sha256": source.sha256,
        "line_date": source.as_of.isoformat() if source.as_of else None,
        "line_age_days": max(0, (today() - source.as_of).days) if source.as_of else None,
        "line_length_km": length_km,
        "line_vertex_spacing_km": length_km / segments if segments else None,
        "control_class": source.control_class,
        "default_holder": dataset.default_holder,
        "legal_baseline": dataset.manifest.legal_baseline,
        "border_tolerance_km": dataset.border_tolerance_km,
        "reassigned_km2": float(moved["area_km2"].sum()),
        "reassigned_pieces": int(moved["piece"].nunique()),
        "outside_units_km2": parted.proof.outside_units_km2,
        "conservation_error_m2": parted.proof.conservation_error_m2,
        "generated": today().isoformat(),
        "lineplan_version": __version__,
    }
