"""Archives: many days of control from folders, dated features and the packed form."""

import datetime as dt
import gzip
import hashlib
import json
import pickle
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
import toyland
from shapely.geometry import box

import lineplan as lp
from lineplan.cli import run
from lineplan.control import pack
from lineplan.features import sha256_of

DAYS = [dt.date(2025, 3, number) for number in (1, 2, 3, 5, 6)]
MISSING = dt.date(2025, 3, 4)
EAST, MORE, LESS = (box(x, -1.5, 32.5, 1.5) for x in (31.5, 31.123456, 31.7))
# On the 2nd nothing changes, on the 6th the ground of the 1st comes back.
GROUND = dict(zip(DAYS, (EAST, EAST, MORE, LESS, EAST), strict=True))
SAME = {DAYS[1]: DAYS[0], DAYS[4]: DAYS[0]}


def write_day(folder: Path, day: dt.date, ground: shapely.Geometry, **columns: str) -> Path:
    frame = gpd.GeoDataFrame({"held_by": ["bora"], **columns}, geometry=[ground], crs=4326)
    path = folder / f"line_{day:%Y%m%d}.geojson"
    path.write_text(frame.to_json(drop_id=True))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "days"
    found.mkdir()
    for day, ground in GROUND.items():
        write_day(found, day, ground)
    (found / "README.md").write_text("not a source")
    (found / ".line_20250309.geojson").write_text("hidden")
    return found


def dated_frame() -> gpd.GeoDataFrame:
    """Dated features, not in their order, with two holders on each day."""
    west = box(29.5, -1.5, 30.2, 1.5)
    rows = [("bora", f"{day}", ground) for day, ground in GROUND.items()]
    rows += [("cora", f"{day}", west) for day in DAYS]
    frame = pd.DataFrame(rows[::-1], columns=["held_by", "as_of", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def as_geojson(path: Path) -> Path:
    path = path / "dated.geojson"
    path.write_text(dated_frame().to_json(drop_id=True))
    return path


def as_gzip(path: Path) -> Path:
    target = path / "dated.geojson.gz"
    target.write_bytes(gzip.compress(as_geojson(path).read_bytes()))
    return target


def as_parquet(path: Path) -> Path:
    dated_frame().to_parquet(path / "dated.parquet")
    return path / "dated.parquet"


def as_gpkg(path: Path) -> Path:
    dated_frame().to_file(path / "dated.gpkg")
    return path / "dated.gpkg"


def same_ground(one: lp.Control, other: lp.Control) -> bool:
    """Vertex by vertex, holder by holder."""
    ours, theirs = (
        sorted(zip(c.claims["held_by"], shapely.to_wkb(c.claims.geometry), strict=True))
        for c in (one, other)
    )
    return ours == theirs


def test_a_folder_of_days(folder: Path, toy: lp.Dataset) -> None:
    archive = lp.open_archive(folder, toy)
    assert (archive.name, archive.kind) == ("days", "folder")
    assert archive.days == tuple(DAYS)
    assert archive.missing == (MISSING,)
    assert archive.same_as == SAME
    assert len(archive.sha256) == 64
    for day in DAYS:
        control = archive.control(day)
        assert control.as_of == day
        assert shapely.equals(control.claims.geometry[0], GROUND[day])
        assert same_ground(control, lp.read_control(folder / f"line_{day:%Y%m%d}.geojson", toy))


@pytest.mark.parametrize("write", [as_geojson, as_gzip, as_parquet, as_gpkg])
def test_dated_features(write: Callable[[Path], Path], tmp_path: Path, toy: lp.Dataset) -> None:
    path = write(tmp_path)
    archive = lp.open_archive(path, toy)
    assert archive.kind == "dated"
    assert archive.days == tuple(DAYS)
    assert archive.missing == (MISSING,)
    assert archive.same_as == SAME
    for day in DAYS:
        control = archive.control(day)
        assert control.as_of == day
        assert same_ground(control, lp.read_control(path, toy, as_of=day))
        assert sorted(control.claims["held_by"]) == ["bora", "cora"]


def test_features_without_a_date_belong_to_every_day(tmp_path: Path, toy: lp.Dataset) -> None:
    frame = dated_frame()
    frame.loc[frame["held_by"] == "cora", "as_of"] = None
    frame.drop_duplicates("geometry").to_parquet(tmp_path / "x.parquet")
    archive = lp.open_archive(tmp_path / "x.parquet", toy)
    assert all(set(archive.control(d).claims["held_by"]) == {"bora", "cora"} for d in archive.days)


def test_another_column_and_holders_by_a_source_file(tmp_path: Path, toy: lp.Dataset) -> None:
    frame = dated_frame().rename(columns={"held_by": "who", "as_of": "on"})
    frame["who"] = frame["who"].str.upper()
    frame.to_file(tmp_path / "mine.gpkg")
    how = tmp_path / "how.toml"
    how.write_text(
        'kind = "mapped"\nfile = "mine.gpkg"\n[columns]\nholder = "who"\ndate = "on"\n'
        '[values]\nBORA = "bora"\nCORA = "none"\n'
    )
    archive = lp.open_archive(how, toy)
    assert archive.days == tuple(DAYS)
    assert archive.same_as == SAME
    assert list(archive.control(DAYS[2]).claims["held_by"]) == ["bora"]


@pytest.mark.parametrize("of", ["folder", "gzip"])
def test_packed_gives_back_every_day(
    of: str, folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    source = lp.open_archive(folder if of == "folder" else as_gzip(tmp_path), toy)
    path = tmp_path / "archive.parquet"
    report = pack(source, path)
    archive = lp.open_archive(path, toy)
    assert archive.kind == "packed"
    assert (report.days, report.unchanged, report.missing) == (5, 2, (MISSING,))
    assert report.size == path.stat().st_size
    assert archive.days == source.days
    assert archive.missing == source.missing
    assert archive.same_as == source.same_as
    for day in DAYS:
        ours, theirs = archive.control(day), source.control(day)
        assert same_ground(ours, theirs)
        assert ours.claims.crs == theirs.claims.crs
        for name in ("as_of", "source", "sha256", "notes", "kind", "attribution", "licence"):
            assert getattr(ours, name) == getattr(theirs, name), name


def test_packed_is_plain_geoparquet(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "archive.parquet"
    pack(lp.open_archive(folder, toy), path)
    frame = gpd.read_parquet(path)
    assert frame.crs.equals("OGC:CRS84")
    assert list(frame["as_of"]) == DAYS
    assert list(frame["held_by"]) == ["bora"] * 5
    assert all(a.equals(b) for a, b in zip(frame.geometry, GROUND.values(), strict=True))
    assert frame["sha256"].str.len().eq(64).all()
    metadata = json.loads(pq.read_metadata(path).metadata[b"lineplan"])
    assert metadata["version"] == 2
    assert metadata["redistribution"] == "not stated"
    assert metadata["missing"] == ["2025-03-04"]
    column = (
        pq.read_metadata(path).row_group(0).column(pq.read_schema(path).names.index("geometry"))
    )
    assert "RLE_DICTIONARY" in column.encodings, "ground that repeats is kept once"


def test_packing_again_gives_the_same_bytes(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    one, two, three = (tmp_path / f"{name}.parquet" for name in ("one", "two", "three"))
    pack(lp.open_archive(folder, toy), one)
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    pack(lp.open_archive(moved, toy), two)
    pack(lp.open_archive(one, toy), three)
    assert one.read_bytes() == two.read_bytes()
    assert three.read_bytes() == one.read_bytes(), "packing what is packed changes nothing"


def test_between(folder: Path, toy: lp.Dataset) -> None:
    archive = lp.open_archive(folder, toy)
    some = archive.between(DAYS[1], DAYS[4])
    assert some.days == tuple(DAYS[1:])
    assert some.missing == (MISSING,)
    assert some.same_as == {DAYS[4]: DAYS[1]}, "the earlier day is one of these"
    assert archive.between(None, None).days == archive.days
    assert archive.between(DAYS[3], None).missing == ()
    with pytest.raises(lp.ControlError, match="no state of 2025-03-01; it has 4 day"):
        some.control(DAYS[0])
    with pytest.raises(lp.UsageError, match="no state from 2026-01-01 to 2026-02-01"):
        archive.between(dt.date(2026, 1, 1), dt.date(2026, 2, 1))
    with pytest.raises(lp.ControlError, match="has no state of 2025-03-04; it has 5 day"):
        archive.control(MISSING)


@pytest.mark.parametrize("of", ["folder", "dated", "packed"])
def test_archives_go_to_another_process(
    of: str, folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = {"folder": folder, "dated": as_gzip(tmp_path), "packed": tmp_path / "p.parquet"}[of]
    if of == "packed":
        pack(lp.open_archive(folder, toy), path)
    archive = lp.open_archive(path, toy).between(DAYS[1], None)
    archive.control(DAYS[2])
    sent = pickle.dumps(archive)
    assert len(sent) < 20_000
    again = pickle.loads(sent)
    assert again.days == archive.days
    assert again.same_as == archive.same_as
    assert again.sha256 == archive.sha256
    assert same_ground(again.control(DAYS[2]), archive.control(DAYS[2]))


def test_what_changed_after_opening_is_refused(folder: Path, toy: lp.Dataset) -> None:
    archive = lp.open_archive(folder, toy)
    write_day(folder, DAYS[0], LESS)
    with pytest.raises(lp.ControlError, match=r"line_20250301.geojson: has changed since"):
        archive.control(DAYS[0])


def test_a_packed_archive_goes_without_its_file(
    folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = tmp_path / "archive.parquet"
    pack(lp.open_archive(folder, toy), path)
    archive = lp.open_archive(path, toy)
    sent = pickle.dumps(archive)
    path.unlink()
    there = pickle.loads(sent)
    assert there.sha256 == archive.sha256
    assert all(same_ground(there.control(day), archive.control(day)) for day in archive.days)


def test_read_control_takes_the_latest_state_on_or_before(
    folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = tmp_path / "archive.parquet"
    pack(lp.open_archive(folder, toy), path)
    for source in (folder, path):
        control = lp.read_control(source, toy, as_of=MISSING)
        assert control.as_of == DAYS[2]
        assert shapely.equals(control.claims.geometry[0], MORE)
        assert control.notes[0] == (
            f"{source.name}: an archive of 5 day(s) from 2025-03-01 to 2025-03-06; the state of "
            "2025-03-03 is used"
        )
        assert "the latest state on or before 2025-03-04 is of 2025-03-03" in control.notes[-1]
        assert lp.read_control(source, toy).as_of == DAYS[-1]
        with pytest.raises(lp.ControlError, match="no state on or before 2025-02-01; its first is"):
            lp.read_control(source, toy, as_of=dt.date(2025, 2, 1))
    with pytest.raises(lp.ControlError, match="told how its days are read when it was packed"):
        lp.read_control(path, toy, holder="who")


def test_files_dated_by_content_and_undated_ones(tmp_path: Path, toy: lp.Dataset) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    for number, (day, ground) in enumerate(GROUND.items()):
        write_day(folder, day, ground, as_of=f"{day}").rename(folder / f"{number}.geojson")
    write_day(folder, DAYS[0], EAST).rename(folder / "base.geojson")
    archive = lp.open_archive(folder, toy)
    assert archive.days == tuple(DAYS)
    assert archive.same_as == SAME
    assert archive.notes == ("days: state(s) no day and left out: base.geojson",)


def test_names_that_tell_another_day_than_the_content(tmp_path: Path, toy: lp.Dataset) -> None:
    """Some feeds name their files by the day they were fetched."""
    folder = tmp_path / "days"
    folder.mkdir()
    for day, ground in GROUND.items():
        fetched = day + dt.timedelta(days=1)
        path = write_day(folder, day, ground, as_of=f"{day}")
        path.rename(folder / f"fetched_{fetched:%Y%m%d}.geojson")
    assert lp.open_archive(folder, toy).days == tuple(DAYS)


def test_one_name_that_tells_another_day_than_its_content(tmp_path: Path, toy: lp.Dataset) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    for day, ground in GROUND.items():
        write_day(folder, day, ground, as_of=f"{DAYS[0] if day == DAYS[3] else day}")
    archive = lp.open_archive(folder, toy)
    archive.control(DAYS[2])
    with pytest.raises(lp.ControlError, match="for 2025-03-05, and its content is of 2025-03-01"):
        archive.control(DAYS[3])


@pytest.mark.parametrize("of", ["folder", "dated", "packed"])
def test_the_same_ground_of_another_holder_is_not_the_same(
    of: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    rows = {"held_by": ["bora", "cora", "bora"], "as_of": [f"{day}" for day in DAYS[:3]]}
    frame = gpd.GeoDataFrame(rows, geometry=[EAST] * 3, crs=4326)
    path = tmp_path / "days"
    if of == "folder":
        path.mkdir()
        for number in range(3):
            one = frame.iloc[[number]].to_json(drop_id=True)
            (path / f"{number}.geojson").write_text(one)
    else:
        path = tmp_path / "dated.parquet"
        frame.to_parquet(path)
    if of == "packed":
        pack(lp.open_archive(path, toy), tmp_path / "packed.parquet")
        path = tmp_path / "packed.parquet"
    assert lp.open_archive(path, toy).same_as == {DAYS[2]: DAYS[0]}


def test_what_lies_beside_the_days(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    pack(lp.open_archive(folder, toy), folder / "archive.parquet")
    (folder / "metadata.json").write_text('{"about": "these files"}')
    archive = lp.open_archive(folder, toy)
    assert archive.days == tuple(DAYS)
    assert archive.notes == ("days: state(s) no day and left out: metadata.json",)
    by_content = tmp_path / "by_content"
    by_content.mkdir()
    write_day(by_content, DAYS[0], EAST, as_of=f"{DAYS[0]}").rename(by_content / "a.geojson")
    (by_content / "b.geojson").write_text("{broken")
    refused(by_content, toy, "b.geojson: which day is it of")


def test_a_folder_of_layers_is_left_to_ogr(tmp_path: Path, toy: lp.Dataset) -> None:
    (tmp_path / "layers").mkdir()
    frame = gpd.GeoDataFrame({"held_by": ["bora"]}, geometry=[EAST], crs=4326)
    frame.to_file(tmp_path / "layers" / "held.shp")
    (tmp_path / "layers" / "codes.csv").write_text("a,b\n1,2\n")
    assert len(lp.read_control(tmp_path / "layers", toy).claims) == 1


def test_a_packed_archive_in_several_row_groups(
    folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    """Other programs write it so when they copy it."""
    path = tmp_path / "archive.parquet"
    pack(lp.open_archive(folder, toy), path)
    pq.write_table(pq.read_table(path), path, row_group_size=2)
    archive = lp.open_archive(path, toy)
    assert archive.same_as == SAME
    assert all(shapely.equals(archive.control(day).claims.geometry[0], GROUND[day]) for day in DAYS)


def test_classes_are_chosen_as_for_one_file(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    for source in (folder, as_parquet(tmp_path)):
        with pytest.raises(lp.ControlError, match="draws one class of ground"):
            lp.read_control(source, toy, control_class="partial")
    pack(lp.open_archive(folder, toy), tmp_path / "archive.parquet")
    with pytest.raises(lp.ControlError, match="was told how"):
        lp.read_control(tmp_path / "archive.parquet", toy, control_class="partial")


def test_names_written_another_way(tmp_path: Path, toy: lp.Dataset) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    for day, ground in GROUND.items():
        write_day(folder, day, ground).rename(folder / f"line_{day:%d_%m_%y}.geojson")
    with pytest.raises(lp.ControlError, match="no file in it states a day"):
        lp.open_archive(folder, toy)
    how = tmp_path / "how.toml"
    how.write_text('date_in_name = "%d_%m_%y"\n')
    assert lp.open_archive(folder, toy, kind=how).days == tuple(DAYS)


def refused(path: Path, toy: lp.Dataset, words: str) -> None:
    with pytest.raises(lp.LineplanError, match=words) as raised:
        lp.open_archive(path, toy)
    assert len(str(raised.value).splitlines()) == 1


def test_bad_archives_are_refused_in_one_line(
    folder: Path, tmp_path: Path, toy: lp.Dataset
) -> None:
    refused(tmp_path / "nothing", toy, "nothing: no such file")
    refused(folder / "line_20250301.geojson", toy, "is no archive: it has no column 'as_of'")
    shutil.copy(folder / "line_20250301.geojson", folder / "again_2025-03-01.geojson")
    refused(
        folder, toy, "again_2025-03-01.geojson and line_20250301.geojson are both of 2025-03-01"
    )
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", toy, "empty")
    bad = dated_frame()
    bad["as_of"] = "soon"
    bad.to_parquet(tmp_path / "soon.parquet")
    refused(tmp_path / "soon.parquet", toy, "as_of = 'soon' is not a date")
    (tmp_path / "bomb.geojson.gz").write_bytes(gzip.compress(b"{" + b" " * 5_000_000))
    refused(tmp_path / "bomb.geojson.gz", toy, "which no map does; refused")
    (tmp_path / "cut.geojson.gz").write_bytes(as_gzip(tmp_path).read_bytes()[:-20])
    refused(tmp_path / "cut.geojson.gz", toy, "not a readable gzip file")


def test_bad_packed_archives_are_refused(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "archive.parquet"
    pack(lp.open_archive(folder, toy), path)
    whole, table = path.read_bytes(), pq.read_table(path)
    path.write_bytes(whole[:-100])
    refused(path, toy, "not a readable GeoParquet file")
    metadata = table.schema.metadata
    ours = json.loads(metadata[b"lineplan"])
    for changed, words in (
        (ours | {"version": 1}, "is of version 1 of the packed form"),
        ({}, "is damaged, or was changed by another program"),
    ):
        text = json.dumps(changed)
        pq.write_table(table.replace_schema_metadata({**metadata, b"lineplan": text}), path)
        refused(path, toy, words)
    pq.write_table(table.drop_columns(["notes"]), path)
    refused(path, toy, "is damaged, or was changed")
    pq.write_table(table.take([4, 3, 2, 1, 0]), path)
    refused(path, toy, "is damaged, or was changed")
    holders = table.set_column(1, "held_by", [["bora", "cora", "nobody", "bora", "bora"]])
    pq.write_table(holders, path)
    refused(path, toy, "held_by holds 'nobody'; known are aria, bora")
    column = table.schema.names.index("redistribution")
    pq.write_table(table.set_column(column, "redistribution", [["perhaps"] * 5]), path)
    refused(path, toy, "is damaged, or was changed")
    drawn = [*table["geometry"].to_pylist()[:4], b"\x01\x06nonsense"]
    pq.write_table(table.set_column(len(table.schema) - 1, "geometry", [drawn]), path)
    with pytest.raises(lp.GeometryError, match="the geometry of 2025-03-06 is damaged"):
        lp.open_archive(path, toy).control(DAYS[4])
    bow = shapely.Polygon([(31, 0), (32, 1), (32, 0), (31, 1)])
    pq.write_table(table.set_column(len(table.schema) - 1, "geometry", [[bow.wkb] * 5]), path)
    assert "repaired (Self-intersection" in lp.open_archive(path, toy).control(DAYS[0]).notes[-1]


def test_a_bad_day_stops_or_is_left_out(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    (folder / "line_20250302.geojson").write_text("{broken")
    path = tmp_path / "archive.parquet"
    archive = lp.open_archive(folder, toy)
    with pytest.raises(lp.LineplanError, match=r"^2025-03-02: .*line_20250302.*--keep-going"):
        pack(archive, path)
    assert not path.exists()
    report = pack(archive, path, keep_going=True)
    assert report.missing == (DAYS[1], MISSING)
    assert len(report.left_out) == 1
    assert report.left_out[0].startswith("2025-03-02: ")
    packed = lp.open_archive(path, toy)
    assert packed.missing == (DAYS[1], MISSING)
    assert packed.notes == ("archive.parquet: left out when it was packed: 2025-03-02",)


def test_packing_where_it_cannot_be_written(folder: Path, tmp_path: Path, toy: lp.Dataset) -> None:
    archive = lp.open_archive(folder, toy)
    seen: list[dt.date] = []
    for path, words in (
        (tmp_path / "no" / "a.parquet", "there is no folder"),
        (tmp_path / "a.gpkg", "let its name end in .parquet"),
    ):
        with pytest.raises(lp.LineplanError, match=words):
            pack(archive, path, on_day=seen.append)
    assert not seen, "said before the work"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many") / "days"
    folder.mkdir()
    for number in range(60):
        day = dt.date(2025, 1, 1) + dt.timedelta(days=number)
        write_day(folder, day, box(31 + number / 1000, -1.5, 32.5, 1.5))
    return folder


def pack_call(folder: Path, out: Path) -> list[str]:
    return ["data", "pack", str(folder), "--dataset", str(toyland.FOLDER), "-o", str(out)]


# The process kills itself when half of the file is written, or half of the days are read.
KILLED = {
    "writing": """
import io, os, signal, sys
import pyarrow.parquet as pq
from lineplan.cli import run
whole = pq.write_table
def half(table, path, **options):
    content = io.BytesIO()
    whole(table, content, **options)
    with open(path, "wb") as stream:
        stream.write(content.getvalue()[: len(content.getvalue()) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
pq.write_table = half
run(sys.argv[1:])
""",
    "reading": """
import os, signal, sys
from lineplan.cli import run
from lineplan.control import Archive
whole = Archive.control
def half(archive, day):
    if day == archive.days[len(archive.days) // 2]:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(archive, day)
Archive.control = half
run(sys.argv[1:])
""",
}


@pytest.mark.parametrize("when", KILLED)
@pytest.mark.parametrize("was_there", [False, True])
def test_killed_in_the_middle(when: str, was_there: bool, many: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.parquet", tmp_path / "out" / "archive.parquet"
    out.parent.mkdir()
    before = b"what was there before" if was_there else None
    if before is not None:
        out.write_bytes(before)
    assert run(pack_call(many, whole)) == 0
    call = [sys.executable, "-c", KILLED[when], *pack_call(many, out)]
    status = subprocess.run(call, capture_output=True, check=False).returncode
    assert status == -signal.SIGKILL
    assert (out.read_bytes() if out.exists() else None) == before, "nothing half-written"
    assert run(pack_call(many, out)) == 0
    assert out.read_bytes() == whole.read_bytes()


@pytest.fixture(scope="module")
def packed_days(
    real_data: Path, tmp_path_factory: pytest.TempPathFactory, ukraine: lp.Dataset
) -> tuple[lp.Archive, lp.Archive]:
    folder = lp.open_archive(real_data / "deepstate_daily", ukraine)
    path = tmp_path_factory.mktemp("packed") / "archive.parquet"
    pack(folder, path)
    return folder, lp.open_archive(path, ukraine)


@pytest.mark.realdata
def test_all_real_days_packed(
    packed_days: tuple[lp.Archive, lp.Archive], real_data: Path, ukraine: lp.Dataset
) -> None:
    folder, packed = packed_days
    files = sorted((real_data / "deepstate_daily").glob("*.geojson"))
    days = [dt.datetime.strptime(path.stem[-8:], "%Y%m%d").date() for path in files]
    assert len(files) >= 536
    assert list(packed.days) == days == list(folder.days)
    assert packed.store.path.stat().st_size <= 1_500_000
    every = pd.date_range(days[0], days[-1]).date
    assert list(packed.missing) == [day for day in every if day not in set(days)]
    # Another way to what is unchanged: the coordinates as they stand in the files.
    first: dict[str, dt.date] = {}
    same = {}
    for day, path in zip(days, files, strict=True):
        features = json.loads(path.read_text())["features"]
        earlier = first.setdefault(json.dumps(features), day)
        if earlier != day:
            same[day] = earlier
    assert same
    assert packed.same_as == folder.same_as == same
    for day, path in list(zip(days, files, strict=True))[::23]:
        plain = lp.read_control(path, ukraine)
        control = packed.control(day)
        assert same_ground(control, plain), day
        assert control.sha256 == plain.sha256
        (feature,) = json.loads(path.read_text())["features"]
        drawn = shapely.get_coordinates(shapely.geometry.shape(feature["geometry"]))
        assert (shapely.get_coordinates(control.claims.geometry) == drawn).all()


def daily(path: Path, inside: str, west: float = 31) -> Path:
    """A daily file as DeepState's are: the collection names itself by its day."""
    ring = [[west, -1], [32, -1], [32, 1], [west, 1], [west, -1]]
    drawn = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "properties": {}, "geometry": drawn}
    named = {"type": "FeatureCollection", "name": f"deepstatemap_data_{inside}"}
    path.write_text(json.dumps({**named, "features": [feature]}))
    return path


def test_a_file_whose_name_contradicts_the_day_in_it(tmp_path: Path, toy: lp.Dataset) -> None:
    folder = tmp_path / "days"
    folder.mkdir()
    for day, inside in (("01", "01"), ("02", "02"), ("03", "02"), ("04", "04")):
        daily(folder / f"line_202503{day}.geojson", f"202503{inside}", 31 + int(day) / 10)
    archive = lp.open_archive(folder, toy)
    said = (
        "line_20250303.geojson: is of 2025-03-03 by its name, and of 2025-03-02 by the name of the "
        "collection in it (deepstatemap_data_20250302); rename the file, or fetch that day anew"
    )
    for day in archive.days:
        if day != dt.date(2025, 3, 3):
            assert archive.outline(day).held_by == ("bora",)
            continue
        for read in (archive.control, archive.outline):
            with pytest.raises(lp.ControlError) as caught:
                read(day)
            assert str(caught.value) == said
    with pytest.raises(lp.ControlError, match="by its name, and of 2025-03-02"):
        lp.read_control(folder / "line_20250303.geojson", toy)
    report = pack(archive, tmp_path / "a.parquet", keep_going=True)
    assert report.left_out == (f"2025-03-03: {said}",)


def test_the_day_in_a_file_counts_where_its_name_states_none(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    path = daily(tmp_path / "latest.geojson", "20250302")
    assert lp.read_control(path, toy).as_of == dt.date(2025, 3, 2)
    with pytest.raises(lp.ControlError, match="is dated 2025-03-02, not 2025-03-01"):
        lp.read_control(path, toy, as_of=dt.date(2025, 3, 1))


def as_shapefiles(folder: Path, holder: str = "bora") -> Path:
    folder.mkdir(exist_ok=True)
    for day in DAYS[:2]:
        frame = gpd.GeoDataFrame({"held_by": [holder]}, geometry=[EAST], crs=4326)
        frame.to_file(folder / f"line_{day:%Y%m%d}.shp", encoding="utf-8")
    return folder


def test_the_digest_of_a_shapefile_covers_what_its_shapes_mean(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    folder = as_shapefiles(tmp_path / "shp")
    before, days = lp.open_archive(folder, toy), DAYS[:2]
    first = [before.control(day).sha256 for day in days]
    drawn = [(file, file.read_bytes()) for file in sorted(folder.glob("*.sh?"))]
    as_shapefiles(folder, "cora")
    assert [(file, file.read_bytes()) for file, _ in drawn] == drawn, "shapes are the same"
    with pytest.raises(lp.ControlError, match="has changed since the folder was opened"):
        before.control(DAYS[0])
    after = lp.open_archive(folder, toy)
    assert after.control(DAYS[0]).claims["held_by"].tolist() == ["cora"]
    assert after.sha256 != before.sha256
    assert not set(first) & {after.control(day).sha256 for day in days}


def test_the_digest_of_a_shapefile_is_one_that_a_shell_can_make(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    file = as_shapefiles(tmp_path / "shp") / f"line_{DAYS[0]:%Y%m%d}.shp"
    script = "for e in shp dbf prj cpg; do echo .$e $(sha256sum < ${0%shp}$e | cut -c-64); done"
    said = subprocess.run(["bash", "-c", f"({script}) | sha256sum", file], capture_output=True)
    found = said.stdout.decode()[:64]
    assert lp.read_control(file, toy, as_of=DAYS[0]).sha256 == found
    for ending in (".dbf", ".prj", ".cpg"):
        beside = file.with_suffix(ending)
        kept = beside.read_bytes()
        beside.write_bytes(kept + b" ")
        assert sha256_of(file) != found
        beside.write_bytes(kept)
    file.with_suffix(".shx").unlink()
    assert sha256_of(file) == found
    plain = write_day(tmp_path, DAYS[0], EAST)
    assert sha256_of(plain) == hashlib.sha256(plain.read_bytes()).hexdigest()


def test_of_several_claims_the_first_holds_on_the_day_that_draws_it_first(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    """The same features in another order are another day, whatever keeps them."""
    west, east = ("bora", box(30.5, -1.5, 31.5, 1.5)), ("cora", box(31.0, -1.5, 32.5, 1.5))
    folder = tmp_path / "days"
    folder.mkdir()
    frames = []
    for day, claims in zip(DAYS, ((west, east), (east, west), (east, west)), strict=False):
        names, shapes = zip(*claims, strict=True)
        frame = gpd.GeoDataFrame({"held_by": names}, geometry=list(shapes), crs=4326)
        (folder / f"line_{day:%Y%m%d}.geojson").write_text(frame.to_json(drop_id=True))
        frames.append(frame.assign(as_of=f"{day}"))
    dated = tmp_path / "dated.geojson"
    dated.write_text(pd.concat(frames, ignore_index=True).to_json(drop_id=True))
    packed = tmp_path / "days.parquet"
    report = pack(lp.open_archive(folder, toy), packed)
    assert report.unchanged == 1
    plan = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
    for source in (folder, dated, packed):
        assert lp.open_archive(source, toy).same_as == {DAYS[2]: DAYS[1]}
        areas = lp.timeline(plan, control=source, dataset=toy, on_overlap="first").areas
        km2 = areas.groupby(["held_by", "date"])["area_km2"].sum()
        # A degree of longitude between 1°S and 1°N is two squares; half a degree is contended for.
        degrees = (km2 / (2 * toyland.SQUARE_KM2)).round(6)
        assert degrees["bora"].tolist() == [1.0, 0.5, 0.5]
        assert degrees["cora"].tolist() == [0.5, 1.0, 1.0]
