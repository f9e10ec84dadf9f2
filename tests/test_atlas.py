"""Plans over many days in one page: the ground decodes exactly, what stays is drawn the same."""

import json
import re
import shutil
from itertools import pairwise

import numpy as np
import pytest
import shapely
from conftest import one_line_of
from hypothesis import given, settings
from hypothesis import strategies as st
from unpacking import unpack, unpack_areas, unpacked

import lineplan as lp
from lineplan import geodesy
from lineplan.webmap.coverage import STEP_DEG, Recorder, arcs_of, edges_of
from lineplan.webmap.packing import coverage_of, pack, pack_areas
from lineplan.webmap.recording import TOLERANCE_DEG
from lineplan.webmap.simplification import simplified


def record(states):
    """Arcs of states, each a dict of shape by face."""
    recorder = Recorder()
    for state in states:
        recorder.add(np.array(list(state.values())), np.array(list(state)))
    return arcs_of(recorder.edges())


# A square of two faces side by side with an island in the right one:
#   +---+---+
#   | 1 | 2 |   2 has a hole filled by 3
#   +---+---+
def test_shared_edges_are_stored_once():
    hole = shapely.box(1.4, 0.4, 1.6, 0.6)
    faces = {1: shapely.box(0, 0, 1, 1), 2: shapely.box(1, 0, 2, 1) - hole, 3: hole}
    arcs = record([faces])
    beside = sorted(sorted(arc.lives[0][:2]) for arc in arcs)
    assert beside == [[0, 1], [0, 2], [1, 2], [2, 3]]
    for face, shape in coverage_of(arcs, 0).items():
        assert shape.symmetric_difference(faces[face]).area < 1e-12


# The line between 1 and 2 is bent on the second day and straight again on the third.
def test_an_edge_that_stays_is_one_arc_and_one_that_returns_has_two_lives():
    # Every corner stands on both days, so that the faces share their edges vertex by vertex.
    straight = [(1, 0), (1, 0.4), (1, 0.6), (1, 1)]
    bent = [(1, 0), (1, 0.4), (1.2, 0.5), (1, 0.6), (1, 1)]
    states = [
        {
            1: shapely.Polygon([(0, 1), (0, 0), *line]),
            2: shapely.Polygon([*reversed(line), (2, 0), (2, 1)]),
        }
        for line in (straight, bent, straight)
    ]
    arcs = record(states)
    lives = [[life[2:] for life in arc.lives] for arc in arcs if 0 not in arc.lives[0][:2]]
    assert [(0, 0), (2, 2)] in lives
    assert [(1, 1)] in lives
    assert [(0, 2)] in lives
    for state, faces in enumerate(states):
        drawn = coverage_of(arcs, state)
        assert drawn.keys() == faces.keys()
        for face, shape in faces.items():
            assert drawn[face].symmetric_difference(shape).area < 1e-12


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.integers(0, 3), min_size=16, max_size=16).filter(any), min_size=1, max_size=6
    )
)
def test_any_ground_comes_back_from_its_bytes(days):
    """Squares of a board, each of one of three faces or of none, anew every day."""
    cells = [shapely.box(x, y, x + 1, y + 1) for x in range(4) for y in range(4)]
    recorder = Recorder()
    for day in days:
        kept = [(cell, face) for cell, face in zip(cells, day, strict=True) if face]
        recorder.add(np.array([c for c, _ in kept]), np.array([f for _, f in kept]))
    arcs = arcs_of(recorder.edges())
    back = unpack(pack(arcs))
    assert len(back) == len(arcs)
    for state, day in enumerate(days):
        drawn = coverage_of(back, state)
        for face in (1, 2, 3):
            own = [cell for cell, f in zip(cells, day, strict=True) if f == face]
            shape = drawn.get(face, shapely.Polygon())
            assert shape.symmetric_difference(shapely.union_all(own)).area < 1e-9


@given(st.lists(st.dictionaries(st.integers(1, 50), st.integers(1, 10**12)), min_size=1))
def test_areas_come_back_from_their_bytes(states):
    assert unpack_areas(pack_areas(states)) == states


def test_a_thin_spit_is_not_closed():
    """Both coasts of a spit lie nearer to one another than the tolerance."""
    south, north = [(1, 0.45), (1.2, 0.4505), (1.4, 0.4502)], [(1.4, 0.4508), (1.2, 0.4512)]
    spit = shapely.Polygon([(0, 0), (1, 0), *south, *north, (1, 0.4515), (1, 1), (0, 1)])
    arcs = simplified(record([{1: spit}]), 0.002)
    drawn = coverage_of(arcs, 0)[1]
    assert drawn.is_valid
    assert drawn.bounds[2] == pytest.approx(1.4)


@pytest.fixture(scope="module")
def real_grounds(real_data, ukraine):
    """Partitions of some real days in a row."""
    setting = lp.ground.read_setting(dataset=ukraine)
    archive = lp.open_archive(real_data / "deepstate_daily", ukraine)
    days = [day for day in archive.days if day not in archive.same_as][-25:]
    return [setting.lay(archive.control(day)).partition.faces for day in days]


@pytest.fixture(scope="module")
def real_states(real_grounds):
    numbers = {}
    states = []
    for faces in real_grounds:
        keys = zip(faces["unit_id"], faces["held_by"], strict=True)
        of = np.array([numbers.setdefault(key, len(numbers) + 1) for key in keys])
        states.append((faces.geometry.to_numpy(), of))
    return states


@pytest.fixture(scope="module")
def real_arcs(real_states):
    recorder = Recorder()
    for shapes, faces in real_states:
        recorder.add(shapes, faces)
    return arcs_of(recorder.edges())


@pytest.mark.realdata
def test_real_days_decode_exactly_to_the_coverage_on_the_grid(real_states, real_arcs):
    back = unpack(pack(real_arcs))
    for state, (shapes, faces) in enumerate(real_states):
        drawn = coverage_of(back, state)
        assert shapely.coverage_is_valid(list(drawn.values()))
        gridded = shapely.transform(shapes, lambda xy: np.rint(xy / STEP_DEG) * STEP_DEG)
        # By edges: those of a face on the grid, as often as they turn, are the face's boundary.
        assert segments_of(drawn) == segments_of(
            {n: gridded[faces == n] for n in np.unique(faces).tolist()}
        )


def segments_of(shapes):
    """Directed edges by face that are walked in one direction only, on the grid."""
    parts = [(face, part) for face, some in shapes.items() for part in shapely.get_parts(some)]
    flat = edges_of(np.array([p for _, p in parts]), np.array([f for f, _ in parts]))
    return set(zip(*(column.tolist() for column in flat), strict=True))


@pytest.mark.realdata
def test_real_days_stay_a_coverage_when_simplified(real_states, real_arcs):
    fewer = simplified(real_arcs, TOLERANCE_DEG)
    assert sum(len(arc.points) for arc in fewer) < 0.9 * sum(len(arc.points) for arc in real_arcs)
    for state in range(len(real_states)):
        drawn = coverage_of(fewer, state)
        shapes = list(drawn.values())
        assert shapely.is_valid(shapes).all()
        assert shapely.coverage_is_valid(shapes)
        gaps = shapely.get_parts(shapely.coverage_union_all(shapes))
        assert sum(len(part.interiors) for part in gaps) == 0


@pytest.mark.realdata
def test_what_does_not_change_is_drawn_the_same(real_states, real_arcs):
    """Edges drawn on one of two days only lie where edges changed, whatever the simplification."""
    fewer = simplified(real_arcs, TOLERANCE_DEG)
    for state in range(len(real_states) - 1):
        changed = symmetric_difference(real_arcs, state)
        differ = symmetric_difference(fewer, state)
        if not len(changed):
            assert not len(differ)
            continue
        where = shapely.union_all(changed)
        assert shapely.distance(differ, where).max(initial=0) < 4 * TOLERANCE_DEG / STEP_DEG


def symmetric_difference(arcs, state):
    """Edges, on the grid, of one of a state and the next."""
    found = []
    for arc in arcs:
        there = [[x.first <= s <= x.last for x in arc.lives] for s in (state, state + 1)]
        if there[0] != there[1]:
            found += [shapely.LineString(pair) for pair in pairwise(arc.points)]
    return np.array(found, dtype=object)


def said_by(page):
    parts = unpacked(page)
    return json.loads(parts[0]), unpack(parts[1]), unpack_areas(parts[2])


def test_every_day_has_the_areas_that_arrange_gives(days, ukraine):
    page = lp.atlas(["point21", "as_held"], control=days).html()
    data, _, areas = said_by(page)
    assert data["days"]["dates"] == ["2025-11-20", "2025-11-21", "2025-11-22"]
    assert data["days"]["states"] == [0, 0, 1]
    assert [plan["id"] for plan in data["plans"]] == ["point21", "as_held"]
    archive = lp.open_archive(days, ukraine)
    for day, state in zip(archive.days, data["days"]["states"], strict=True):
        for plan in data["plans"]:
            found = np.zeros(len(plan["zones"]))
            for face, m2 in areas[state].items():
                found[plan["ofFace"][face - 1]] += m2
            said = {zone["id"]: m2 for zone, m2 in zip(plan["zones"], found, strict=True) if m2}
            expected = lp.arrange(plan["id"], control=archive.control(day)).zones
            assert said.keys() == set(expected["zone_id"])
            for row in expected.itertuples():
                assert said[row.zone_id] == pytest.approx(row.area_km2 * 1e6, abs=3)


def test_same_input_same_bytes(days):
    pages = [lp.atlas(["point21", "plan20"], control=days).html() for _ in range(2)]
    assert pages[0] == pages[1]


def test_days_can_be_chosen_and_a_single_day_is_no_archive(days):
    data, _, _ = said_by(lp.atlas("point21", control=days, first="2025-11-22").html())
    assert data["days"]["dates"] == ["2025-11-22"]
    data, _, _ = said_by(lp.atlas("point21", control=days, as_of="2025-11-21").html())
    assert data["days"]["dates"] == ["2025-11-21"]
    data, _, _ = said_by(lp.atlas(["point21", "as_held"]).html())
    assert data["days"]["dates"] == ["2025-11-20"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"plans": []}, "at least one plan"),
        ({"plans": ["point21", "point21"]}, "given more than once"),
        ({"first": "2025-11-20"}, "need --control"),
        ({"control": "DAYS", "first": "2026-01-01"}, "no state from"),
        ({"control": "DAYS", "first": "2025-11-21", "last": "2025-11-20"}, "after"),
        ({"control": "DAYS", "first": "2025-11-21", "as_of": "2025-11-20"}, "one day"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_line(days, arguments, words):
    control = {"control": days} if arguments.get("control") else {}
    with pytest.raises(lp.UsageError, match=words) as caught:
        lp.atlas(**{"plans": ["point21"], **arguments, **control})
    assert "\n" not in str(caught.value)


def test_the_bound_said_holds_in_the_first_state_and_the_last(days):
    page = lp.atlas(["point21"], control=days).html()
    data, arcs, areas = unpacked(page)[:3]
    lines = [one for one in json.loads(data)["plans"][0]["footer"][0] if isinstance(one, str)]
    bound = float(re.search(r"by up to ([\d.]+)%", " ".join(lines))[1]) / 100
    worst = 0.0
    for state in (0, -1):
        km2 = unpack_areas(areas)[state]
        drawn = coverage_of(unpack(arcs), range(len(unpack_areas(areas)))[state])
        large = {face: m2 for face, m2 in km2.items() if m2 > 1e8}
        shapes = [drawn[face] for face in large]
        shares = geodesy.area_m2(shapes) / np.array(list(large.values())) - 1
        worst = max(worst, float(np.abs(shares).max()))
    assert bound - 0.001 < worst <= bound


def test_days_without_a_state_are_said(days, tmp_path):
    said = {}
    for name, kept in (("all", (20, 21, 22)), ("gap", (20, 22))):
        folder = tmp_path / name
        folder.mkdir()
        for day in kept:
            shutil.copy(days / f"control_202511{day}.geojson", folder)
        data = json.loads(unpacked(lp.atlas(["point21"], control=folder).html())[0])
        said[name] = [" ".join(map(str, lines)) for lines in data["plans"][0]["footer"]]
    assert [language["id"] for language in data["languages"]] == ["en", "uk", "ru", "zh-Hant"]
    assert (
        "No state of 1 day between the first day and the last: 21 November 2025." in said["gap"][0]
    )
    assert "за 1 день: 21 листопада 2025" in said["gap"][1]
    assert "за 1 день: 21 ноября 2025" in said["gap"][2]
    assert "1天" in said["gap"][3]
    assert "2025年11月21日" in said["gap"][3]
    assert "No state" not in said["all"][0]


def test_a_bad_day_names_itself_or_is_skipped(days, tmp_path):
    for file in days.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    empty = {"type": "FeatureCollection", "features": []}
    (tmp_path / "control_20251123.geojson").write_text(json.dumps(empty))
    with pytest.raises(lp.LineplanError, match="2025-11-23"):
        lp.atlas("point21", control=tmp_path)
    drawn = lp.atlas("point21", control=tmp_path, keep_going=True)
    assert [day.isoformat() for day in drawn.skipped] == ["2025-11-23"]


def test_command(line, days, tmp_path):
    said = line(
        "map", "point21", "as_held", "--control", days, "--from", "2025-11-21", "--languages",
        "en,uk", "--title", 'A "title"', "--embed", "800x600", "-o", "atlas.html",
    )  # fmt: skip
    assert said.status == 0
    frame = said.out.strip()
    assert frame == (
        '<iframe src="atlas.html" title="A &quot;title&quot;" loading="lazy" width="800" '
        'height="600" style="border:0"></iframe>'
    )
    data, _, _ = said_by((tmp_path / "atlas.html").read_text(encoding="utf-8"))
    assert data["heads"]["title"] == 'A "title"'
    assert [language["id"] for language in data["languages"]] == ["en", "uk"]
    assert "clause" not in said.err
    assert re.search(r"wrote atlas\.html \(\d+ kB\)", said.err)


def test_command_says_what_is_wrong_and_leaves_the_file(line, tmp_path):
    (tmp_path / "a.html").write_text("before")
    for arguments in (["--embed", "big"], ["--layers", "seas"], ["--tiles", "Nobody.Map"]):
        said = line("map", *arguments, "-o", "a.html")
        assert said.status == 2
        assert len(said.err.strip().splitlines()) == 1
    assert (tmp_path / "a.html").read_text() == "before"
    said = line("map", "--control", "none.geojson", "-o", "a.html")
    assert "none.geojson" in one_line_of(said)
    assert (tmp_path / "a.html").read_text() == "before"


def test_what_is_said_of_a_day_is_what_conditions_say(point21):
    from lineplan.arrangement import ground_conditions
    from lineplan.webmap.recording import said_of

    expected = ground_conditions(point21.ground)
    said = said_of(point21.ground)
    assert said == {key: pytest.approx(expected[key]) if isinstance(value, float) else expected[key]
                    for key, value in said.items()}  # fmt: skip


@pytest.mark.realdata
def test_geometry_that_may_not_be_passed_on_needs_permission(real_data, tmp_path):
    for day in ("20251120", "20251121"):
        file = real_data / "deepstate_daily" / f"deepstatemap_data_{day}.geojson"
        (tmp_path / file.name).symlink_to(file)
    with pytest.raises(lp.LineplanError, match=r"deepstatemap_data_20251120.*--i-have-permission"):
        lp.atlas("point21", control=tmp_path)
    drawn = lp.atlas("point21", control=tmp_path, has_permission=True)
    data, _, _ = said_by(drawn.html())
    footer = data["plans"][0]["footer"][0]
    assert any("permits passing its geometry on" in str(line) for line in footer)
    assert {said.redistribution for said in drawn.terms} == {"forbidden"}
