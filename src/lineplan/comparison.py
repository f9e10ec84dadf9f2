"""Comparison: several plans on the same ground, read and cut once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lineplan import geodesy
from lineplan.arrangement import check_units, columns_by, ground_conditions, plan_conditions
from lineplan.assessments import assess, ranges
from lineplan.choices import choose_each
from lineplan.control import Control
from lineplan.dataset import Dataset, load_dataset
from lineplan.errors import DatasetError, UsageError
from lineplan.exposure import NOMINAL, rows_at
from lineplan.ground import Ground, as_date, read_ground
from lineplan.labels import catalogue
from lineplan.partition import OnOverlap
from lineplan.plan import STATUSES, TERMS, UNSPECIFIED, Plan, Value
from lineplan.planfile import load_plan
from lineplan.subjects import Row, align
from lineplan.zoning import look_up

ANSWERS = ("status", "clause_id", *TERMS)
"""What a plan says of ground; in tables of several plans each is a column ``<plan id>.<name>``."""
CHANGES = ("passes", "stays", "unaffected", "unspecified")
SAID = ("set", "unaffected", "unspecified")


@dataclass(frozen=True, eq=False)
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

    def areas(self, by: str | Sequence[str] = ("status", "held_by")) -> pd.DataFrame:
        """Areas on the ellipsoid under each plan.

        Parameters
        ----------
        by : str or sequence of str
            Of ``status``, ``unit``, ``held_by``, ``clause``.

        Returns
        -------
        DataFrame
            `plan_id`, the keys asked for (`status`; `unit_id` and `unit_name`; `held_by`;
            `clause_id`), `area_km2`, `area_sq_mi` (square statute miles), `share_of_units` (of all
            units, 0 to 1) and, with `unit_id`, `share_of_unit`.

        Raises
        ------
        UsageError
            A key is unknown.
        """
        keys = columns_by(by)
        table = self._grouped(self._stacked, keys).drop(columns="places")
        unit_km2 = self.ground.units.set_index("unit_id")["area_km2"]
        table["area_sq_mi"] = table["area_km2"] / geodesy.SQUARE_MILE_KM2
        table["share_of_units"] = table["area_km2"] / unit_km2.sum()
        if "unit_id" in keys:
            table["share_of_unit"] = table["area_km2"] / table["unit_id"].map(unit_km2)
        return table

    def control(self) -> pd.DataFrame:
        """Ground by who holds it and who would hold it under each plan.

        Returns
        -------
        DataFrame
            `plan_id`, `held_by`, `to_be_held_by`, `change`, `area_km2` and `places` (populated
            places of the dataset; <NA> where it has none). `change` is ``passes`` (to another
            party, or to none), ``stays``, ``unaffected`` (the text says no change and sets no
            holder) or ``unspecified`` (the text does not say who would hold the ground).
        """
        rows = self._stacked
        to_be, open_to = rows["to_be_held_by"], rows["to_be_held_by"] == UNSPECIFIED
        cases = [open_to & (rows["status"] == "unaffected"), open_to, to_be == rows["held_by"]]
        change = np.select(cases, ["unaffected", "unspecified", "stays"], "passes")
        keys = ["change", "held_by", "to_be_held_by"]
        table = self._grouped(rows.assign(change=_ordered(change, CHANGES)), keys)
        return table[["plan_id", "held_by", "to_be_held_by", "change", "area_km2", "places"]]

    def recognition(self) -> pd.DataFrame:
        """Ground by who holds it and as whose it would be recognised under each plan.

        Returns
        -------
        DataFrame
            `plan_id`, `held_by`, `recognized_as`, `recognition` (kind), `recognized_by`, `said`
            and `area_km2`. `said` is ``set``, ``unaffected`` (the text says no change and sets
            nothing of recognition) or ``unspecified``.
        """
        terms = ["recognized_as", "recognition", "recognized_by"]
        return self._said(terms)

    def forces(self) -> pd.DataFrame:
        """Ground by who holds it and whose forces could be there under each plan.

        Returns
        -------
        DataFrame
            `plan_id`, `held_by`, `forces` (as ``barred: ru, ua``), `said` (as in `recognition`)
            and `area_km2`.
        """
        return self._said(["forces"])

    def clauses(self) -> pd.DataFrame:
        """What the plans say of each subject, side by side.

        Returns
        -------
        DataFrame
            One row for each subject of the dataset, in its order, then for those that only plans
            name: `subject` and, for each plan, `clause_id` (several between commas), `text` (the
            first published text of each clause with its language; ``the text does not say`` where
            no clause speaks of the subject), `text_en` (an English one where that is in another
            language), `readings` (those in effect), `status` (``unspecified`` where no clause
            speaks of it) and `area_km2` (that the clauses take, of the subject's own units; NaN
            where none speaks of it).
        """
        rows = []
        for row in self.subjects():
            found: dict[str, Any] = {"subject": row.subject.name["en"]}
            for plan_id, entries in row.entries.items():
                quotes = [(e.clause.id, e.quote) for e in entries]
                english = [(e.clause.id, e.english) for e in entries if e.english is not None]
                said = {
                    "clause_id": ", ".join(e.clause.id for e in entries),
                    "text": "\n".join(
                        f"{i} ({q.language}, {q.kind}): {q.quote}" for i, q in quotes
                    ),
                    "text_en": "\n".join(f"{i} ({q.kind}): {q.quote}" for i, q in english),
                    "readings": "; ".join(
                        f"{e.clause.id}: {', '.join(e.readings)}" for e in entries if e.readings
                    ),
                    "status": ", ".join(dict.fromkeys(e.clause.status for e in entries)),
                    "area_km2": sum(e.area_km2 for e in entries) if entries else np.nan,
                }
                if not entries:
                    said |= {"text": catalogue("en").text("value.unspecified")}
                    said |= {"status": UNSPECIFIED}
                found |= {f"{plan_id}.{key}": value for key, value in said.items()}
            rows.append(found)
        return pd.DataFrame(rows)

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

    @cached_property
    def _stacked(self) -> pd.DataFrame:
        """The ground table once for each plan, one below the other."""
        shared = self.ground_table[["unit_id", "unit_name", "held_by", "area_km2"]]
        parts = [
            shared.assign(
                plan_id=plan.id,
                **{answer: self.ground_table[f"{plan.id}.{answer}"] for answer in ANSWERS},
            )
            for plan in self.plans
        ]
        table = pd.concat(parts, ignore_index=True)
        table["plan_id"] = _ordered(table["plan_id"], [plan.id for plan in self.plans])
        return table

    def _grouped(self, rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
        """Sums by plan and `keys`, in the order of plans, statuses and clauses."""
        counts = pd.array([pd.NA] * len(rows), dtype="Int64")
        try:
            row = self._places["row"]
        except DatasetError:
            pass
        else:
            here = np.bincount(row[row >= 0], minlength=len(self.ground_table))
            counts = pd.array(np.tile(here, len(self.plans)), dtype="Int64")
        rows = rows.assign(places=counts)
        ids = list(dict.fromkeys(clause.id for plan in self.plans for clause in plan.clause))
        for key, order in (("status", STATUSES), ("clause_id", [*ids, ""])):
            if key in keys:
                rows[key] = _ordered(rows[key], order)
        grouped = rows.groupby(["plan_id", *keys], sort=True, observed=True)
        table = grouped[["area_km2", "places"]].sum(min_count=1).reset_index()
        return table.astype(dict.fromkeys(("plan_id", *keys), object))

    def _said(self, terms: list[str]) -> pd.DataFrame:
        rows = self._stacked
        is_set = (rows[terms] != UNSPECIFIED).any(axis=1)
        said = np.select([is_set, rows["status"] == "unaffected"], SAID[:2], UNSPECIFIED)
        rows = rows.assign(said=_ordered(said, SAID))
        table = self._grouped(rows, ["said", "held_by", *terms])
        return table[["plan_id", "held_by", *terms, "said", "area_km2"]]


def compare(
    *plans: str | Path | Plan,
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
    lines: Mapping[str | date, str | Path] | None = None,
) -> Comparison:
    """Lay several plans over the same units and dated area of control.

    Parameters
    ----------
    *plans : str, Path or Plan
        Ids of plans of the dataset, plan files, or plans; each once.
    dataset, control, units, unit_id, as_of, contested, on_overlap, reconcile, lines
        As for `arrange`.
    set : mapping, optional
        Parameter values. ``NAME`` is set in every plan that declares it, ``PLAN:NAME`` in that
        plan only, where it goes before.
    readings : mapping, optional
        Reading id by clause id. ``CLAUSE`` is chosen in every plan that has the clause with this
        reading, ``PLAN:CLAUSE`` in that plan only, where it goes before.

    Returns
    -------
    Comparison

    Raises
    ------
    LineplanError
        An input cannot be used, as for `arrange`.
    UsageError
        No plan is given, one is given twice, or no plan declares a parameter or a reading.
    """
    if not plans:
        raise UsageError("compare needs at least one plan")
    dataset = dataset if isinstance(dataset, Dataset) else load_dataset(dataset)
    given = [plan if isinstance(plan, Plan) else load_plan(plan, dataset) for plan in plans]
    chosen = choose_each(given, set=set, readings=readings)
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
    check_units(chosen, ground)
    days = {day: file for key, file in (lines or {}).items() if (day := as_date(key))}
    ground = ground.cut_for(chosen, days)
    return Comparison(tuple(chosen), ground, *_laid(chosen, ground))


def _laid(plans: list[Plan], ground: Ground) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The ground table, and the row of each face in it."""
    faces = ground.partition.faces
    answers = {plan.id: look_up(plan, faces) for plan in plans}
    # A clause and a holder settle everything else that a plan says.
    keys = {plan_id: answer["clause_id"] for plan_id, answer in answers.items()}
    keyed = pd.DataFrame(faces[["unit_id", "held_by"]]).assign(**keys)
    row = keyed.groupby(list(keyed.columns), sort=True).ngroup().to_numpy()
    first = np.unique(row, return_index=True)[1]
    names = ground.units.set_index("unit_id")["name"]
    table = pd.DataFrame(faces[["unit_id", "held_by"]]).iloc[first].reset_index(drop=True)
    table.insert(1, "unit_name", table["unit_id"].map(names))
    table["area_km2"] = np.bincount(row, weights=faces["area_m2"].to_numpy()) / 1e6
    said = [
        answer.iloc[first].reset_index(drop=True).add_prefix(f"{plan_id}.")
        for plan_id, answer in answers.items()
    ]
    return pd.concat([table, *said], axis=1), row


def _outcome(ground: pd.DataFrame, plan: Plan) -> pd.Series[Any]:
    """Status and holder under a plan, one word for ground that would stay as it is."""
    status, to_be = ground[f"{plan.id}.status"], ground[f"{plan.id}.to_be_held_by"]
    stays = (status == "unaffected") & ((to_be == UNSPECIFIED) | (to_be == ground["held_by"]))
    return (status + "/" + to_be).where(~stays, "unaffected")


def _ordered(values: Any, order: Iterable[str]) -> pd.Categorical:
    return pd.Categorical(values, categories=list(order), ordered=True)
