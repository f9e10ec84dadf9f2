"""Settlement tables: ground to the nearest place, the latest state, disputes."""

import datetime as dt
import pickle
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import Point, box
from toyland import SQUARE_KM2, units

import lineplan as lp
from lineplan import geodesy
from lineplan.control import pack

PLAN = Path(__file__).parent / "data" / "cases" / "held_and_unheld" / "plan.toml"
# A place in the middle of each of the four squares: cells are the squares themselves.
MIDDLE = {"nw": (30.5, 0.5), "ne": (31.5, 0.5), "sw": (30.5, -0.5), "se": (31.5, -0.5)}


def table(path: Path, *rows: str, head: str = "place,lon,lat,date,status") -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def rows(day: str = "20250101", **holders: str) -> list[str]:
    return [f"{p},{MIDDLE[p][0]},{MIDDLE[p][1]},{day},{h}" for p, h in holders.items()]


FOUR = rows(nw="ARIA", ne="BORA", sw="ARIA", se="BORA")


def ground(control: lp.Control) -> dict[str, shapely.Geometry]:
    land = shapely.union_all(units().geometry.to_numpy())
    return {
        holder: shapely.intersection(geometry, land, grid_size=1e-9)
        for holder, geometry in zip(control.claims["held_by"], control.claims.geometry, strict=True)
    }


def km2(geometry: shapely.Geometry) -> float:
    return float(geodesy.area_m2([geometry])[0] / 1e6)


def test_ground_is_given_to_the_nearest_place(tmp_path: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(table(tmp_path / "t.csv", *FOUR), toy)
    assert control.kind == "settlements"
    assert control.as_of == dt.date(2025, 1, 1)
    found = ground(control)
    assert km2(found["bora"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)
    assert found["bora"].contains(Point(31.01, 0.9))
    assert found["aria"].contains(Point(30.99, 0.9))
    arrangement = lp.arrange(PLAN, dataset=toy, control=control)
    held = arrangement.areas("held_by").set_index("held_by")["area_km2"]
    assert held["bora"] == pytest.approx(2 * SQUARE_KM2, rel=1e-5)


def test_it_says_how_coarse_that_is(tmp_path: Path, toy: lp.Dataset) -> None:
    notes = lp.read_control(table(tmp_path / "t.csv", *FOUR), toy).notes
    (said,) = [note for note in notes if "nearest" in note]
    assert "nearest of 4 places" in said
    assert "110.6 km apart" in said, "a degree of latitude on the equator"


def test_the_latest_state_of_each_place_on_or_before_the_day(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    later, last = rows("2025-02-01", sw="BORA"), rows("20250301", nw="BORA")
    path = table(tmp_path / "t.csv", *last, *FOUR, *later)
    share = {}
    for day in (None, dt.date(2025, 1, 31), dt.date(2025, 2, 15), dt.date(2026, 1, 1)):
        control = lp.read_control(path, toy, as_of=day)
        share[day] = round(km2(ground(control)["bora"]) / SQUARE_KM2)
    assert list(share.values()) == [4, 2, 3, 4]
    feb = lp.read_control(path, toy, as_of=dt.date(2025, 2, 15))
    assert feb.as_of == dt.date(2025, 2, 1)
    with pytest.raises(lp.ControlError, match="its first is 2025-01-01"):
        lp.read_control(path, toy, as_of=dt.date(2024, 1, 1))


def test_contested_and_disputed_places(tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(
        tmp_path / "t.csv",
        *rows(nw="CONTESTED", ne="BORA", sw="ARIA", se="BORA"),
        *rows(se="ARIA"),
    )
    control = lp.read_control(path, toy)
    assert km2(ground(control)["contested"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)
    (said,) = [note for note in control.notes if "several holders" in note]
    assert "1 place(s) have several holders on one day and are read as contested" in said
    assert "31.500, -0.500" in said


def test_columns_and_values_are_nameable(tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(
        tmp_path / "t.tsv",
        "1\t0.5\t30.5\tred\t2025-01-01\tx",
        "2\t0.5\t31.5\tblue\t2025-01-01\ty",
        head="n\tnorth\teast\tflag\twhen\tstatus",
    )
    with pytest.raises(lp.ControlError, match="not recognised as places"):
        lp.read_control(path, toy)
    control = lp.read_control(
        path,
        toy,
        kind="settlements",
        holder="flag",
        values={"red": "bora", "blue": "aria"},
        columns={"lon": "east", "lat": "north", "date": "when"},
    )
    assert control.as_of == dt.date(2025, 1, 1)
    assert ground(control)["bora"].contains(Point(30.5, -0.5))


def test_ids_of_places_stand_for_positions(tmp_path: Path, ukraine: lp.Dataset) -> None:
    places = ukraine.places().set_index("name")
    kyiv, donetsk = places.loc["Kyiv", "geonameid"], places.loc["Donetsk", "geonameid"]
    path = table(
        tmp_path / "control_latest.csv",
        f"{kyiv},20250101,UA",
        f"{donetsk},20250101,RU",
        "999,20250101,RU",
        head="geonameid,date,status",
    )
    control = lp.read_control(path, ukraine)
    held = control.claims.set_index("held_by").geometry
    assert held["ru"].contains(Point(37.8, 48.0))
    assert held["ua"].contains(Point(30.5, 50.4))
    assert any("1 of 3 place(s) are not among the dataset's places" in n for n in control.notes)


def test_points_of_a_vector_file(tmp_path: Path, toy: lp.Dataset) -> None:
    holders = ["aria", "bora", "aria", "bora"]
    frame = gpd.GeoDataFrame({"held_by": holders}, geometry=[Point(p) for p in MIDDLE.values()])
    frame.set_crs(4326).to_file(tmp_path / "p.gpkg")
    control = lp.read_control(tmp_path / "p.gpkg", toy)
    assert control.kind == "settlements"
    assert km2(ground(control)["bora"]) == pytest.approx(2 * SQUARE_KM2, rel=1e-5)


def test_a_zipped_table(tmp_path: Path, toy: lp.Dataset) -> None:
    inside = table(tmp_path / "t.csv", *FOUR)
    with ZipFile(tmp_path / "t.zip", "w", ZIP_DEFLATED) as archive:
        archive.write(inside, "control_latest_2025.csv")
    assert lp.read_control(tmp_path / "t.zip", toy).kind == "settlements"


def test_one_place_holds_all(tmp_path: Path, toy: lp.Dataset) -> None:
    control = lp.read_control(table(tmp_path / "t.csv", *rows(ne="BORA")), toy)
    assert km2(ground(control)["bora"]) == pytest.approx(4 * SQUARE_KM2)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,300,0.5,20250101,BORA", "row 2: lon '300' is not a number of degrees between -180"),
        ("x,nan,0.5,20250101,BORA", "row 2: lon 'nan' is not a number"),
        ("x,,0.5,20250101,BORA", "row 2: lon '' is not a number"),
        ("x,0.5,30.5,20250101,BORA", "swapped?"),
        ("x,30.5,0.5,soon,BORA", "date = 'soon' is not a date"),
        ("x,30.5,0.5,,BORA", "1 row(s) have no date"),
        ("x,30.5,0.5,20250101,MARS", "no status says who holds the ground: 'mars' (1)"),
        ("", "has no row with a place"),
    ],
)
def test_faults_are_one_clear_line(row: str, said: str, tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(tmp_path / "t.csv", *filter(None, [row]))
    with pytest.raises(lp.ControlError) as caught:
        lp.read_control(path, toy)
    assert said in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_years_of_many_places_are_quick(tmp_path: Path, toy: lp.Dataset) -> None:
    """200,000 rows: days are parsed once each."""
    import time

    lines = [
        f"{i},{30 + i % 40 / 20},{-1 + i // 40 / 20},2025-01-{d:02d},{'BORA' if i % 2 else 'ARIA'}"
        for i in range(1600)
        for d in (1, 2, 3)
    ]
    path = table(tmp_path / "t.csv", *lines * 42)
    start = time.perf_counter()
    control = lp.read_control(path, toy)
    assert time.perf_counter() - start < 10
    assert any("nearest of 1,600 places" in note for note in control.notes)
    total = sum(map(km2, ground(control).values()))
    assert total == pytest.approx(4 * SQUARE_KM2, rel=1e-6), "cells neither overlap nor gape"
    assert box(30, -1, 32, 1).area == 4


# Days of one table: places fall on single days, one place appears on the third, one is disputed on
# the fourth; the last day repeats what is known. The order of the rows says nothing.
DAYS = [dt.date(2025, 1, d) for d in (1, 2, 3, 5, 6)]
AT = {**MIDDLE, "mid": (31.1, 0.1)}
SAID = [
    (DAYS[4], "ne", "BORA"),
    (DAYS[1], "sw", "BORA"),
    (DAYS[2], "mid", "ARIA"),
    (DAYS[3], "nw", "ARIA"),
    (DAYS[3], "nw", "BORA"),
    *[(DAYS[0], p, h) for p, h in (("nw", "ARIA"), ("ne", "BORA"), ("sw", "ARIA"), ("se", "BORA"))],
    (DAYS[4], "nw", "aria"),
]


def of_days(path: Path, said: list[tuple[dt.date, str, str]] = SAID) -> Path:
    written = [f"{p},{AT[p][0]},{AT[p][1]},{day},{h}" for day, p, h in said]
    return table(path, *written)


def drawn(control: lp.Control) -> list[tuple[str, bytes]]:
    return list(
        zip(control.claims["held_by"], shapely.to_wkb(control.claims.geometry), strict=True)
    )


def known_on(day: dt.date) -> list[tuple[dt.date, str, str]]:
    """By hand: of every place the rows of its latest day, all written as of `day`."""
    of_place: dict[str, dict[dt.date, list[str]]] = {}
    for on, place, holder in SAID:
        if on <= day:
            of_place.setdefault(place, {}).setdefault(on, []).append(holder)
    return [(day, p, holder) for p, by_day in of_place.items() for holder in by_day[max(by_day)]]


def test_a_table_of_many_days_is_an_archive(tmp_path: Path, toy: lp.Dataset) -> None:
    path = of_days(tmp_path / "t.csv")
    archive = lp.open_archive(path, toy)
    assert archive.kind == "settlements"
    assert archive.days == tuple(DAYS)
    assert archive.missing == (dt.date(2025, 1, 4),)
    for day in DAYS:
        control, asked = archive.control(day), lp.read_control(path, toy, as_of=day)
        assert drawn(control) == drawn(asked)
        for part in ("as_of", "source", "sha256", "notes", "kind", "draws_every_party"):
            assert getattr(control, part) == getattr(asked, part)
        by_hand = of_days(tmp_path / "day.csv", known_on(day))
        assert drawn(control) == drawn(lp.read_control(by_hand, toy))
    nw = Point(30.2, 0.8)
    held = [next(h for h, g in ground(archive.control(d)).items() if g.contains(nw)) for d in DAYS]
    assert held == ["aria", "aria", "aria", "contested", "aria"]
    assert sum("several holders" in n for d in DAYS for n in archive.control(d).notes) == 1
    # What is said anew on the last day is what the third had: "aria" is ARIA.
    assert archive.same_as == {DAYS[4]: DAYS[2]}
    assert drawn(archive.control(DAYS[4])) == drawn(archive.control(DAYS[2]))
    with pytest.raises(lp.ControlError, match="has no state of 2025-01-04; it has 5 day"):
        archive.control(dt.date(2025, 1, 4))


def test_cells_of_the_same_places_are_drawn_once(
    tmp_path: Path, toy: lp.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = []
    draw = shapely.voronoi_polygons
    monkeypatch.setattr(
        shapely, "voronoi_polygons", lambda *a, **k: (times.append(1), draw(*a, **k))[1]
    )
    archive = lp.open_archive(of_days(tmp_path / "t.csv"), toy)
    counts = []
    for day in DAYS:
        archive.outline(day)
        counts.append(len(times))
    assert counts == [1, 1, 2, 2, 2], "anew only where a place is added"


def test_days_of_a_table_go_to_another_process(tmp_path: Path, toy: lp.Dataset) -> None:
    path = of_days(tmp_path / "t.csv")
    archive = lp.open_archive(path, toy).between(DAYS[1], None)
    before = [drawn(archive.control(day)) for day in DAYS[1:]]
    sent = pickle.dumps(archive)
    assert len(sent) < 20_000
    again = pickle.loads(sent)
    assert (again.days, again.same_as) == (archive.days, archive.same_as)
    assert [drawn(again.control(day)) for day in DAYS[1:]] == before
    of_days(path, SAID[1:])
    with pytest.raises(lp.ControlError, match=r"t\.csv: has changed since it was opened"):
        pickle.loads(sent).control(DAYS[2])


def test_days_of_points_and_of_named_columns(tmp_path: Path, toy: lp.Dataset) -> None:
    points = gpd.GeoDataFrame(
        {"when": [f"{d}" for d, _, _ in SAID], "flag": [h for _, _, h in SAID]},
        geometry=[Point(AT[p]) for _, p, _ in SAID],
        crs=4326,
    )
    points.to_file(tmp_path / "p.gpkg")
    how = {"kind": "settlements", "holder": "flag", "columns": {"date": "when"}}
    archive = lp.open_archive(tmp_path / "p.gpkg", toy, **how)
    assert archive.days == tuple(DAYS)
    same = lp.open_archive(of_days(tmp_path / "t.csv"), toy)
    assert all(drawn(archive.control(d)) == drawn(same.control(d)) for d in DAYS)


def test_a_table_without_days_is_no_archive(tmp_path: Path, toy: lp.Dataset) -> None:
    path = table(tmp_path / "t.csv", "30.5,0.5,BORA", head="lon,lat,status")
    with pytest.raises(lp.ControlError) as caught:
        lp.open_archive(path, toy)
    assert "has no column of dates; its columns are lon, lat, status" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_day_that_no_rule_knows_is_bad_alone(tmp_path: Path, toy: lp.Dataset) -> None:
    head = rows("2025-01-01", nw="???")
    path = table(tmp_path / "t.csv", *head, *rows("2025-01-02", nw="BORA"))
    archive = lp.open_archive(path, toy)
    with pytest.raises(lp.ControlError, match=r"no status says who holds the ground: '\?\?\?'"):
        archive.control(DAYS[0])
    report = pack(archive, tmp_path / "t.parquet", keep_going=True)
    assert (report.days, len(report.left_out)) == (1, 1)


def test_a_rule_may_look_at_another_column(tmp_path: Path, toy: lp.Dataset) -> None:
    said = ["1,30.5,0.5,x,red", "2,31.5,0.5,x,blue"]
    path = table(tmp_path / "t.csv", *said, head="place,lon,lat,status,flag")
    how = tmp_path / "how.toml"
    how.write_text(
        "[[rule]]\nvalues = ['red']\ncolumn = 'flag'\nheld_by = 'aria'\n"
        "[[rule]]\nvalues = ['blue']\ncolumn = 'flag'\nheld_by = 'bora'\n"
    )
    control = lp.read_control(path, toy, kind=how)
    assert ground(control)["aria"].contains(Point(30.1, 0.5))


def test_many_days_of_many_places_are_quick(tmp_path: Path, toy: lp.Dataset) -> None:
    """320,000 rows: what is the same for all days is done once."""
    import time

    lines = [
        f"{i},{30 + i % 40 / 20},{-1 + i // 40 / 20},{dt.date(2025, 1, 1) + dt.timedelta(d)},"
        f"{'BORA' if i % 40 > d / 5 else 'ARIA'}"
        for d in range(200)
        for i in range(1600)
    ]
    path = table(tmp_path / "t.csv", *lines)
    start = time.perf_counter()
    archive = lp.open_archive(path, toy)
    outlines = [archive.outline(day) for day in archive.days]
    assert time.perf_counter() - start < 30
    assert len(outlines) == 200
    assert len(archive.same_as) == 160, "the line moves every fifth day"


CLASSES = """kind = "settlements"
[[rule]]
values = ["Advance"]
held_by = "bora"
control_class = "partial"
[[rule]]
values = ["Occupied"]
held_by = "bora"
control_class = "full"
[[rule]]
values = ["ARIA"]
held_by = "aria"
control_class = "full"
"""


@pytest.mark.parametrize("control_class", ["full", "partial"])
def test_of_several_classes_the_one_holds_that_claims_least(
    control_class: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    how = tmp_path / "how.toml"
    how.write_text(CLASSES)
    four = rows(nw="ARIA", ne="Occupied", sw="ARIA", se="Occupied")
    found = []
    for both in (rows(ne="Advance") + four, four + rows(ne="Advance")):
        path = table(tmp_path / "t.csv", *both)
        control = lp.read_control(path, toy, kind=how, control_class=control_class)
        (said,) = [note for note in control.notes if "several classes" in note]
        assert "1 place(s) have several classes of control on one day" in said
        assert "31.500, 0.500" in said
        found.append(drawn(control))
        squares = 1 if control_class == "full" else 2
        held = lp.arrange(PLAN, dataset=toy, control=control).areas("held_by")
        bora = held.set_index("held_by").loc["bora", "area_km2"]
        assert bora == pytest.approx(squares * SQUARE_KM2, rel=1e-5)
    assert found[0] == found[1], "the order of rows says nothing"


def held_by_place(control: lp.Control, **at: tuple[float, float]) -> dict[str, str]:
    return {
        place: next(h for h, g in ground(control).items() if g.contains(Point(where)))
        for place, where in at.items()
    }


@pytest.mark.parametrize(
    ("column", "moved", "is_one"),
    [
        ("place", 0.001, True),  # 0.11 km
        ("name", 0.017, True),  # 1.9 km
        ("settlement", 0.019, False),  # 2.1 km: a namesake
        ("id", 0.3, False),  # it may number rows
        ("geonameid", 0.3, True),
        ("place_id", 0.3, True),
    ],
)
def test_a_place_whose_coordinate_is_corrected_stays_one_place(
    column: str, moved: float, is_one: bool, tmp_path: Path, toy: lp.Dataset
) -> None:
    head = f"{column},lon,lat,date,status"
    path = table(tmp_path / "t.csv", *FOUR, f"ne,31.5,{0.5 + moved},20250105,ARIA", head=head)
    control = lp.read_control(path, toy)
    (coarse,) = [note for note in control.notes if "nearest" in note]
    said = [note for note in control.notes if "lie elsewhere" in note]
    assert f"nearest of {4 if is_one else 5} places" in coarse
    assert len(said) == is_one
    squares = km2(ground(control)["bora"]) / SQUARE_KM2
    if is_one:
        assert f"1 place(s) lie elsewhere in a later row, told by {column}" in said[0]
        assert f"at most {moved * 111.2:.2f} km, 'ne'" in said[0]
        # As where no row ever said anything else.
        there = [row for row in FOUR if row[:2] != "ne"]
        fresh = table(tmp_path / "x.csv", *there, f"ne,31.5,{0.5 + moved},20250101,ARIA", head=head)
        assert drawn(control) == drawn(lp.read_control(fresh, toy))
    else:
        assert squares > 1.4, "the old place keeps its state, south of the new one"
    # A day before the correction is what it was.
    before = lp.read_control(path, toy, as_of=dt.date(2025, 1, 1))
    alone = lp.read_control(table(tmp_path / "four.csv", *FOUR, head=head), toy)
    assert drawn(before) == drawn(alone)


@pytest.mark.parametrize("column", ["name", "place_id"])
def test_namesakes_are_different_places(column: str, tmp_path: Path, toy: lp.Dataset) -> None:
    """Far apart on one day, near each other on one day; one of the far ones is corrected."""
    head = f"{column},lon,lat,date,status"
    said = [
        "Ivanivka,30.5,0.5,20250101,ARIA",
        "Ivanivka,31.5,0.5,20250101,BORA",
        "Ivanivka,30.5,-0.5,20250101,ARIA",
        "Ivanivka,30.51,-0.5,20250101,BORA",
        ",31.5,-0.5,20250101,ARIA",
        ",31.5,-0.501,20250102,BORA",
    ]
    path = table(tmp_path / "t.csv", *said, head=head)
    control = lp.read_control(path, toy)
    assert any("nearest of 6 places" in note for note in control.notes)
    assert not any("elsewhere" in note or "several" in note for note in control.notes)
    found = held_by_place(control, nw=(30.2, 0.8), ne=(31.8, 0.8), a=(30.2, -0.8), b=(30.9, -0.4))
    assert found == {"nw": "aria", "ne": "bora", "a": "aria", "b": "bora"}
    if column == "name":
        table(path, *said, "Ivanivka,31.5,0.501,20250103,ARIA", head=head)
        later = lp.read_control(path, toy)
        assert any("nearest of 6 places" in note for note in later.notes)
        assert held_by_place(later, ne=(31.8, 0.8)) == {"ne": "aria"}


def test_days_of_a_table_whose_places_move(tmp_path: Path, toy: lp.Dataset) -> None:
    moved = ["ne,31.5,0.51,20250103,BORA", "ne,31.5,0.5,20250105,BORA"]
    archive = lp.open_archive(table(tmp_path / "t.csv", *FOUR, *moved), toy)
    assert archive.same_as == {dt.date(2025, 1, 5): dt.date(2025, 1, 1)}
    one, two, three = (drawn(archive.control(day)) for day in archive.days)
    assert one == three != two
