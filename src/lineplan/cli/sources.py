"""Options that say which source of control is read, and how."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lineplan.cli.output import say
from lineplan.errors import UsageError

if TYPE_CHECKING:
    from lineplan.control import Archive, Control, SourceFile
    from lineplan.dataset import Dataset

_PANEL = "How the source of control is read (found by its content; the same for every command)"


class HeldClass(StrEnum):
    """Classes of ground that count as held, each with those before it."""

    full = "full"
    partial = "partial"
    claimed = "claimed"


@dataclass(frozen=True)
class SourceOptions:
    """The options that say how a source of control is read."""

    source: Annotated[
        str | None,
        typer.Option(
            metavar="KIND|FILE.toml",
            help="Kind of --control: deepstate_daily, deepstate_feed, liveuamap, kml, lines, "
            "settlements, mapped or polygons; or a source file that says how to read it.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    holder: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="Column that says who holds the ground.", rich_help_panel=_PANEL
        ),
    ] = None
    value: Annotated[
        list[str] | None,
        typer.Option(
            metavar="VALUE=HOLDER",
            help="What a value of that column means: a party, contested, unknown, or none.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    control_class: Annotated[
        HeldClass | None,
        typer.Option(
            help="Which classes of the source count as held, each with those before it; full "
            "unless told otherwise.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    base: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Another source, for ground that this one leaves out (held before its time).",
            rich_help_panel=_PANEL,
        ),
    ] = None
    seed: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LON,LAT=PARTY",
            help="For a line of contact: a point, and who holds its side.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    left: Annotated[
        str | None,
        typer.Option(
            metavar="PARTY",
            help="For a line of contact: who holds its left, in the direction it is drawn.",
            rich_help_panel=_PANEL,
        ),
    ] = None
    every_party: Annotated[
        bool | None,
        typer.Option(
            "--every-party/--not-every-party",
            help="Ground that the source leaves unclaimed is unknown, or the default holder's; "
            "unknown where it draws the default holder's ground too.",
            rich_help_panel=_PANEL,
            show_default=False,
        ),
    ] = None
    save_source: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            help="Keep how the source is read, for --source or --control of another day.",
            rich_help_panel=_PANEL,
        ),
    ] = None

    def is_told(self) -> bool:
        """Whether any of these options is given."""
        told = [getattr(self, name) for name in SourceOptions.__dataclass_fields__]
        return any(value not in (None, "", []) for value in told)

    def read(self, control: str | None, dataset: Dataset, as_of: date | None, **on: Any) -> Control:
        """Read the source, and keep how where that is asked for."""
        from lineplan.control import read_control

        control = self._named(control)
        read = read_control(control, dataset, as_of=as_of, **self._how(), **on)
        self._save(control, read.source_file, "is of the dataset, which keeps how it is read")
        return read

    def open(self, control: str | None, dataset: Dataset, **on: Any) -> Archive:
        """Open an archive, and keep how its days are read where that is asked for."""
        from lineplan.control import open_archive

        control = self._named(control)
        archive = open_archive(control, dataset, **self._how(), **on)
        self._save(control, archive.source_file, "is packed; its days are read as they are")
        return archive

    def _named(self, control: str | None) -> str:
        if control is None:
            raise UsageError(
                "options that say how a source is read (--source, --holder, --value, "
                "--control-class, --base, --seed, --left, --every-party, --save-source) need "
                "--control FILE"
            )
        return control

    def _how(self) -> dict[str, Any]:
        """What `read_control` and `open_archive` take."""
        how: dict[str, Any] = {"kind": self.source, "holder": self.holder, "base": self.base}
        how["control_class"] = self.control_class.value if self.control_class else None
        how |= {"left": self.left, "seeds": [_seed(text) for text in self.seed or ()]}
        how["draws_every_party"] = self.every_party
        return how | {"values": dict(_value(text) for text in self.value or ())}

    def _save(self, control: str, how: SourceFile | None, otherwise: str) -> None:
        if self.save_source is not None:
            if how is None:
                raise UsageError(f"{control}: {otherwise}")
            how.save(self.save_source)
            say(f"wrote {self.save_source}")


def _value(text: str) -> tuple[str, str]:
    value, equals, holder = text.rpartition("=")
    if not equals or not holder.strip():
        raise UsageError(f"--value {text}: write --value VALUE=HOLDER")
    return value.strip(), holder.strip()


def _seed(text: str) -> tuple[float, float, str]:
    where, equals, party = text.partition("=")
    try:
        lon, lat = map(float, where.split(","))
    except ValueError:
        equals = ""
    if not equals or not party.strip() or not (-180 <= lon <= 180 and -90 <= lat <= 90):
        raise UsageError(f"--seed {text}: write --seed LON,LAT=PARTY, in degrees, longitude first")
    return lon, lat, party.strip()
