"""Zones through time: on every day they are those of `arrange`, and QGIS plays them so."""

from __future__ import annotations

import datetime as dt
import json
import signal
import subprocess
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from conftest import one_line_of
from hypothesis import given
from hypothesis import strategies as st
from test_chronology import FIRST, front, moving, plans, spoil, write_days  # noqa: F401
from test_comparison import clause, toy_plan
from test_gis import rules_of, styles_in
from test_timeline_cli import COMMAND, call, folder  # noqa: F401

import lineplan as lp
from lineplan.chronology import zones as module
from lineplan.chronology.zones import Place, Stretch, ZoneBatch, stretches_of
from lineplan.labels import LANGUAGES, catalogue

KEY = ["unit_id", "held_by", "status", "clause_id"]


def read(path: Path, plan_id: str) -> gpd.GeoDataFrame:
    if path.suffix == ".parquet":
        found = gpd.read_parquet(path)
        return found[found["plan_id"] == plan_id].reset_index(drop=True)
    return gpd.read_file(path, layer=plan_id)


def on(zones: gpd.GeoDataFrame, day: dt.date) -> gpd.GeoDataFrame:
    """What a reader takes for the zones of a day."""
    begun = pd.to_datetime(zones["valid_from"]) <= pd.Timestamp(day)
    return zones[begun & (pd.to_datetime(zones["valid_to"]) > pd.Timestamp(day))]


def drawn(zones: gpd.GeoDataFrame) -> dict[tuple[str, ...], bytes]:
    parts = [shapely.multipolygons(shapely.get_parts(g)) for g in zones.geometry]
    shapes = shapely.to_wkb(shapely.normalize(parts))
    return dict(zip(map(tuple, zones[KEY].to_numpy()), shapes, strict=True))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of four days."""
    monkeypatch.setattr(module, "DAYS", 4)


@pytest.fixture
def days(tmp_path: Path) -> Path:
    """A front that moves, rests, is not told of, and comes back to where it was."""
    there = moving(9)
    for rest in (3, 4):
        there[rest] = there[2]
    there[8] = there[0]
    found = write_days(tmp_path / "days", there)
    (found / "line_20250107.geojson").unlink()
    return found


@pytest.mark.parametrize("ending", [".gpkg", ".parquet"])
@pytest.mark.usefixtures("small")
def test_every_day_has_the_zones_of_arrange(
    ending: str,
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    within = {"within": {"of": "line", "km": 10}}
    strip = toy_plan(toy, "strip", clause("s", "demilitarized_buffer", within))
    path = tmp_path / f"zones{ending}"
    found = lp.timeline(*plans, strip, control=days, dataset=toy, zones=path)
    assert not list(tmp_path.glob(".*"))
    for plan in (*plans, strip):
        zones = read(path, plan.id)
        for file in sorted(days.iterdir()):
            alone = lp.arrange(plan, dataset=toy, control=file).zones
            day = dt.datetime.strptime(file.stem[-8:], "%Y%m%d").date()
            ours = on(zones, day)
            assert drawn(ours) == drawn(alone)
            assert set(alone.columns) <= set(ours.columns)
            left, right = (z.sort_values(KEY)["area_km2"].tolist() for z in (ours, alone))
            assert left == pytest.approx(right, rel=1e-12)
            of_day = found.areas[
                (found.areas["date"] == pd.Timestamp(day)) & (found.areas["plan_id"] == plan.id)
            ]
            assert of_day["area_km2"].sum() == pytest.approx(ours["area_km2"].sum())
        # The 7th has no state of its own: that of the 6th lasts.
        gap = dt.date(2025, 1, 7)
        assert drawn(on(zones, gap)) == drawn(on(zones, gap - dt.timedelta(days=1)))


def test_stretches_follow_each_other(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.gpkg"
    lp.timeline(*plans, control=days, dataset=toy, zones=path)
    east = read(path, "east")
    for _, rows in east.groupby(KEY):
        rows = rows.sort_values("valid_from")
        assert rows["valid_from"].iloc[0] == pd.Timestamp(2025, 1, 1)
        assert rows["valid_to"].iloc[-1] == pd.Timestamp(2025, 1, 10)
        assert rows["valid_to"].tolist()[:-1] == rows["valid_from"].tolist()[1:]
        length = (rows["valid_to"] - rows["valid_from"]).dt.days
        assert (rows["days"] + rows["days_missing"] == length).all()
        assert rows["days_missing"].sum() == 1
    west = east[east["unit_id"] == "T-NW"]
    assert west[["days", "days_missing"]].to_numpy().tolist() == [[8, 1]]
    rests = east[(east["unit_id"] == "T-NE") & (east["valid_from"] == pd.Timestamp(2025, 1, 3))]
    assert set(rests["days"]) == {3}
    fields = pyogrio.read_info(path, layer="east")
    types = dict(zip(fields["fields"], fields["ogr_types"], strict=True))
    assert types["valid_from"] == types["valid_to"] == "OFTDate"
    assert json.loads(fields["layer_metadata"]["lineplan"])["days_missing"] == ["2025-01-07"]


SHAPES = st.dictionaries(st.sampled_from("abc"), st.sampled_from([b"x", b"y"]), max_size=3)


@given(st.dictionaries(st.integers(0, 20), SHAPES, min_size=1))
def test_stretches_say_what_each_day_says(drawn: dict[int, dict[str, bytes]]) -> None:
    seen, shape_of = {}, {}
    for number in sorted(drawn):
        zones = {}
        for row, (key, digest) in enumerate(drawn[number].items()):
            zones[(key,)] = (digest, place := Place(number // 4, number * 10 + row))
            shape_of[place] = (key, digest)
        seen[FIRST + dt.timedelta(number)] = zones
    found = stretches_of(seen)
    latest: dict[str, bytes] = {}
    for number in range(min(drawn), max(drawn) + 1):
        latest = drawn.get(number, latest)
        day = FIRST + dt.timedelta(number)
        then = [shape_of[s.place] for s in found if s.valid_from <= day < s.valid_to]
        assert sorted(then) == sorted(latest.items())
    # As few as can be: no two that could be one.
    ends = {(*shape_of[s.place], s.valid_to) for s in found}
    assert not ends & {(*shape_of[s.place], s.valid_from) for s in found}
    assert sum(s.days for s in found) == sum(map(len, drawn.values()))


def test_a_stretch_of_nothing_is_none() -> None:
    seen = {FIRST: {("a",): (b"x", Place(0, 0))}, FIRST + dt.timedelta(2): {}}
    assert stretches_of(seen) == [Stretch(Place(0, 0), FIRST, FIRST + dt.timedelta(2), 1)]


@pytest.mark.usefixtures("small")
def test_a_zone_that_does_not_change_is_one_row_across_batches(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    tmp_path: Path,
) -> None:
    folder = write_days(tmp_path / "days", [front({20: -0.001 * day}) for day in range(12)])  # noqa: F811
    lp.timeline(plans[0], control=folder, dataset=toy, zones=tmp_path / "zones.gpkg")
    zones = read(tmp_path / "zones.gpkg", "east")
    assert zones.groupby("unit_id").size().to_dict() == {
        "T-NE": 2 * 12,
        "T-NW": 1,
        "T-SE": 2,
        "T-SW": 1,
    }


@pytest.mark.usefixtures("small")
def test_any_executor_writes_the_same(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    tmp_path: Path,
) -> None:
    options: dict[str, Any] = {"dataset": toy, "control": write_days(tmp_path / "d", moving(8))}
    lp.timeline(*plans, zones=tmp_path / "alone.gpkg", **options)
    with ProcessPoolExecutor(2) as executor:
        lp.timeline(*plans, zones=tmp_path / "shared.gpkg", executor=executor, **options)
    assert (tmp_path / "alone.gpkg").read_bytes() == (tmp_path / "shared.gpkg").read_bytes()


@pytest.mark.usefixtures("small")
def test_a_run_goes_on_where_it_stopped(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options: dict[str, Any] = {"dataset": toy, "control": write_days(tmp_path / "d", moving(12))}
    lp.timeline(*plans, zones=tmp_path / "whole.gpkg", **options)
    ran: list[int] = []
    run = ZoneBatch.run

    def stopping(self: ZoneBatch) -> module.ZonePart:
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(len(self.days))
        return run(self)

    monkeypatch.setattr(ZoneBatch, "run", stopping)
    path = tmp_path / "zones.gpkg"
    path.write_bytes(b"older")
    with pytest.raises(KeyboardInterrupt):
        lp.timeline(*plans, zones=path, **options)
    assert path.read_bytes() == b"older"
    done = sum(ran)
    ran.clear()
    told: list[tuple[int, int]] = []
    lp.timeline(*plans, zones=path, progress=lambda *now: told.append(now), **options)
    assert sum(ran) == 12 - done
    assert path.read_bytes() == (tmp_path / "whole.gpkg").read_bytes()
    assert not (tmp_path / ".zones.gpkg.part").exists()
    assert told == sorted(told)
    assert told[-1] == (24, 24)


def test_a_bad_day_is_skipped_when_asked(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    spoil(days, 5)
    path = tmp_path / "zones.gpkg"
    with pytest.raises(lp.LineplanError, match=r"^2025-01-06: "):
        lp.timeline(*plans, control=days, dataset=toy, zones=path)
    assert not path.exists()
    lp.timeline(*plans, control=days, dataset=toy, zones=path, keep_going=True)
    zones = read(path, "east")
    assert drawn(on(zones, dt.date(2025, 1, 6))) == drawn(on(zones, dt.date(2025, 1, 5)))
    assert set(zones.groupby(KEY)["days_missing"].sum()) == {2}


def test_a_day_without_zones_is_told(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = module._rows

    def failing(job: Any, day: dt.date, source: lp.Control) -> Any:
        if day == dt.date(2025, 1, 2):
            raise lp.GeometryError("torn")
        return rows(job, day, source)

    monkeypatch.setattr(module, "_rows", failing)
    options: dict[str, Any] = {"control": days, "dataset": toy, "zones": tmp_path / "z.gpkg"}
    with pytest.raises(lp.LineplanError, match=r"^2025-01-02: .*torn"):
        lp.timeline(*plans, **options)
    found = lp.timeline(*plans, keep_going=True, **options)
    assert found.conditions["days"] == 8
    assert list(found.conditions["zones_days_skipped"]) == ["2025-01-02"]
    info = pyogrio.read_info(tmp_path / "z.gpkg", layer="east")["layer_metadata"]["lineplan"]
    assert json.loads(info)["zones_days_skipped"] == found.conditions["zones_days_skipped"]


def test_the_command_writes_zones(line: Any, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    said = line(*call(), "--zones", "zones.gpkg")
    assert said.status == 0
    assert said.err.rstrip().endswith("series.conditions.json, zones.gpkg")
    assert len(read(tmp_path / "zones.gpkg", "east")) > 6
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(("lang", "ending"), [("uk", ".gpkg"), ("zh-Hant", ".parquet")])
def test_names_and_labels_are_in_the_language(
    lang: str,
    ending: str,
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / f"zones{ending}"
    known = {"T-NW": "Захід", "T-NE": "東北", "T-SW": "", "T-SE": None}
    units = toy.units()
    names = units["unit_id"].map(known)
    units = units.assign(name_uk=names, name_zh_hant=names)
    options: dict[str, Any] = {"dataset": toy, "units": units}
    lp.timeline(*plans, control=days, zones=path, lang=lang, **options)
    english = {"T-SW": "South-West", "T-SE": "South-East"}
    said = ["zone_id", "unit_name", "status_label"]
    for plan in plans:
        alone = lp.arrange(plan, control=days / "line_20250103.geojson", **options)
        export = gpd.read_file(alone.write(tmp_path / "x.gpkg", lang=lang), layer="zones")
        zones = read(path, plan.id)
        assert dict(zones[["unit_id", "unit_name"]].to_numpy()) == known | english
        ours = on(zones, dt.date(2025, 1, 3))
        # The label speaks of the line of the first day of its stretch.
        same = ours[pd.to_datetime(ours["valid_from"]) == pd.Timestamp(2025, 1, 3)]
        assert len(same)
        for kind, columns in ((ours, said[:2]), (same, said)):
            theirs = export[export["zone_id"].isin(kind["zone_id"])]
            assert sorted(kind[columns].to_numpy().tolist()) == sorted(
                theirs[columns].to_numpy().tolist()
            )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_style_is_that_of_an_export_and_one_of_time(
    lang: str,
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.gpkg"
    lp.timeline(*plans, control=days, dataset=toy, zones=path, lang=lang)
    styles = styles_in(path)
    assert list(styles) == [plan.id for plan in plans]
    listed = [name for name, _ in pyogrio.list_layers(path)]
    assert sorted(listed) == ["east", "layer_styles", "north"]
    for plan in plans:
        alone = lp.arrange(plan, dataset=toy, control=days / "line_20250101.geojson")
        export = styles_in(alone.write(tmp_path / "x.gpkg", lang=lang))["zones"]
        style = styles[plan.id]
        ours, theirs = (ElementTree.fromstring(row["styleQML"]) for row in (style, export))
        for part in ("renderer-v2", "blendMode", "previewExpression"):
            pair = [ElementTree.tostring(tree.find(part)) for tree in (ours, theirs)]
            assert pair[0] == pair[1], part
        assert style["styleSLD"] == export["styleSLD"].replace(
            "<se:Name>zones<", f"<se:Name>{plan.id}<"
        )
        fixed = ("useAsDefault", "f_geometry_column", "styleName", "ui", "owner")
        assert [style[key] for key in fixed] == [export[key] for key in fixed]
        assert style["update_time"][:10] == "2025-01-09"
        assert catalogue(lang).date(FIRST).rstrip(".") in style["description"]
        aliases = {alias.get("field"): alias.get("name") for alias in ours.iter("alias")}
        assert set(aliases) == set(read(path, plan.id)) - {"geometry"}
        assert all(aliases.values())
        assert aliases["valid_from"] in ours.findtext("mapTip", "")
        time = ours.find("temporal")
        assert time is not None
        assert time.get("startExpression") == 'to_datetime("valid_from")'
        assert time.get("endExpression") == 'to_datetime("valid_to")'
        assert theirs.find("temporal") is None


@pytest.mark.usefixtures("small")
def test_the_style_knows_what_only_some_days_have(toy: lp.Dataset, tmp_path: Path) -> None:
    north = toy_plan(toy, "north", clause("n", "recognized", {"units": ["T-NW"]}))
    # Into T-NW on two days of the first batch; the last knows of T-NE only.
    there = [front({20: -0.6 if 1 <= day < 3 else 0.001 * day}) for day in range(12)]
    folder = write_days(tmp_path / "days", there)  # noqa: F811
    path = tmp_path / "zones.gpkg"
    lp.timeline(north, control=folder, dataset=toy, zones=path)
    zones = read(path, "north")
    assert on(zones, dt.date(2025, 1, 3))["held_by"].eq("bora").sum() == 3
    assert on(zones, dt.date(2025, 1, 8))["held_by"].eq("bora").sum() == 2
    told = [where for _, where, _ in rules_of(styles_in(path)["north"]["styleQML"])]
    assert sorted(told) == sorted(
        {f"\"status\" = '{s}' AND \"held_by\" = '{h}'" for s, h in zones[KEY].to_numpy()[:, [2, 1]]}
    )


def test_the_command_takes_a_language(line: Any, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    assert line(*call(), "--zones", "zones.gpkg", "--lang", "uk").status == 0
    alias = catalogue("uk").text("column.valid_from")
    assert alias in styles_in(tmp_path / "zones.gpkg")["east"]["styleQML"]
    (tmp_path / "series.csv").unlink()
    said = line(*call(), "--lang", "uk")
    assert said.status == 2
    assert "--lang is for the zones; give --zones FILE too" in said.err
    assert not (tmp_path / "series.csv").exists()


def test_an_unknown_language_is_told(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(lp.UsageError, match="unknown language 'de'"):
        lp.timeline(*plans, control=days, dataset=toy, zones=tmp_path / "z.gpkg", lang="de")


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [("zones.shp", 2, "ends in .gpkg or .parquet"), ("no/zones.gpkg", 1, "there is no folder no")],
)
def test_where_zones_cannot_be_written(
    target: str,
    status: int,
    words: str,
    line: Any,
    folder: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    said = line(*call(), "--zones", target)
    assert said.status == status
    assert words in said.err
    assert not list(tmp_path.glob("series*"))


def test_a_folder_in_the_way(line: Any, folder: Path, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "zones.gpkg").mkdir()
    assert "is a folder" in one_line_of(line(*call(), "--zones", "zones.gpkg"))
    assert not list(tmp_path.glob(".*")), "it is told before the work"


def test_killed_in_the_middle_the_next_run_finishes(
    line: Any,
    folder: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    write_days(folder, [front({20: -0.001 * day}) for day in range(75)])
    assert line(*call(), "--zones", "whole.gpkg").status == 0
    arguments = [COMMAND, *map(str, call(zones="zones.gpkg"))]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, start_new_session=True)
    kept = tmp_path / ".zones.gpkg.part"
    end = time.monotonic() + 120
    while len(list(kept.glob("*.parquet"))) < 1 and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "zones.gpkg").exists()
    finished = {file: file.stat().st_mtime_ns for file in kept.glob("*.parquet")}
    assert 1 <= len(finished) < 3
    assert line(*call(zones="zones.gpkg")).status == 0
    assert (tmp_path / "zones.gpkg").read_bytes() == (tmp_path / "whole.gpkg").read_bytes()
    assert not kept.exists()


def test_a_full_disk_is_told(
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pyogrio, "read_info", lambda *a, **k: {"features": 1})
    with pytest.raises(lp.LineplanError, match="is the disk full"):
        lp.timeline(*plans, control=days, dataset=toy, zones=tmp_path / "zones.gpkg")
    assert not (tmp_path / "zones.gpkg").exists()
