"""The figures of one day, and what plans say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from lineplan.baselines import Lines
from lineplan.ground import Ground
from lineplan.plan import Plan
from lineplan.zoning import look_up

Cell = tuple[str, str]
"""A unit and a holder."""


class Kind(NamedTuple):
    """Ground of one plan that is told apart; fields are columns of a timeline's areas."""

    plan_id: str
    unit_id: str
    held_by: str
    status: str
    clause_id: str


Areas = tuple[tuple[Kind, ...], list[float]]
"""Kinds of ground on one day, and their areas in km²."""


@dataclass(frozen=True)
class Figures:
    """What is measured on one day.

    Attributes
    ----------
    cell_m2 : dict of (str, str) to float
        Area by unit and holder.
    line_m, enclave_m : float
        Length of the line of contact, and of the closed rings apart from it.
    segments : int
        Edges of both.
    reassigned_m2 : float
        Ground that border reconciliation gave to another holder.
    residual_m2 : float
        Sum over units of the difference between the unit and its parts.
    inside_km2, outside_km2 : float
        Ground that the source claims inside and outside all units.
    """

    cell_m2: Mapping[Cell, float]
    line_m: float
    enclave_m: float
    segments: int
    reassigned_m2: float
    residual_m2: float
    inside_km2: float
    outside_km2: float


def figures_of(ground: Ground) -> Figures:
    """Measure the ground of one day.

    Parameters
    ----------
    ground : Ground
        Not cut along strips.

    Returns
    -------
    Figures
    """
    parted = ground.partition
    faces, line, proof = parted.faces, parted.line, parted.proof
    area_m2 = faces["area_m2"].to_numpy()
    cell_m2: dict[Cell, float] = {}
    for cell, face_m2 in zip(
        zip(faces["unit_id"], faces["held_by"], strict=True), area_m2.tolist(), strict=True
    ):
        cell_m2[cell] = cell_m2.get(cell, 0.0) + face_m2
    is_moved = (faces["held_by"] != faces["held_by_mapped"]).to_numpy()
    is_enclave = (line["kind"] == "enclave").to_numpy()
    length_m = line["length_km"].to_numpy() * 1000
    return Figures(
        dict(sorted(cell_m2.items())),
        float(length_m[~is_enclave].sum()),
        float(length_m[is_enclave].sum()),
        int(line["vertices"].sum()) - len(line),
        float(area_m2[is_moved].sum()),
        proof.conservation_error_m2,
        proof.inside_units_km2,
        proof.outside_units_km2,
    )


class Answers:
    """What plans without distances say of units and holders, looked up once for each set of them.

    Parameters
    ----------
    plans : sequence of Plan
        With their parameters chosen.
    """

    def __init__(self, plans: Sequence[Plan]) -> None:
        self._plans = plans
        self._known: dict[tuple[Cell, ...], tuple[Kind, ...]] = {}

    def areas(self, cell_m2: Mapping[Cell, float]) -> Areas:
        """Status and clause of every unit and holder; ConflictError where clauses collide."""
        cells = tuple(cell_m2)
        if cells not in self._known:
            ground = pd.DataFrame(cells, columns=["unit_id", "held_by"])
            ground["area_m2"] = list(cell_m2.values())
            answers = [(plan.id, look_up(plan, ground)) for plan in self._plans]
            self._known[cells] = tuple(
                Kind(plan_id, *cell, status, clause_id)
                for plan_id, said in answers
                for cell, status, clause_id in zip(
                    cells, said["status"], said["clause_id"], strict=True
                )
            )
        km2 = [area_m2 / 1e6 for area_m2 in cell_m2.values()]
        return self._known[cells], km2 * len(self._plans)


def areas_by_distance(plans: Sequence[Plan], ground: Ground, lines: Lines) -> Areas:
    """The same for plans that measure distances: their strips are cut from the day's own faces.

    Parameters
    ----------
    plans : sequence of Plan
    ground : Ground
    lines : mapping of date to str or Path
        As for `Ground.cut_for`.

    Returns
    -------
    Areas

    Raises
    ------
    LineplanError
        As `Ground.cut_for` and `look_up`.
    """
    faces = ground.cut_for(plans, lines).partition.faces
    area_m2 = faces["area_m2"].tolist()
    found: dict[Kind, float] = {}
    for plan in plans:
        said = look_up(plan, faces)
        keys = zip(
            *(faces["unit_id"], faces["held_by"], said["status"], said["clause_id"]), strict=True
        )
        total: dict[Kind, float] = {}
        for key, face_m2 in zip(keys, area_m2, strict=True):
            kind = Kind(plan.id, *key)
            total[kind] = total.get(kind, 0.0) + face_m2
        found |= {kind: m2 / 1e6 for kind, m2 in sorted(total.items())}
    return tuple(found), list(found.values())
