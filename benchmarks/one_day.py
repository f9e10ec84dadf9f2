"""One day, six regions: the whole partition, against overlays and spatial databases."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import peers
import shapely
from inputs import Inputs
from measure import Row, interleaved, said, times
from numpy.typing import NDArray

import lineplan as lp
import lineplan.partition.partitioning as partition_module
from lineplan import geodesy
from lineplan.partition import Partition, partition

RELATIVE_BOUND = 1e-9
OVERLAP_BOUND_KM2 = 1e-6


def ours(inputs: Inputs, *, reconcile: bool = True) -> Partition:
    return partition(
        inputs.units,
        inputs.claims,
        default_holder=inputs.dataset.default_holder,
        border_tolerance_km=inputs.dataset.border_tolerance_km,
        reconcile=reconcile,
        frontier=inputs.frontier,
    )


def with_tables(inputs: Inputs) -> Partition:
    """The line of contact and the tables too, which are made when first asked for."""
    parted = ours(inputs)
    for table in ("line", "line_by_unit", "reassigned"):
        getattr(parted, table)
    return parted


def rows(inputs: Inputs, runs: int) -> list[Row]:
    contestants: dict[str, Callable[[], peers.Result]] = {
        "geopandas.overlay": lambda: peers.overlay(inputs.units, inputs.claims)
    }
    missing = {}
    for peer in (peers.Maup, peers.DuckDB, peers.Sedona):
        try:
            contestants[peer.name] = peer(inputs.units, inputs.claims).run
        except ImportError as fault:
            missing[peer.name] = f"{fault.name} not installed: pip install {peer.package}"
        except Exception as fault:  # a peer that fails is named, not left out
            missing[peer.name] = f"does not run: {str(fault).splitlines()[0][:120]}"
    parted = ours(inputs)
    own = {
        "ours": lambda: ours(inputs),
        "plain": lambda: ours(inputs, reconcile=False),
        "tables": lambda: with_tables(inputs),
    }
    seconds = interleaved({**own, **contestants}, runs)

    faces = parted.faces.geometry.to_numpy()
    relative = _conservation(parted, inputs.units)
    overlap_km2, lost_km2, unshared = _flaws(faces, inputs.units)
    sound = relative <= RELATIVE_BOUND and max(overlap_km2, lost_km2) <= OVERLAP_BOUND_KM2
    correctness = (
        f"ours: faces against units {relative:.1e} (bound {RELATIVE_BOUND:.0e}), overlap "
        f"{overlap_km2:.1g} km², lost {lost_km2:.1g} km², {unshared} faces with unshared edges"
    )
    held_km2 = _held_km2(parted)
    day = f"one day, 6 regions ({inputs.day})"
    what = f"{day}: faces, holders, reconciliation and proof"
    found = []
    for name, run in contestants.items():
        result = run()
        figure = _peer_figure(result, inputs.units, held_km2)
        is_goal = name == "geopandas.overlay"
        found.append(
            Row(
                what,
                said(seconds["ours"]),
                f"{name} {said(seconds[name])}",
                times(seconds["ours"], seconds[name]),
                "≥ 4x" if is_goal else "-",
                seconds[name] >= 4 * seconds["ours"] if is_goal else None,
                f"{correctness}; peer: {figure}" if is_goal else f"peer: {figure}",
                sound,
            )
        )
    overlay_s = seconds["geopandas.overlay"]
    for name, described in (("plain", "reconcile=False"), ("tables", "with line and tables")):
        found.append(
            Row(
                f"{day}, {described}",
                said(seconds[name]),
                f"geopandas.overlay {said(overlay_s)}",
                times(seconds[name], overlay_s),
            )
        )
    found += [Row(what, peer=name, correctness=reason) for name, reason in missing.items()]
    return found


def proof_rows(inputs: Inputs, runs: int) -> list[Row]:
    """Share of the time that the proof takes."""
    found = []
    for what, run, goal in (
        ("proof within arrange(), 27 units", lambda: lp.arrange(control=_path(inputs)), 0.4),
        ("proof within partition(), 6 regions", lambda: ours(inputs), None),
    ):
        run()
        pairs = np.array([_with_proof_timed(run) for _ in range(runs)])
        share = float(np.median(pairs[:, 1] / pairs[:, 0]))
        found.append(
            Row(
                what,
                f"{said(float(np.median(pairs[:, 1])))} of {said(float(np.median(pairs[:, 0])))}",
                ratio=f"{share:.0%}",
                reach="< 40 %" if goal else "-",
                reached=share < goal if goal else None,
            )
        )
    return found


def _path(inputs: Inputs) -> Any:
    return next((path for path in inputs.days if path.name == inputs.day), None)


def _with_proof_timed(run: Callable[[], Any]) -> tuple[float, float]:
    proof = partition_module._prove
    proof_s = 0.0

    def timed(*args: Any, **options: Any) -> Any:
        nonlocal proof_s
        start = time.perf_counter()
        try:
            return proof(*args, **options)
        finally:
            proof_s += time.perf_counter() - start

    partition_module._prove = timed
    try:
        start = time.perf_counter()
        run()
        return time.perf_counter() - start, proof_s
    finally:
        partition_module._prove = proof


def _conservation(parted: Partition, units: gpd.GeoDataFrame) -> float:
    """Largest relative difference between a unit and its faces."""
    unit_m2 = geodesy.area_m2(units.geometry.to_numpy())
    faces_m2 = parted.faces.groupby("unit_id")["area_m2"].sum()
    return float(np.abs(faces_m2.reindex(units["unit_id"]).to_numpy() / unit_m2 - 1).max())


def _held_km2(parted: Partition) -> float:
    """Ground that the source claims inside the units, before reconciliation."""
    return parted.proof.inside_units_km2


def _flaws(faces: NDArray[Any], units: gpd.GeoDataFrame) -> tuple[float, float, int]:
    """Overlap and lost ground (km²), and the number of faces whose edges others do not share."""
    first, second = shapely.STRtree(faces).query(faces, predicate="intersects")
    pair = first < second
    common = shapely.intersection(faces[first[pair]], faces[second[pair]], grid_size=1e-9)
    whole = shapely.union_all(units.geometry.to_numpy(), grid_size=1e-9)
    left = shapely.difference(whole, shapely.union_all(faces, grid_size=1e-9), grid_size=1e-9)
    unshared = shapely.coverage_invalid_edges(faces, gap_width=1e-8)
    return (
        float(geodesy.area_m2(common).sum() / 1e6),
        float(geodesy.area_m2([left])[0] / 1e6),
        int((~shapely.is_empty(unshared)).sum()),
    )


def _peer_figure(result: peers.Result, units: gpd.GeoDataFrame, held_km2: float) -> str:
    text = f"held ground {result.held_km2 - held_km2:+.3f} km² against ours"
    if result.faces is None:
        return f"{text}; gives no remaining ground, so overlap cannot be asked"
    polygonal = shapely.get_dimensions(result.faces) == 2
    overlap_km2, lost_km2, unshared = _flaws(result.faces[polygonal], units)
    return (
        f"overlap {overlap_km2:.2g} km², lost {lost_km2:.2g} km², "
        f"{unshared} of {polygonal.sum()} faces with unshared edges, {text}"
    )
