"""Maps from arrangements, and from plans over the control of one day or of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lineplan.baselines import given_lines
from lineplan.control.archive import Archive, holds_many_days, open_archive
from lineplan.dataset import Dataset
from lineplan.days import as_date
from lineplan.errors import UsageError
from lineplan.ground import read_ground, read_setting
from lineplan.plan import Plan, Value
from lineplan.plan.choices import choose_each
from lineplan.plan.file import dataset_of, load_plan
from lineplan.webmap.drawing import Look, draw_map
from lineplan.webmap.recording import Progress, record_archive, record_ground

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.control import Control
    from lineplan.partition import OnOverlap
    from lineplan.webmap.folium_map import PlanMap


def build_map(arrangement: Arrangement, *, has_permission: bool = False, **look: Any) -> PlanMap:
    """
    Draw an arrangement.

    Parameters
    ----------
    arrangement
        What to draw.
    has_permission
        You state that every source of control whose terms forbid it has permitted passing its
        geometry on; the footer then says so.
    **look
        As the attributes of `lineplan.webmap.Look`: ``lang``, ``languages``, ``focus``, ``terms``,
        ``title``, ``subtitle``, ``note``, ``byline``, ``layers``, ``tiles``.

    Returns
    -------
    PlanMap
        A `folium.Map`.

    Raises
    ------
    UsageError
        If a language, the focus, the terms, a layer or the tiles are not known.
    ControlError
        If the terms of a source of control forbid passing its geometry on, which the map would
        hold, and no permission is stated.
    """
    ground, plans = arrangement.ground, [arrangement.plan]
    return draw_map(record_ground(ground, plans, has_permission=has_permission), Look(**look))


def atlas(
    plans: Sequence[str | Path | Plan],
    *,
    control: str | Path | Control | Archive | None = None,
    dataset: str | Path | Dataset | None = None,
    first: str | date | None = None,
    last: str | date | None = None,
    units: Any = None,
    unit_id: str | None = None,
    as_of: str | date | None = None,
    contested: str = "apart",
    on_overlap: OnOverlap = "error",
    reconcile: bool = True,
    set: Mapping[str, Value] | None = None,
    readings: Mapping[str, str] | None = None,
    lines: Mapping[str | date, str | Path] | None = None,
    keep_going: bool = False,
    has_permission: bool = False,
    progress: Progress | None = None,
    **look: Any,
) -> PlanMap:
    """Draw several plans, on one day or on many, as one page.

    Parameters
    ----------
    plans : sequence of str, Path or Plan
        Ids of plans of the dataset, plan files, or plans; each once.
    control : str, Path, Control or Archive, optional
        A source of control of any kind for one day, an archive for many (a folder of daily files
        or an archive file); the dataset's latest when not given.
    dataset, units, unit_id, as_of, contested, on_overlap, reconcile, lines
        As for `arrange`.
    first, last : str or datetime.date, optional
        First and last day of an archive; all of its days when neither is given.
    set, readings
        As for `compare`.
    keep_going : bool
        Skip days of an archive that cannot be used.
    has_permission : bool
        You state that every source of control whose terms forbid it has permitted passing its
        geometry on; the footer then says so.
    progress : callable, optional
        Called with the number of days that are done, and of all.
    **look
        As for `Arrangement.map`: ``lang``, ``title``, ``layers`` and so on.

    Returns
    -------
    PlanMap
        A `folium.Map`.

    Raises
    ------
    LineplanError
        An input cannot be used.
    """
    if isinstance(plans, str | Path | Plan):
        plans = [plans]
    if not plans:
        raise UsageError("an atlas needs at least one plan")
    dataset = dataset_of(plans[0], dataset)
    given = [plan if isinstance(plan, Plan) else load_plan(plan, dataset) for plan in plans]
    chosen = choose_each(given, set=set, readings=readings)
    days = given_lines(lines)
    shared: dict[str, Any] = {
        "dataset": dataset,
        "units": units,
        "unit_id": unit_id,
        "contested": contested,
        "on_overlap": on_overlap,
        "reconcile": reconcile,
    }
    if not _spans_days(control, as_of, first, last):
        source: Any = control
        ground = read_ground(control=source, as_of=as_of, **shared)
        _check_units(chosen, ground)
        cut = ground.cut_for(chosen, days)
        return draw_map(record_ground(cut, chosen, has_permission=has_permission), Look(**look))
    setting = read_setting(**shared)
    _check_units(chosen, setting)
    archive: Any = control
    if not isinstance(archive, Archive):
        archive = open_archive(archive, dataset, units=setting.given_units)
    recording = record_archive(
        archive.between(as_date(first), as_date(last)),
        setting,
        chosen,
        lines=days,
        keep_going=keep_going,
        has_permission=has_permission,
        progress=progress,
    )
    return draw_map(recording, Look(**look))


def _check_units(plans: Sequence[Plan], ground: Any) -> None:
    from lineplan.arrangement import check_units

    check_units(plans, ground)


def _spans_days(
    control: Any, as_of: str | date | None, first: str | date | None, last: str | date | None
) -> bool:
    """Whether the days of an archive are shown, and not one day."""
    asked = first is not None or last is not None
    if asked and as_of is not None:
        raise UsageError("--as-of is one day; leave it out with --from and --to")
    if isinstance(control, Archive):
        return True
    if asked and not isinstance(control, str | Path):
        raise UsageError("--from and --to need --control: a folder of daily files, or an archive")
    is_named = isinstance(control, str | Path)
    return asked or (as_of is None and is_named and holds_many_days(control))
