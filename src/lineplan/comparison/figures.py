"""Comparison: what several plans say of the same ground, as tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.arrangement import columns_by, ground_conditions, plan_conditions
from lineplan.assessments import assess, ranges
from lineplan.comparison.subjects import Row, align, tabulate
from lineplan.dataset import Dataset
from lineplan.errors import DatasetError
from lineplan.exposure import NOMINAL, rows_at
from lineplan.ground import Ground
from lineplan.labels import catalogue
from lineplan.plan import STATUSES, TERMS, UNSPECIFIED, Plan
from lineplan.reporting import OUTSIDE, ReportAreas, split_by

ANSWERS = ("status", "clause_id", *TERMS)
"""What a plan says of ground; in tables of several plans each is a column ``<plan id>.<name>``."""
CHANGES = ("passes", "stays", "unaffected", "unspecified")
SAID = ("set", "unaffected", "unspecified")


@dataclass(frozen=True, eq=False, repr=False)
class Comparison:
    """Several plans laid over the same ground.

    A column of one plan is called ``<plan id>.<column>`` where a row holds several plans.

    Attributes
    ----------
    plans : tuple of Plan
        With their parameters chosen.
    ground : Ground
        Cut along every distance that the plans ask for.
    ground_table : DataFrame
        One row for each unit, holder and combination of what the plans say: `unit_id`,
        `unit_name`, `held_by`, `area_km2` and, for each plan, `status`, `clause_id` ("" where no
        clause speaks), `to_be_held_by`, `administration`, `forces`, `recognized_as`,
        `recognition`, `recognized_by`.
    """

    plans: tuple[Plan, ...]
    ground: Ground
    ground_table: pd.DataFrame
    _row_of_face: NDArray[np.int64] = field(repr=False)

    def __repr__(self) -> str:
        return f"<Comparison of {', '.join(plan.id for plan in self.plans)}>"

    def _repr_html_(self) -> str:
        """Areas by status and what would pass, for a notebook."""
        said = self.conditions
        head = f"Line of {said['line_date']}: {said['line_source']}; areas in km²"
        tables = (self.matrix(), self.control())
        shown = "".join(table.round(0).to_html(index=False, escape=True) for table in tables)
        return f"<p><strong>{escape(head)}</strong></p>{shown}"

    @property
    def dataset(self) -> Dataset:
        """The dataset that the plans speak of."""
        return self.ground.dataset

    @cached_property
    def conditions(self) -> dict[str, Any]:
        """What every figure depends on: of the ground once, and under `plans` of each plan."""
        plans = [
            {
                **plan_conditions(plan),
                "supersedes": list(plan.supersedes),
                "assessed_range_km2": ranges(assess(plan, self.ground)),
            }
            for plan in self.plans
        ]
        unused = [
            f"{plan.id}: clause {clause.id} catches no ground"
            for plan in self.plans
            for clause in plan.clause
            if clause.id not in set(self.ground_table[f"{plan.id}.clause_id"])
        ]
        notes = [*self.ground.notes, *unused]
        return {"plans": plans, **ground_conditions(self.ground), "notes": notes}

    def matrix(self) -> pd.DataFrame:
        """Area of each status under each plan.

        Returns
        -------
        DataFrame
            One row for each plan: `plan_id` and km² of each status, 0 where there is none.
        """
        rows = self.areas("status")
        wide = rows.pivot(index="plan_id", columns="status", values="area_km2")
        wide = wide.reindex(index=[plan.id for plan in self.plans], columns=list(STATUSES))
        return wide.fillna(0.0).rename_axis(columns=None).reset_index()

    def areas(
        self,
        by: str | Sequence[str] = ("status", "held_by"),
        *,
        report_by: ReportAreas | None = None,
    ) -> pd.DataFrame:
        """Areas on the ellipsoid under each plan.

        Parameters
        ----------
        by : str or sequence of str
            Of ``status``, ``unit``, ``held_by``, ``clause``.
        report_by : ReportAreas, optional
            Polygons to break the figures down by as well (`lineplan.read_report`).

        Returns
        -------
        DataFrame
            `plan_id`, with `report_by` `report_id` and `report_name` (see `Arrangement.areas`), the
            keys asked for (`status`; `unit_id` and `unit_name`; `held_by`; `clause_id`),
            `area_km2`, `area_sq_mi` (square statute miles), `share_of_units` (of all units, 0 to
            1) and, with `unit_id`, `share_of_unit`.

        Raises
        ------
        UsageError
            A key is unknown.
        """
        keys = columns_by(by)
        table = self._grouped(keys, self._stacked(report_by)).drop(columns="places")
        unit_km2 = self.ground.units.set_index("unit_id")["area_km2"]
        table["area_sq_mi"] = table["area_km2"] / geodesy.SQUARE_MILE_KM2
        table["share_of_units"] = table["area_km2"] / unit_km2.sum()
        if "unit_id" in keys:
            table["share_of_unit"] = table["area_km2"] / table["unit_id"].map(unit_km2)
        return table

    def transitions(self) -> pd.DataFrame:
        """How much each plan would change, and how much it leaves open.

        Returns
        -------
        DataFrame
            One row for each plan and of `control`, `recognition` and `forces` (`about`): km² that
            the text would change (`changes_km2`: control would pass; recognition or forces are
            set), that would stay (`stays_km2`), of which it states no change (`unaffected_km2`)
            and of which it does not say (`unspecified_km2`). They add up to all units.
        """
        named = {"passes": "changes", "set": "changes"}
        parts = []
        for about, table, kind in (
            ("control", self.control(), "change"),
            ("recognition", self.recognition(), "said"),
            ("forces", self.forces(), "said"),
        ):
            sums = table.assign(kind=table[kind].replace(named), about=about)
            parts.append(sums.groupby(["plan_id", "about", "kind"])["area_km2"].sum())
        wide = pd.concat(parts).unstack("kind").fillna(0.0)
        wide = wide.reindex(columns=["changes", *CHANGES[1:]], fill_value=0.0)
        plans, abouts = [plan.id for plan in self.plans], ["control", "recognition", "forces"]
        wide = wide.reindex(pd.MultiIndex.from_product([plans, abouts], names=wide.index.names))
        return wide.add_suffix("_km2").rename_axis(columns=None).reset_index()

    def control(self, *, report_by: ReportAreas | None = None) -> pd.DataFrame:
        """Ground by who holds it and who would hold it under each plan.

        Parameters
        ----------
        report_by : ReportAreas, optional
            As for `areas`.

        Returns
        -------
        DataFrame
            `plan_id`, the columns of `report_by`, `held_by`, `status`, `to_be_held_by`, `change`,
            `area_km2` and, without `report_by`, `places` (populated places of the dataset; <NA>
            where it has none). `change` is ``passes`` (to another party, or to none), ``stays``,
            ``unaffected`` (the text says no change and sets no holder) or ``unspecified`` (the
            text does not say who would hold the ground).
        """
        rows = self._stacked(report_by)
        to_be, open_to = rows["to_be_held_by"], rows["to_be_held_by"] == UNSPECIFIED
        cases = [open_to & (rows["status"] == "unaffected"), open_to, to_be == rows["held_by"]]
        change = np.select(cases, ["unaffected", "unspecified", "stays"], "passes")
        keys = ["change", "held_by", "status", "to_be_held_by"]
        table = self._grouped(keys, rows.assign(change=_ordered(change, CHANGES)))
        shown = ["held_by", "status", "to_be_held_by", "change", "area_km2", "places"]
        return table[[*_first(table), *(shown if report_by is None else shown[:-1])]]

    def recognition(self, *, report_by: ReportAreas | None = None) -> pd.DataFrame:
        """Ground by who holds it and as whose it would be recognised under each plan.

        Parameters
        ----------
        report_by : ReportAreas, optional
            As for `areas`.

        Returns
        -------
        DataFrame
            `plan_id`, the columns of `report_by`, `held_by`, `recognized_as`, `recognition`
            (kind), `recognized_by`, `said` and `area_km2`. `said` is ``set``, ``unaffected`` (the
            text says no change and sets nothing of recognition) or ``unspecified``.
        """
        terms = ["recognized_as", "recognition", "recognized_by"]
        return self._said(terms, report_by)

    def forces(self, *, report_by: ReportAreas | None = None) -> pd.DataFrame:
        """Ground by who holds it and whose forces could be there under each plan.

        Parameters
        ----------
        report_by : ReportAreas, optional
            As for `areas`.

        Returns
        -------
        DataFrame
            `plan_id`, the columns of `report_by`, `held_by`, `forces` (as ``barred: ru, ua``),
            `said` (as in `recognition`) and `area_km2`.
        """
        return self._said(["forces"], report_by)

    def clauses(self) -> pd.DataFrame:
        """What the plans say of each subject, side by side.

        Returns
        -------
        DataFrame
            One row for each subject of the dataset, in its order, then for those that only plans
            name: `subject` and, for each plan, `clause_id` (several between commas), `text` (the
            first published text of each clause with its language; in words what it means where no
            clause stands under the subject), `text_en` (an English one where that is in another
            language), `readings` (those in effect), `status` (``unspecified`` where no clause
            speaks of it) and `area_km2` (that the clauses take, of the subject's own units; NaN
            where none speaks of it).
        """
        return tabulate(self.subjects(), catalogue("en"))

    def subjects(self) -> list[Row]:
        """What `clauses` sets side by side, with the clauses themselves."""
        return align(self.plans, self.dataset, self.ground_table)

    def places(self, *, differ: bool = True) -> pd.DataFrame:
        """Populated places of the dataset, and what each plan says of them.

        Parameters
        ----------
        differ : bool
            Only places for which status or holder would not be the same under all plans. No
            change stated and control that would stay count as the same.

        Returns
        -------
        DataFrame
            The most populous first: `name`, `unit_id`, `unit_name`, `held_by`,
            `population_nominal_prewar` (undated: never to be presented as current), `lon`, `lat`
            and, for each plan, `status` and `to_be_held_by`; then the names in other languages. A
            place is counted with the unit of its code, wherever its coordinates lie; places in no
            unit are left out.
        """
        places = self._places[self._places["row"] >= 0]
        ground = self.ground_table.iloc[places["row"]].set_axis(places.index)
        answers = [f"{p.id}.{c}" for p in self.plans for c in ("status", "to_be_held_by")]
        table = pd.concat(
            [
                places[["name"]],
                ground[["unit_id", "unit_name", "held_by"]],
                places[[NOMINAL, "lon", "lat"]],
                ground[answers],
                places.filter(regex="^name_"),
            ],
            axis=1,
        )
        if differ:
            said = [_outcome(ground, plan) for plan in self.plans]
            table = table[np.any([s != said[0] for s in said], axis=0)]
        by_size = table.sort_values(NOMINAL, ascending=False, kind="stable", na_position="last")
        return by_size.reset_index(drop=True)

    @cached_property
    def _places(self) -> pd.DataFrame:
        """Places of the dataset with their row of the ground table, -1 for none."""
        table = self.dataset.places().rename(columns={"population": NOMINAL})
        table[NOMINAL] = table[NOMINAL].where(table[NOMINAL] > 0).astype("Int64")
        codes = table["unit_id"].where(table["unit_id"].isin(self.ground.units["unit_id"]), "")
        faces = self.ground.partition.faces
        face, _ = rows_at(faces, table["lon"].to_numpy(), table["lat"].to_numpy(), codes)
        return table.assign(row=np.where(face < 0, -1, self._row_of_face[face]))

    def _stacked(self, report_by: ReportAreas | None) -> pd.DataFrame:
        """The ground table, cut by polygons where asked, once for each plan."""
        table = self.ground_table.assign(row=np.arange(len(self.ground_table)))
        shared = ["unit_id", "unit_name", "held_by", "area_km2", "row"]
        if report_by is not None:
            faces = self.ground.partition.faces
            own = {"row": self._row_of_face, "area_km2": faces["area_m2"].to_numpy() / 1e6}
            pieces = split_by(gpd.GeoDataFrame(own, geometry=faces.geometry.to_numpy()), report_by)
            sums = pieces.groupby([*report_by.columns, "row"], sort=False)["area_km2"].sum()
            table = sums.reset_index().merge(table.drop(columns="area_km2"), on="row")
            order = [*report_by.frame["report_id"], OUTSIDE]
            table["report_id"] = _ordered(table["report_id"], order)
            shared = [*report_by.columns, *shared]
        parts = [
            table[shared].assign(
                plan_id=plan.id, **{answer: table[f"{plan.id}.{answer}"] for answer in ANSWERS}
            )
            for plan in self.plans
        ]
        stacked = pd.concat(parts, ignore_index=True)
        return stacked.assign(plan_id=_ordered(stacked["plan_id"], [p.id for p in self.plans]))

    def _grouped(self, keys: list[str], rows: pd.DataFrame) -> pd.DataFrame:
        """Sums by plan, polygon and `keys`, in the order of plans, statuses and clauses."""
        counts = pd.array([pd.NA] * len(rows), dtype="Int64")
        if "report_id" not in rows:
            try:
                row = self._places["row"]
            except DatasetError:
                pass
            else:
                here = np.bincount(row[row >= 0], minlength=len(self.ground_table))
                counts = pd.array(here[rows["row"]], dtype="Int64")
        rows = rows.assign(places=counts)
        ids = list(dict.fromkeys(clause.id for plan in self.plans for clause in plan.clause))
        for key, order in (("status", STATUSES), ("clause_id", [*ids, ""])):
            if key in keys:
                rows[key] = _ordered(rows[key], order)
        keys = [*_first(rows), *keys]
        grouped = rows.groupby(keys, sort=True, observed=True)
        table = grouped[["area_km2", "places"]].sum(min_count=1).reset_index()
        return table.astype(dict.fromkeys(keys, object))

    def _said(self, terms: list[str], report_by: ReportAreas | None) -> pd.DataFrame:
        rows = self._stacked(report_by)
        is_set = (rows[terms] != UNSPECIFIED).any(axis=1)
        said = np.select([is_set, rows["status"] == "unaffected"], SAID[:2], UNSPECIFIED)
        rows = rows.assign(said=_ordered(said, SAID))
        table = self._grouped(["said", "held_by", *terms], rows)
        return table[[*_first(table), "held_by", *terms, "said", "area_km2"]]


def _first(table: pd.DataFrame) -> list[str]:
    """The columns that say of which plan and polygon a row is."""
    return [c for c in ("plan_id", "report_id", "report_name") if c in table]


def _outcome(ground: pd.DataFrame, plan: Plan) -> pd.Series[Any]:
    """Status and holder under a plan, one word for ground that would stay as it is."""
    status, to_be = ground[f"{plan.id}.status"], ground[f"{plan.id}.to_be_held_by"]
    stays = (status == "unaffected") & ((to_be == UNSPECIFIED) | (to_be == ground["held_by"]))
    return (status + "/" + to_be).where(~stays, "unaffected")


def _ordered(values: Any, order: Iterable[str]) -> pd.Categorical:
    return pd.Categorical(values, categories=list(order), ordered=True)
