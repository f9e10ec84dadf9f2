"""The territorial arrangement: what a plan would make of every piece of ground, with its papers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import geopandas as gpd
import numpy as np
import pandas as pd

from lineplan import geodesy
from lineplan.assessments import assess, assessed_range, ranges
from lineplan.baselines import given_lines
from lineplan.control import Control
from lineplan.control.terms import check_passing_on
from lineplan.dataset import Dataset
from lineplan.days import today
from lineplan.errors import DatasetError, UsageError
from lineplan.ground import Ground, Setting, read_ground
from lineplan.labels import Catalogue, catalogue
from lineplan.partition import OnOverlap
from lineplan.plan import TERMS, Plan, Value
from lineplan.plan.file import dataset_of, load_plan
from lineplan.reporting import ReportAreas, split_by
from lineplan.zoning import apply

if TYPE_CHECKING:
    from lineplan.webmap import PlanMap

Frame = TypeVar("Frame", bound=pd.DataFrame)

BY: dict[str, tuple[str, ...]] = {
    "status": ("status",),
    "unit": ("unit_id", "unit_name"),
    "held_by": ("held_by",),
    "clause": ("clause_id",),
}
"""What areas can be broken down by, and the columns each key gives."""
PERMISSION = "stated by whoever made this file"
"""What conditions say of a source whose terms do not let its geometry be passed on."""


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A plan laid over units and a dated area of control.

    Attributes
    ----------
    plan : Plan
    ground : Ground
        Units, control and partition that the plan was laid over.
    zones : GeoDataFrame
        One row for each unit, holder, status and clause (EPSG:4326): `zone_id`, `unit_id`,
        `unit_name`, `held_by`, `status`, `status_label`, `clause_id` ("" where no clause
        speaks), `to_be_held_by`, `administration`, `forces`, `recognized_as`, `recognition`,
        `recognized_by`, `area_km2`, `area_sq_mi`, `share_of_unit`, `geometry`. What the text
        does not set is ``unspecified``.
    conditions : dict
        Everything a figure depends on: plan and date of its text, readings, parameters, source
        and date of the line, its age, units and their viewpoint, reconciliation, accuracy.
    """

    plan: Plan
    ground: Ground
    zones: gpd.GeoDataFrame
    conditions: dict[str, Any]
    _assessed: pd.DataFrame = field(repr=False)

    @property
    def dataset(self) -> Dataset:
        """The dataset that the plan speaks of."""
        return self.ground.dataset

    @property
    def control(self) -> Control:
        """The dated area of control."""
        return self.ground.control

    @property
    def units(self) -> gpd.GeoDataFrame:
        """`unit_id`, `name`, `name_uk`, `name_ru`, `name_zh_hant`, `area_km2`, `geometry`."""
        return self.ground.units

    @property
    def line(self) -> gpd.GeoDataFrame:
        """The line of contact, as in `Partition.line`."""
        return self.ground.partition.line

    @property
    def line_by_unit(self) -> pd.DataFrame:
        """The length of the line in each unit, as in `Partition.line_by_unit`."""
        return self.ground.partition.line_by_unit

    @property
    def reassigned(self) -> gpd.GeoDataFrame:
        """Ground that border reconciliation looked at, as in `Partition.reassigned`."""
        return self.ground.partition.reassigned

    def areas(
        self,
        by: str | Sequence[str] = ("status", "held_by"),
        *,
        status: str | None = None,
        report_by: ReportAreas | None = None,
    ) -> pd.DataFrame:
        """Areas on the ellipsoid.

        Parameters
        ----------
        by : str or sequence of str
            Of ``status``, ``unit``, ``held_by``, ``clause``.
        status : str, optional
            Only ground of this status.
        report_by : ReportAreas, optional
            Polygons to break the figures down by as well (`lineplan.read_report`).

        Returns
        -------
        DataFrame
            With `report_by` first `report_id` (``outside`` for ground in none of its polygons) and
            `report_name`; then the keys asked for (`status`; `unit_id` and `unit_name`; `held_by`;
            `clause_id`), `status_label` with `status`, `area_km2`, `area_sq_mi` (square statute
            miles), `share_of_units` (of all units, 0 to 1), with `unit_id` also `share_of_unit`,
            and `assessed_min_km2`, `assessed_max_km2`: the range over the assessments known for the
            day of the line (NaN where none are, and with `report_by`).

        Raises
        ------
        UsageError
            A key or status is unknown.
        """
        keys = columns_by(by)
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
        if report_by is not None:
            zones, keys = _reported(zones, report_by), [*report_by.columns, *keys]
            assessed = assessed.iloc[:0]  # assessments are figures by unit
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
        low, high = assessed_range(assessed, keys, table)
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
        """The figure for one status, rounded to three digits or what the assessments support.

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
        # The first digit of the range is the last that means anything, and there are three at the
        # most. The same ground has them where no assessment is known: a plan may not change them.
        spread = max(high - low, area / 100) if high >= low else area / 100
        step = 10.0 ** np.floor(np.log10(spread)) if spread > 0 else 1.0
        return {
            "area_km2": float(area),
            "low_km2": float(low),
            "high_km2": float(high),
            "rounded_km2": float(round(area / step) * step),
        }

    def for_others(self, *, has_permission: bool = False) -> Arrangement:
        """The arrangement as it may be put into a map or a file that others get.

        Parameters
        ----------
        has_permission : bool
            You state that every source whose terms forbid it has permitted it.

        Returns
        -------
        Arrangement
            This one; where permission is stated and needed, `conditions` say so
            (`line_source_permission`).

        Raises
        ------
        ControlError
            The terms of a source forbid passing its geometry on, and no permission is stated.
        """
        if not check_passing_on(self.ground.terms, has_permission=has_permission):
            return self
        stated = {**self.conditions, "line_source_permission": PERMISSION}
        return replace(self, conditions=stated)

    def map(self, *, has_permission: bool = False, **options: Any) -> PlanMap:
        """The self-contained HTML map; see `lineplan.webmap.build_map` for the options."""
        from lineplan.webmap import build_map

        return build_map(self, has_permission=has_permission, **options)

    def figure(self, path: str | Path, *, has_permission: bool = False, **options: Any) -> Path:
        """The map for print, as PNG, SVG or PDF; see `lineplan.figures.write_figure`."""
        from lineplan.figures import write_figure

        return write_figure(self, path, has_permission=has_permission, **options)

    def report(self, path: str | Path, *, has_permission: bool = False, **options: Any) -> Path:
        """The report on two printed pages, as HTML; see `lineplan.briefing.write_report`."""
        from lineplan.briefing import write_report

        return write_report(self, path, has_permission=has_permission, **options)

    def write(
        self,
        path: str | Path,
        *,
        layer: str | None = None,
        lang: str = "en",
        has_permission: bool = False,
    ) -> Path:
        """Write to a file by its ending; see `lineplan.export.write_arrangement`."""
        from lineplan.export import write_arrangement

        return write_arrangement(self, path, layer=layer, lang=lang, has_permission=has_permission)

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
    dataset: str | Path | Dataset | None = None,
    control: str | Path | Control | None = None,
    units: str | Path | gpd.GeoDataFrame | None = None,
    unit_id: str | None = None,
    as_of: str | date | None = None,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
    lines: Mapping[str | date, str | Path] | None = None,
) -> Arrangement:
    """Lay a plan over units and a dated area of control.

    Parameters
    ----------
    plan : str, Path or Plan
        Id of a plan of the dataset, a plan file, or a plan.
    dataset : str, Path or Dataset, optional
        Embedded dataset by name, or a folder; when not given, the one beside a plan file, or else
        the embedded one of Ukraine.
    control : str, Path or Control, optional
        Source of control of any kind; the dataset's latest when not given. What more there is to
        say of it goes to `lineplan.read_control`, whose result is given here.
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
    lines : mapping, optional
        For a plan that measures from the line of another day (``line@2014-09-19``): by day, a
        source of control of that day or a file of lines.

    Returns
    -------
    Arrangement

    Raises
    ------
    LineplanError
        An input cannot be used; the message says which, where and what to do.
    """
    days = given_lines(lines)
    dataset = dataset_of(plan, dataset)
    chosen = plan if isinstance(plan, Plan) else load_plan(plan, dataset)
    chosen = chosen.choose(set=set, readings=readings)
    ground = read_ground(
        dataset=dataset,
        control=control,
        units=units,
        unit_id=unit_id,
        as_of=as_of,
        contested=contested,
        on_overlap=on_overlap,
        reconcile=reconcile,
    )
    check_units([chosen], ground)
    return lay(chosen, ground.cut_for([chosen], days))


def check_units(plans: Iterable[Plan], ground: Ground | Setting) -> None:
    """Raise DatasetError for the first plan that names units which the ground does not have."""
    known = list(ground.units["unit_id"])
    for plan in plans:
        missing = [u for u in plan.named_units() if u not in known]
        if missing:
            raise DatasetError(
                f"{ground.papers['units_source']}: plan {plan.id} names "
                f"{', '.join(plan.named_units())}; the file has {', '.join(map(str, known))}; "
                f"missing: {', '.join(missing)}"
            )


def lay(plan: Plan, ground: Ground) -> Arrangement:
    """Lay a plan over ground that is read and cut.

    Parameters
    ----------
    plan : Plan
        With its parameters chosen.
    ground : Ground
        Cut along the strips that the plan asks for (`Ground.cut_for`).

    Returns
    -------
    Arrangement

    Raises
    ------
    ConflictError
        Clauses speak of the same ground and none overrides the other.
    """
    zones = _described(apply(plan, ground.partition), plan, ground)
    assessed = assess(plan, ground)
    conditions = {
        **plan_conditions(plan),
        **ground_conditions(ground),
        "assessed_range_km2": ranges(assessed),
        "notes": [*ground.notes, *unused_clauses(plan, zones)],
    }
    return Arrangement(plan, ground, zones, conditions, assessed)


def _reported(zones: gpd.GeoDataFrame, report: ReportAreas) -> pd.DataFrame:
    """Zones cut by the polygons of a report, in the order of its file."""
    split = split_by(zones, report)
    order = {report_id: n for n, report_id in enumerate(report.frame["report_id"])}
    rank = split["report_id"].map(order).fillna(len(order))
    return split.iloc[np.argsort(rank.to_numpy(), kind="stable")]


def unused_clauses(plan: Plan, zones: gpd.GeoDataFrame) -> list[str]:
    """Clauses that catch no ground, in words."""
    used = {*zones["clause_id"]}
    return [f"{plan.id}: clause {c.id} catches no ground" for c in plan.clause if c.id not in used]


def _described(zones: gpd.GeoDataFrame, plan: Plan, ground: Ground) -> gpd.GeoDataFrame:
    """`zones` with what `describe` adds, in the order of the text."""
    day = ground.control.as_of
    zones = describe(zones, plan, ground.units, ground.dataset, [day] * len(zones))
    order = [c.id for c in plan.clause] + [""]
    return zones.sort_values(
        ["clause_id", "unit_id", "held_by"],
        key=lambda column: column.map(order.index) if column.name == "clause_id" else column,
        ignore_index=True,
    )


def describe(
    zones: Frame,
    plan: Plan,
    units: gpd.GeoDataFrame,
    dataset: Dataset,
    days: Iterable[date | None],
    words: Catalogue | None = None,
) -> Frame:
    """Zones with ids, names, labels and shares.

    Parameters
    ----------
    zones : DataFrame
        Of one plan, with columns as `lineplan.apply` gives them; more columns stay, at the end.
    plan : Plan
    units : GeoDataFrame
        As of `Ground`.
    dataset : Dataset
        For the names of parties.
    days : iterable of date or None
        Day of the line of contact, of each zone.
    words : Catalogue, optional
        Language of names and labels; English when not given.

    Returns
    -------
    DataFrame
        With `zone_id`, `unit_name`, `status_label`, `area_sq_mi` and `share_of_unit`.
    """
    words = words or catalogue("en")
    by_id = units.set_index("unit_id")
    own = by_id[words.name_column]
    names = own.where(own.notna() & (own != ""), by_id["name"])
    rows = list(zones.itertuples())
    zones = zones.assign(
        zone_id=["/".join((z.unit_id, z.held_by, z.clause_id or "-")) for z in rows],
        unit_name=zones["unit_id"].map(names),
        status_label=[
            words.status_label(
                z.status,
                held_by=z.held_by,
                to_be_held_by=z.to_be_held_by,
                recognized_as=z.recognized_as,
                recognition=z.recognition,
                recognized_by=z.recognized_by,
                dataset=dataset,
                date=day,
                plan_title=words.name(plan.title),
            )
            for z, day in zip(rows, days, strict=True)
        ],
        area_sq_mi=zones["area_km2"] / geodesy.SQUARE_MILE_KM2,
        share_of_unit=zones["area_km2"] / zones["unit_id"].map(by_id["area_km2"]),
    )
    columns = ["zone_id", "unit_id", "unit_name", "held_by", "status", "status_label", "clause_id"]
    columns += [*TERMS, "area_km2", "area_sq_mi", "share_of_unit"]
    return zones[[*columns, *(c for c in zones.columns if c not in columns)]]


def columns_by(by: str | Sequence[str]) -> list[str]:
    """Columns that keys of `BY` stand for; UsageError for an unknown key, and for none."""
    keys: list[str] = []
    for key in [by] if isinstance(by, str) else by:
        name = {"unit_id": "unit", "clause_id": "clause"}.get(key, key)
        if name not in BY:
            raise UsageError(f"areas by {key!r}? choose from {', '.join(BY)}")
        keys += [column for column in BY[name] if column not in keys]
    if not keys:
        raise UsageError(f"areas need at least one key of {', '.join(BY)}")
    return keys


def plan_conditions(plan: Plan) -> dict[str, Any]:
    """What of a plan its figures depend on: the text, and what was chosen where it is open."""
    return {
        "plan_id": plan.id,
        "plan_title": catalogue("en").name(plan.title),
        "plan_text_date": plan.date.isoformat(),
        "in_force": plan.in_force,
        "standing": plan.standing,
        "readings": list(plan.chosen_readings),
        "distances": [str(strip) for strip in plan.strips()],
        "parameters": plan.parameter_values,
    }


def ground_conditions(ground: Ground) -> dict[str, Any]:
    """What of the ground every figure on it depends on: line, units, reconciliation, accuracy."""
    from lineplan import __version__

    dataset, source, parted = ground.dataset, ground.control, ground.partition
    line, moved = parted.line, parted.reassigned
    length_km = float(line["length_km"].sum())
    segments = int(line["vertices"].sum() - len(line))
    moved = moved[moved["action"] == "reassigned"]
    return {
        "line_source": source.source,
        "line_source_attribution": source.attribution,
        "line_source_licence": source.licence,
        "line_source_redistribution": source.redistribution,
        "line_source_permission": "",
        "line_source_sha256": source.sha256,
        "line_date": source.as_of.isoformat() if source.as_of else None,
        "line_age_days": max(0, (today() - source.as_of).days) if source.as_of else None,
        "line_length_km": length_km,
        "line_vertex_spacing_km": length_km / segments if segments else None,
        "control_class": source.control_class,
        "default_holder": source.unclaimed_by(dataset.default_holder),
        "legal_baseline": dataset.manifest.legal_baseline,
        "border_tolerance_km": dataset.border_tolerance_km,
        "reassigned_km2": float(moved["area_km2"].sum()),
        "reassigned_pieces": int(moved["piece"].nunique()),
        "outside_units_km2": parted.proof.outside_units_km2,
        "conservation_error_m2": parted.proof.conservation_error_m2,
        "generated": today().isoformat(),
        "lineplan_version": __version__,
        **ground.papers,
    }
