"""Zones through time: each once for every stretch of days on which its geometry is the same.

A stretch is from `valid_from`, its first day, to `valid_to`, the first day that it is no more, so
that stretches of a zone follow each other without a gap and without overlap, however finely time
is cut. A state lasts until the next day that has one: days that the archive lacks, or that were
skipped, are counted in `days_missing` and not left empty.

Geometry is that of the full computation, compared bit by bit. It goes from the batches to the file
by way of a folder beside it, so that memory holds no more than one batch, and a run that was cut
short goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import shapely
from pyogrio.errors import DataLayerError, DataSourceError

from lineplan.arrangement import describe
from lineplan.chronology.batches import (
    DAYS,
    Bad,
    Batch,
    Job,
    Journal,
    Part,
    Progress,
    batches_of,
    reason_of,
    run,
)
from lineplan.control import Control
from lineplan.control.archive import Archive
from lineplan.control.terms import TermsError, check_passing_on
from lineplan.dataset import Dataset
from lineplan.errors import LineplanError, UsageError
from lineplan.gis import STYLES, legend_of_stretches, style_table
from lineplan.ground import Ground
from lineplan.labels import Catalogue
from lineplan.output import check_replaceable, dated, replacing
from lineplan.plan import TERMS, Plan
from lineplan.zoning import apply

ENDINGS = (".gpkg", ".parquet")
KEYS = ("plan_id", "unit_id", "held_by", "status", "clause_id")
_CRS = "EPSG:4326"
_GEOMETRY = "geom"
_ALIKE = ["held_by", "status", "clause_id", *TERMS]
"""Columns by which zones of a plan are drawn and said."""
_ONE_PAGE = 2**30
_OF_DAY = pa.schema(
    [
        ("day", pa.date32()),
        *((name, pa.string()) for name in (*KEYS, *TERMS)),
        ("area_km2", pa.float64()),
        ("digest", pa.binary()),
        ("geometry", pa.binary()),
    ]
)


class Place(NamedTuple):
    """Where a zone of a day is kept: the number of a part and of a row in it."""

    part: int
    row: int


class Stretch(NamedTuple):
    """Days on which a zone is the same.

    `valid_to` is the first day after them; `days` counts those that have a state of their own.
    """

    place: Place
    valid_from: date
    valid_to: date
    days: int


Zone = tuple[str, ...]
Seen = Mapping[Zone, tuple[bytes, Place]]
"""The zones of a day: a digest of the geometry of each, and where it is kept."""


@dataclass(frozen=True)
class ZonePart(Part):
    """The zones of a batch, as the bytes of a Parquet file, or the file once they are kept."""

    table: bytes | Path = b""


class ZoneBatch(Batch):
    """Days whose zones are worked out one after another."""

    @staticmethod
    def length(job: Job) -> int:
        """Days of a batch, all of which are measured in full."""
        del job
        return DAYS

    @property
    def key(self) -> str:
        """Digest of all that its zones depend on."""
        return hashlib.sha256(f"zones {super().key}".encode()).hexdigest()

    def run(self) -> ZonePart:
        """Work through the days; a bad one ends the batch unless it is to keep going."""
        rows: list[dict[str, Any]] = []
        bad: list[Bad] = []
        for day in self.days:
            source: Control | None = None
            try:
                source = self.archive.control(day)
                rows += _rows(self.job, day, source)
            except TermsError:
                raise
            except (LineplanError, OSError) as fault:
                bad.append(Bad(day, reason_of(fault, source.source if source else None, self.job)))
                if not self.job.keep_going:
                    break
        said = json.dumps([[item.day.isoformat(), item.reason] for item in bad])
        table = pa.Table.from_pylist(rows, schema=_OF_DAY.with_metadata({"bad": said}))
        sink = pa.BufferOutputStream()
        pq.write_table(
            table,
            sink,
            compression="zstd",
            # A geometry that several days and plans have is kept once.
            use_dictionary=True,
            data_page_size=_ONE_PAGE,
            dictionary_pagesize_limit=_ONE_PAGE,
        )
        return ZonePart(bad=bad, table=sink.getvalue().to_pybytes())


def _rows(job: Job, day: date, source: Control) -> Iterator[dict[str, Any]]:
    """The zones of every plan on a day."""
    ground = job.setting.lay(source)
    check_passing_on(ground.terms, has_permission=job.has_permission)
    whole = _dissolved(ground)
    by_distance = [plan for plan in job.plans if plan.strips()]
    cut = ground.cut_for(by_distance, job.lines).partition if by_distance else whole
    for plan in job.plans:
        zones = apply(plan, cut if plan.strips() else whole)
        parts = [shapely.get_parts(shape) for shape in zones.geometry.to_numpy()]
        shapes = shapely.normalize([shapely.multipolygons(part) for part in parts])
        records = zones.drop(columns="geometry").to_dict("records")
        for record, shape in zip(records, shapely.to_wkb(shapes, byte_order=1), strict=True):
            digest = hashlib.blake2b(shape, digest_size=16).digest()
            yield {"day": day, "plan_id": plan.id, **record, "digest": digest, "geometry": shape}


def _dissolved(ground: Ground) -> Any:
    """The partition with one face for each unit and holder: plans without distances ask no more."""
    faces = ground.partition.faces
    shapes, area_m2 = faces.geometry.to_numpy(), faces["area_m2"].to_numpy()
    keys = ["unit_id", "held_by"]
    rows = [
        [*key, area_m2[at].sum(), shapely.coverage_union_all(shapes[at])]
        for key, at in faces.groupby(keys, sort=True).indices.items()
    ]
    frame = pd.DataFrame(rows, columns=[*keys, "area_m2", "geometry"])
    merged = gpd.GeoDataFrame(frame, geometry="geometry", crs=faces.crs)
    return replace(ground.partition, faces=merged)


@dataclass(frozen=True)
class ZoneJournal(Journal):
    """Zones of finished batches, each in a file of a folder; what is held on to is the file."""

    folder: Path = field()

    def find(self, batch: Batch) -> ZonePart | None:
        """The zones of a batch in an earlier run."""
        file = self._file(batch)
        try:
            said = pq.read_schema(file).metadata[b"bad"]
            bad = [Bad(date.fromisoformat(day), reason) for day, reason in json.loads(said)]
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
            return None
        return ZonePart(bad=bad, table=file)

    def keep(self, batch: Batch, part: Part) -> ZonePart:
        """Keep the zones of a batch."""
        assert isinstance(part, ZonePart)
        assert isinstance(part.table, bytes)
        with replacing(self._file(batch)) as beside:
            beside.write_bytes(part.table)
        return replace(part, table=self._file(batch))

    def _file(self, batch: Batch) -> Path:
        return self.folder / f"{batch.key[:32]}.parquet"


def check_target(path: Path) -> None:
    """Raise UsageError, or LineplanError, for a file that zones cannot be written to."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: zones are written to a file that ends in .gpkg or .parquet")
    check_replaceable(path)


def write_zones(
    path: Path,
    job: Job,
    archive: Archive,
    origin: Mapping[date, date],
    conditions: Mapping[str, Any],
    *,
    words: Catalogue,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Bad]:
    """Work out the zones of some days, and write a row for every stretch of each.

    Parameters
    ----------
    path : Path
        ``.gpkg`` has a layer for each plan, named by its id, which QGIS plays in its temporal
        controller; ``.parquet`` (GeoParquet) has all plans in one table. Finished batches wait
        in a folder beside it until it is complete.
    job : Job
    archive : Archive
    origin : mapping of date to date
        The days, ascending, each with the first day whose state is the same.
    conditions : mapping
        What every figure depends on, written into the file.
    words : Catalogue
        Language of names and labels, and in a GeoPackage of legends and aliases.
    executor, progress
        As for `lineplan.timeline`.

    Returns
    -------
    list of Bad
        Days that were skipped.

    Raises
    ------
    LineplanError
        A day cannot be used, or the file cannot be written.
    """
    check_target(path)
    folder = path.with_name(f".{path.name}.part")
    batches = batches_of(job, archive, sorted(set(origin.values())), ZoneBatch)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as fault:
        raise LineplanError(f"{path}: cannot be written ({fault.strerror or fault})") from None
    parts = run(batches, executor, ZoneJournal(folder), progress)
    files = [part.table for part in parts if isinstance(part, ZonePart)]
    bad = [item for part in parts for item in part.bad]
    conditions = dict(conditions) | said_of(bad)
    zones = _seen(files)
    if not zones:
        raise LineplanError(f"{archive.name}: no day has zones; {bad[0].day}: {bad[0].reason}")
    stretches = stretches_of({day: zones[o] for day, o in origin.items() if o in zones})
    with replacing(path) as beside:
        draft = folder / f"draft{path.suffix}"  # a run that is killed leaves no second one
        draft.unlink(missing_ok=True)
        tables = _tables(files, stretches, job, words)
        try:
            if path.suffix.lower() == ".gpkg":
                _write_gpkg(draft, tables, job.setting.dataset, conditions, words)
            else:
                _write_parquet(draft, tables, conditions)
        except (pa.ArrowException, DataSourceError, DataLayerError) as fault:
            reason = str(fault).partition("\n")[0]
            raise LineplanError(f"{path}: cannot be written ({reason})") from None
        draft.replace(beside)
    shutil.rmtree(folder, ignore_errors=True)
    return bad


def said_of(bad: Sequence[Bad]) -> dict[str, Any]:
    """Days whose figures are known and whose zones could not be worked out, for the conditions."""
    found = {item.day.isoformat(): item.reason for item in bad}
    return {"zones_days_skipped": found} if found else {}


def _seen(files: Sequence[bytes | Path]) -> dict[date, Seen]:
    """The zones of every day that was worked out, without their geometry."""
    found: dict[date, dict[Zone, tuple[bytes, Place]]] = defaultdict(dict)
    for number, file in enumerate(files):
        table = pq.read_table(file, columns=["day", *KEYS, "digest"])
        columns = [table[name].to_pylist() for name in table.column_names]
        for row, (day, *key, digest) in enumerate(zip(*columns, strict=True)):
            found[day][tuple(key)] = (digest, Place(number, row))
    return dict(found)


def stretches_of(days: Mapping[date, Seen]) -> list[Stretch]:
    """Join days that follow each other and on which a zone is the same.

    Parameters
    ----------
    days : mapping of date to mapping
        The zones of each day, ascending.

    Returns
    -------
    list of Stretch
        By the part in which they are kept, then `valid_from`.
    """
    begun: dict[Zone, tuple[bytes, Place, date, int]] = {}
    ended: list[Stretch] = []
    for day, zones in days.items():
        for key, (digest, place, first, count) in list(begun.items()):
            if key not in zones or zones[key][0] != digest:
                ended.append(Stretch(place, first, day, count))
                del begun[key]
        for key, (digest, place) in zones.items():
            _, place, first, count = begun.get(key, (digest, place, day, 0))
            begun[key] = (digest, place, first, count + 1)
    after = max(days) + timedelta(days=1)
    ended += [Stretch(place, first, after, count) for _, place, first, count in begun.values()]
    return sorted(ended, key=lambda s: (s.place.part, s.valid_from, s.place.row))


def _tables(
    files: Sequence[bytes | Path], stretches: Sequence[Stretch], job: Job, words: Catalogue
) -> Iterator[tuple[Plan, pa.Table]]:
    """The stretches of each part and plan, as they are written."""
    of_part: dict[int, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        of_part[stretch.place.part].append(stretch)
    for number, some in sorted(of_part.items()):
        table = pq.read_table(files[number], read_dictionary=["geometry"])
        table = table.take([stretch.place.row for stretch in some])
        flat = table.select(["plan_id", *KEYS[1:], *TERMS, "area_km2"]).to_pandas()
        flat["valid_from"] = [stretch.valid_from for stretch in some]
        flat["valid_to"] = [stretch.valid_to for stretch in some]
        flat["days"] = [stretch.days for stretch in some]
        flat["days_missing"] = [(s.valid_to - s.valid_from).days - s.days for s in some]
        for plan in job.plans:
            at = (flat["plan_id"] == plan.id).to_numpy().nonzero()[0]
            if not len(at):
                continue
            rows = flat.iloc[at]
            units, dataset = job.setting.units, job.setting.dataset
            said = describe(rows, plan, units, dataset, rows["valid_from"], words)
            columns = pa.Table.from_pandas(said, preserve_index=False)
            shapes = table["geometry"].take(pa.array(at)).cast(pa.binary())
            yield plan, columns.append_column("geometry", shapes)


def _write_gpkg(
    draft: Path,
    tables: Iterator[tuple[Plan, pa.Table]],
    dataset: Dataset,
    conditions: dict[str, Any],
    words: Catalogue,
) -> None:
    written: dict[str, int] = defaultdict(int)
    plans: dict[str, Plan] = {}
    seen: dict[str, pd.DataFrame] = {}
    said = json.dumps(conditions, ensure_ascii=False)
    with dated(conditions["last_day"]):
        for plan, table in tables:
            new = plan.id not in written
            pyogrio.write_arrow(
                table,
                draft,
                layer=plan.id,
                driver="GPKG",
                geometry_name="geometry",
                geometry_type="MultiPolygon",
                layer_options={"GEOMETRY_NAME": _GEOMETRY} if new else None,
                crs=_CRS,
                append=draft.exists(),
                layer_metadata={"lineplan": said} if new else None,
            )
            written[plan.id] += len(table)
            plans[plan.id] = plan
            told = table.drop_columns("geometry").to_pandas()
            seen[plan.id] = pd.concat([*([] if new else [seen[plan.id]]), told])
            seen[plan.id] = seen[plan.id].drop_duplicates(_ALIKE)
        styles = [
            style_table(
                [legend_of_stretches(name, told, dataset, words)],
                geometry=_GEOMETRY,
                description=_summary(plans[name], conditions, words),
                day=conditions["last_day"],
            )
            for name, told in seen.items()
        ]
        pyogrio.write_dataframe(
            pd.concat(styles, ignore_index=True),
            draft,
            layer=STYLES,
            append=True,
            use_arrow=False,
            layer_options={"FID": "id"},
        )
    for layer, rows in written.items():
        if pyogrio.read_info(draft, layer=layer, force_feature_count=True)["features"] != rows:
            raise DataSourceError(f"layer {layer} is not complete; is the disk full?")


def _summary(plan: Plan, conditions: Mapping[str, Any], words: Catalogue) -> str:
    """What the zones of a plan rest on, in two sentences."""
    force = words.text(f"standing.{plan.standing}")
    first, last = (
        words.date(date.fromisoformat(conditions[key])) for key in ("first_day", "last_day")
    )
    rest_on = words.source_line(
        plan.standing,
        text=words.name(plan.title),
        text_date=words.date(plan.date),
        line=words.data(conditions["control_source"]),
        line_date=f"{first} – {last}",
    )
    return f"{force}. {rest_on}"


def _write_parquet(
    draft: Path, tables: Iterator[tuple[Plan, pa.Table]], conditions: dict[str, Any]
) -> None:
    column = {"encoding": "WKB", "geometry_types": ["MultiPolygon"]}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    papers = {"geo": geo, "lineplan": conditions}
    metadata = {key: json.dumps(value, ensure_ascii=False) for key, value in papers.items()}
    writer: pq.ParquetWriter | None = None
    try:
        for _, table in tables:
            table = table.replace_schema_metadata(metadata)
            writer = writer or pq.ParquetWriter(draft, table.schema, compression="zstd")
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
