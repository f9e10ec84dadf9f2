"""Options that several commands share: the ground a plan is laid on, and which plan."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from datetime import date
from enum import StrEnum
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

from lineplan.cli.output import brief, check_outputs, say
from lineplan.cli.sources import SourceOptions
from lineplan.errors import LineplanWarning, UsageError

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement
    from lineplan.chronology import Timeline
    from lineplan.comparison import Comparison
    from lineplan.plan import Plan
    from lineplan.reporting import ReportAreas
    from lineplan.webmap import PlanMap

_GROUND = "Ground (the same for every command)"

PlanArgument = Annotated[
    str, typer.Argument(metavar="PLAN", help="Id of a plan (lineplan plans list), or a TOML file.")
]
StatusOption = Annotated[
    str | None, typer.Option(metavar="STATUS", help="Only ground of this status.")
]


_DATASET_HELP = (
    "Embedded dataset by name, or a folder with a dataset.toml; not needed where that lies beside "
    "the plan file."
)
DatasetOption = Annotated[str, typer.Option("--dataset", metavar="NAME|FOLDER", help=_DATASET_HELP)]
ReportByOption = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Figures by any other polygons as well (districts, communities, cells of a grid): a "
        "vector file.",
    ),
]
ReportIdOption = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="Column of --report-by with their ids.")
]


class OnOverlap(StrEnum):
    """What becomes of ground that two parties claim."""

    error = "error"
    contested = "contested"
    first = "first"


@dataclass(frozen=True)
class Ground(SourceOptions):
    """The options that say on which ground, line and reading a plan is laid."""

    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME|FOLDER", help=_DATASET_HELP, rich_help_panel=_GROUND),
    ] = None
    control: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE|NAME",
            help="Area of control: polygons, lines of contact or settlements of any kind "
            "(FILE:LAYER for one of several layers), a folder of daily files, a packed archive, "
            "a source file, or a control file of the dataset by name. areas sets several side by "
            "side.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    units: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Other administrative units: any vector file with ISO ids, COD-AB or KATOTTH "
            "codes, or names.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    unit_id: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column of --units with their ids.", rich_help_panel=_GROUND
        ),
    ] = None
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="The latest state on or before DATE (YYYY-MM-DD) of a dated source; states the "
            "date of an undated file.",
            rich_help_panel=_GROUND,
        ),
    ] = None
    set: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Set a parameter of the plan.", rich_help_panel=_GROUND
        ),
    ] = None
    reading: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLAUSE=ID", help="Choose a reading of a clause.", rich_help_panel=_GROUND
        ),
    ] = None
    contested: Annotated[
        str,
        typer.Option(
            metavar="apart|PARTY",
            help="Contested ground: kept apart, or counted with a party (ua, ru).",
            rich_help_panel=_GROUND,
        ),
    ] = "apart"
    on_overlap: Annotated[
        OnOverlap,
        typer.Option(help="Ground that two parties claim.", rich_help_panel=_GROUND),
    ] = OnOverlap.error
    no_reconcile: Annotated[
        bool,
        typer.Option(
            "--no-reconcile",
            help="Leave mismatches between the source and the frontier as they are.",
            rich_help_panel=_GROUND,
        ),
    ] = False
    line: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DATE=FILE",
            help="Line of contact of another day, for a plan that measures from it: a source of "
            "control of that day, or a file of lines.",
            rich_help_panel=_GROUND,
        ),
    ] = None

    @property
    def values(self) -> dict[str, str | float]:
        """Values by parameter, as --set gives them."""
        return {name: value_of(value) for name, value in pairs_of("--set", self.set)}

    @property
    def readings(self) -> dict[str, str]:
        """Readings by clause, as --reading gives them."""
        return dict(pairs_of("--reading", self.reading))

    @property
    def lines(self) -> dict[date, str | Path]:
        """Sources by day, as --line gives them."""
        from lineplan.days import as_date

        pairs = pairs_of("--line", self.line)
        return {day: file for given, file in pairs if (day := as_date(given))}

    def check_outputs(
        self, plans: Iterable[str], *outputs: Path | None, files: Iterable[str | Path | None] = ()
    ) -> None:
        """Refuse, before the work, to write to what is read; as `output.check_outputs`.

        `files` are those that a command reads and that are no part of the ground.
        """
        from lineplan.plan.file import dataset_of

        plans = list(plans)
        dataset = dataset_of(plans[0], self.dataset)
        kept = [
            dataset.folder / name for name in ("dataset.toml", *(f.path for f in dataset.files))
        ]
        check_outputs(
            (*outputs, self.save_source),
            (*(self.control or ()), self.base, self.source, *self.lines.values()),
            (self.units, *plans, *kept, *files),
        )

    def _one_control(self) -> str | None:
        """The one source of control; UsageError where several are given."""
        if len(self.control or ()) > 1:
            raise UsageError(
                f"--control is given {len(self.control or ())} times; this command reads one "
                "source (lineplan areas sets several side by side)"
            )
        return self.control[0] if self.control else None

    def _options(self, plan: str | Plan, control: str | None) -> dict[str, Any]:
        """What `arrange` takes, with the source read as its options say."""
        from lineplan.days import as_date
        from lineplan.plan.file import dataset_of

        dataset = dataset_of(plan, self.dataset)
        read: dict[str, Any] = {"control": control, "as_of": self.as_of}
        if self.is_told():
            day, on = as_date(self.as_of), {"units": self.units, "unit_id": self.unit_id}
            read = {"control": self.read(control, dataset, day, **on), "as_of": None}
        return read | self._shared(plan)

    def _shared(self, plan: str | Plan) -> dict[str, Any]:
        """What everything laid on ground takes, whatever its control."""
        from lineplan.plan.file import dataset_of

        return {
            "dataset": dataset_of(plan, self.dataset),
            "units": self.units,
            "unit_id": self.unit_id,
            "set": self.values,
            "readings": self.readings,
            "contested": self.contested,
            "on_overlap": self.on_overlap.value,
            "reconcile": not self.no_reconcile,
            "lines": self.lines,
        }

    def arrange(self, plan: str | Plan, *, has_permission: bool | None = None) -> Arrangement:
        """The arrangement, its notes said on stderr.

        `has_permission` is given where its geometry goes into a file for others: what must not be
        passed on is refused before anything else is said.
        """
        return self._arrange(plan, self._one_control(), has_permission)

    def arrange_each(self, plan: str | Plan) -> list[Arrangement]:
        """An arrangement for every source of control that is given."""
        if self.is_told():
            raise UsageError(
                "options that say how a source is read go with one --control; keep how each is "
                "read in a source file (--save-source FILE.toml) and give that as --control"
            )
        found = []
        for control in self.control or ():
            say(f"source {control}:")
            found.append(self._arrange(plan, control))
        return found

    def _arrange(
        self, plan: str | Plan, control: str | None, has_permission: bool | None = None
    ) -> Arrangement:
        from lineplan.arrangement import arrange, unused_clauses

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LineplanWarning)  # said below, with the other notes
            arrangement = arrange(plan, **self._options(plan, control))
        if has_permission is not None:
            arrangement = arrangement.for_others(has_permission=has_permission)
        unused = unused_clauses(arrangement.plan, arrangement.zones)
        for note in brief(arrangement.conditions["notes"]):
            say(f"{'warning' if note in unused else 'note'}: {note}")
        return arrangement

    def compare(self, plans: list[str]) -> Comparison:
        """The comparison, its notes said on stderr."""
        from lineplan.comparison import compare

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", LineplanWarning)  # said below, with the other notes
            comparison = compare(*plans, **self._options(plans[0], self._one_control()))
        for note in brief(comparison.conditions["notes"]):
            say(f"{'warning' if note.endswith('catches no ground') else 'note'}: {note}")
        return comparison

    def atlas(self, plans: list[str], **options: Any) -> PlanMap:
        """The map of plans on one day or many, its notes said on stderr."""
        from lineplan.webmap import atlas

        control = self._one_control()
        if self.is_told() and (options.get("first") or options.get("last")):
            shared = self._shared(plans[0])
            on = {name: shared[name] for name in ("dataset", "units", "unit_id")}
            shared |= {"control": self.open(control, **on), "as_of": self.as_of}
        else:
            shared = self._options(plans[0], control)
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always", LineplanWarning)
            drawn = atlas(plans, **shared, **options)
        for said in dict.fromkeys(str(warning.message) for warning in raised):
            if said.startswith("terms file"):  # the others are said below, with the notes
                say(f"warning: {said}")
        for note in brief(drawn.notes):
            say(f"{'warning' if note.endswith('catches no ground') else 'note'}: {note}")
        return drawn

    def timeline(self, plans: list[str], **options: Any) -> Timeline:
        """The timeline on the one archive that is given."""
        from lineplan.chronology import timeline

        control = self._one_control()
        if control is None:
            raise UsageError("timeline needs --control: a folder of daily files, or an archive")
        if self.as_of is not None:
            raise UsageError("--as-of is one day; a timeline has --from and --to")
        shared = self._shared(plans[0])
        if not self.is_told():
            return timeline(*plans, control=control, **shared, **options)
        on = {name: shared[name] for name in ("dataset", "units", "unit_id")}
        return timeline(*plans, control=self.open(control, **on), **shared, **options)


def with_ground(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command` the GROUND options; it gets them as one `ground` argument."""

    @wraps(command)
    def wrapper(**options: Any) -> None:
        ground = Ground(**{f.name: options.pop(f.name) for f in fields(Ground)})
        command(**options, ground=ground)

    own = inspect.signature(command).parameters
    hints = {
        **get_type_hints(command, include_extras=True),
        **get_type_hints(Ground, include_extras=True),
    }
    kept = [p.replace(annotation=hints[n]) for n, p in own.items() if n != "ground"]
    inherited = SourceOptions.__dataclass_fields__
    added = [
        inspect.Parameter(
            f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name]
        )
        for f in sorted(fields(Ground), key=lambda f: f.name in inherited)
    ]
    wrapper.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in (*kept, *added)}
    return wrapper


def read_report_areas(report_by: str | None, report_id: str | None) -> ReportAreas | None:
    """The polygons of --report-by, their notes said on stderr; None where it is not given."""
    from lineplan.reporting import read_report

    if report_by is None:
        if report_id is not None:
            raise UsageError("--report-id needs --report-by FILE")
        return None
    report = read_report(report_by, report_id)
    for note in report.notes:
        say(f"note: {note}")
    return report


def pairs_of(option: str, given: Iterable[str] | None) -> list[tuple[str, str]]:
    """What an option given as ``NAME=VALUE`` says, each name once."""
    pairs: list[tuple[str, str]] = []
    for item in given or ():
        name, equals, value = item.partition("=")
        if not equals or not name or not value:
            raise UsageError(f"{option} {item}: write {option} NAME=VALUE")
        if name.strip() in (before for before, _ in pairs):
            raise UsageError(f"{option} {item}: {name.strip()} is given twice")
        pairs.append((name.strip(), value.strip()))
    return pairs


def value_of(text: str) -> str | float:
    """The number that `text` writes, or the text."""
    try:
        return float(text)
    except ValueError:
        return text
