"""The command that follows plans through time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from lineplan.cli.files import Lang, PermissionOption
from lineplan.cli.options import Ground, with_ground
from lineplan.cli.output import first_of, progress_bar, say
from lineplan.errors import UsageError


@with_ground
def timeline_command(
    plans: Annotated[
        list[str],
        typer.Argument(
            metavar="PLAN [...]", help="Ids of plans (lineplan plans list), or TOML files."
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="series.parquet or series.csv; figures of each day go to series.days.parquet or "
            ".csv beside it.",
        ),
    ] = ...,  # type: ignore[assignment]
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="First day; all when not given.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Last day.")] = None,
    chart: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Draw what moved to a .png or .svg too (needs lineplan[chart])."
        ),
    ] = None,
    zones: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the zones too, each from valid_from to the day before valid_to: .gpkg, "
            "which QGIS's temporal controller plays, or .parquet.",
        ),
    ] = None,
    lang: Annotated[
        Lang | None,
        typer.Option(help="Language of the zones: names, labels, and legends in a GIS. [en]"),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, help="Processes that share the work.")
    ] = 1,
    cluster: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Dask scheduler (tcp://HOST:PORT) whose workers share the work instead (needs "
            "lineplan[cluster]).",
        ),
    ] = None,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", help="Report a bad day and skip it.")
    ] = False,
    i_have_permission: PermissionOption = False,
    *,
    ground: Ground,
) -> None:
    """Follow plans through the control of many days: areas and the line on every date.

    Example: lineplan timeline point21 as_held --control daily_files/ -o series.parquet

    --control is a folder of daily files, or an archive. An interrupted run goes on where it
    stopped when the same command is given again.
    """
    from lineplan.chronology.writing import check_target, parts_of, write_timeline

    check_target(output)
    if lang is not None and zones is None:
        raise UsageError("--lang is for the zones; give --zones FILE too")
    if zones is not None:
        from lineplan.chronology.zones import check_target as check_zones

        check_zones(zones)
    if chart is not None:
        from lineplan.chronology.chart import check_target as check_chart
        from lineplan.chronology.chart import draw_chart

        check_chart(chart)
    ground.check_outputs(plans, *parts_of(output), zones, chart)
    journal = output.with_name(f".{output.name}.part")
    with _executor(workers, cluster) as executor, progress_bar() as progress:
        series = ground.timeline(
            plans,
            first=first,
            last=last,
            executor=executor,
            keep_going=keep_going,
            progress=progress,
            journal=journal,
            zones=zones,
            lang=(lang or Lang.en).value,
            has_permission=i_have_permission,
        )
    drawn = {}
    if chart is not None:
        from lineplan.plan.file import dataset_of

        dataset = dataset_of(plans[0], ground.dataset)
        drawn = {chart: lambda draft: draw_chart(series, draft, dataset)}
    written = [*write_timeline(series, output, drawn), *([zones] if zones else [])]
    shutil.rmtree(journal, ignore_errors=True)
    said = series.conditions
    mended = [f"{day}: {words}" for day, words in said["days_mended"].items()]
    for note in first_of([*said["notes"], *mended], "in the conditions of what was written"):
        say(f"note: {note}")
    for day, reason in said["days_skipped"].items():
        say(f"warning: {day} skipped: {reason}")
    for day, reason in said.get("zones_days_skipped", {}).items():
        say(f"warning: {day} has no zones: {reason}")
    count = f"{said['days']} day(s), {said['first_day']} to {said['last_day']}"
    if said["days_missing"]:
        count += f"; {len(said['days_missing'])} day(s) between them are missing"
    if said["days_skipped"]:
        count += f"; {len(said['days_skipped'])} bad day(s) skipped"
    say(count)
    say(f"wrote {', '.join(map(str, written))}")


@contextmanager
def _executor(workers: int, cluster: str | None) -> Iterator[Executor | None]:
    if cluster is not None:
        if workers != 1:
            raise UsageError("--cluster brings its own workers; leave out --workers")
        from lineplan.chronology.cluster import open_cluster

        with open_cluster(cluster) as executor:
            yield executor
        return
    if workers == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")  # the progress bar is a thread of ours
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_end_with_parent) as pool:
        yield pool


def _end_with_parent() -> None:
    """Let a worker end when the process that gave it work is gone."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
