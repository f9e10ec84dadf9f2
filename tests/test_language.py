"""The plan language on the country of four squares: every key, every fault, and what must hold.

Areas of whole plans stand in data/cases, faulty files in data/faults.
"""

from __future__ import annotations

import json
import math
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import shapely
import toyland
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, box
from toyland import SQUARE_KM2, claims

import lineplan as lp
from lineplan import geodesy
from lineplan.labels import catalogue
from lineplan.plan.file import parse_plan
from lineplan.plan.tomllines import places_of

FAULTY = sorted(Path(__file__).parent.glob("data/faults/*.toml"))
CASES = sorted(Path(__file__).parent.glob("data/cases/*/plan.toml"))
EAST = claims(("bora", box(31.5, -1.5, 32.5, 1.5)))
STRIP_KM2 = 1105.744
"""A strip 10 km wide along one degree of a meridian: 10 x 110.5744 km."""


def written(folder: Path, *clauses: str, head: str = "", name: str = "plan.toml") -> Path:
    """A plan file of clauses that differ in `where` only, numbered from 1."""
    start = (
        'id = "p"\ndataset = "toyland"\ndate = 2025-01-01\nin_force = false\n'
        f'elsewhere = "unaffected"\ntitle = "P"\n{head}\n'
    )
    texts = [
        f'[[clause]]\nid = "{number}"\nsubject = "s"\nstatus = "special_zone"\n{where}\n'
        'text = [{ language = "en", kind = "published", quote = "Q" }]\n'
        for number, where in enumerate(clauses, 1)
    ]
    (folder / name).write_text(start + "\n".join(texts), encoding="utf-8")
    return folder / name


def drawn(folder: Path, *shapes: shapely.Geometry, name: str = "fence.geojson") -> Path:
    features = [
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(s))}
        for s in shapes
    ]
    path = folder / name
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def areas(plan: Path, toy: lp.Dataset, **how: Any) -> dict[str, float]:
    """km² by clause; "" is the ground that no clause speaks of."""
    control = how.pop("control", lp.Control(EAST, None, "a source"))
    zones = lp.arrange(plan, dataset=toy, control=control, **how).zones
    return zones.groupby("clause_id")["area_km2"].sum().to_dict()


# Faults


def marked(path: Path) -> list[tuple[int, str]]:
    return [
        (number, beginning.strip())
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if "#!" in line
        for beginning in line.split("#!")[1].split("|")
    ]


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_every_fault_is_told_with_its_clause_and_its_line(path: Path, toy: lp.Dataset) -> None:
    with pytest.raises(lp.PlanError) as caught:
        lp.load_plan(path, toy)
    found = list(caught.value.faults)
    for line, beginning in marked(path):
        said = f"line {line}: {beginning}"
        fault = next((fault for fault in found if fault.startswith(said)), None)
        assert fault is not None, (said, found)
        found.remove(fault)
    assert found == []


def test_ten_faults_are_ten() -> None:
    (ten,) = (path for path in FAULTY if path.stem == "ten_in_one_run")
    assert len(marked(ten)) == 10


def test_faults_come_in_the_order_of_the_file(toy: lp.Dataset) -> None:
    with pytest.raises(lp.PlanError) as caught:
        lp.load_plan(FAULTY[-1], toy)
    lines = [int(fault.split()[1].rstrip(":")) for fault in caught.value.faults]
    assert lines == sorted(lines)


def paths_in(value: object, place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every place in what tomllib gives."""
    items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type]
    found = set() if not place else {place}
    for step, inner in items:
        below = (*place, step)
        found |= paths_in(inner, below) if isinstance(inner, (dict, list)) else {below}
    return found


@pytest.mark.parametrize(
    "path", [*FAULTY, *CASES], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_the_line_is_known_of_everything_that_tomllib_reads(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert set(places_of(text)) == paths_in(tomllib.loads(text))


HARD_TOML = (
    r'''
a = """one "two" three"""""   # two quotes at the end belong to it
b = '''
    + "'''"
    + r"""it's [not] = a "table" """
    + "'''"
    + r"""
c = 1979-05-27 07:32:00  # a blank inside a value
"d e".'f.g' = { h = [ [1, 2], [ # comment ]
  3,
] ], "i\"j" = -inf }
[k.l]
m = "\\"
[[k.l.n]]
[[k.l.n]]
o = [
]
[k.l.n.p]
q = 0x1F
r = [ 1 , 2 # blanks before a comma
  , { s = "t" , u = 3 } ]
"""
)


def test_lines_in_hard_toml() -> None:
    lines = places_of(HARD_TOML)
    assert set(lines) == paths_in(tomllib.loads(HARD_TOML))
    assert lines["d e", "f.g", "h", 1, 0] == 6
    assert lines["d e", "f.g", 'i"j'] == 7
    assert lines["k", "l", "n", 1, "p", "q"] == 15


def test_a_file_that_cannot_be_used_is_told_by_the_check(tmp_path: Path, toy: lp.Dataset) -> None:
    """The plan passed, and the arrangement then ended in a traceback."""
    bow_tie = shapely.Polygon([(30, 0), (31, 1), (31, 0), (30, 1)])
    drawn(tmp_path, box(30, 0, 31, 1), bow_tie, name="bow_tie.geojson")
    drawn(tmp_path, name="empty.geojson")
    (tmp_path / "words.geojson").write_text("no vector data")
    for name, said in (
        ("bow_tie.geojson", "feature 1 is not valid"),
        ("empty.geojson", "has no geometry"),
        ("words.geojson", "cannot be read"),
    ):
        plan = written(tmp_path, f'where = {{ within = {{ of = "{name}", km = 5 }} }}')
        with pytest.raises(lp.PlanError, match=f"line 12: clause 1: within: .*{said}"):
            lp.load_plan(plan, toy)


def test_an_area_in_a_file_has_no_left_side(tmp_path: Path, toy: lp.Dataset) -> None:
    drawn(tmp_path, box(30, 0, 31, 1), name="zone.geojson")
    for km in (0, 5):
        where = f'where = {{ within = {{ of = "zone.geojson", km = {km}, side = "left" }} }}'
        with pytest.raises(lp.PlanError, match=r"zone\.geojson is an area, with no left side"):
            lp.load_plan(written(tmp_path, where), toy)


def test_a_plan_that_lies_beside_no_file(toy: lp.Dataset) -> None:
    text = (Path(CASES[0]).parents[1] / "left_of_a_line" / "plan.toml").read_text()
    with pytest.raises(lp.PlanError, match=r"fence\.geojson.*no such file beside the plan"):
        parse_plan(tomllib.loads(text), toy, name="x")


def test_clauses_on_the_same_ground_are_listed_pair_by_pair(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    plan = written(
        tmp_path,
        'where = { within = { of = "line", km = 10 } }',
        'where = { within = { of = "line", km = 5, side = "bora" } }',
        'where = { units = ["T-NE"], held_by = "bora" }',
        'where = { units = ["T-NW"] }',
    )
    with pytest.raises(lp.ConflictError) as caught:
        areas(plan, toy)
    assert str(caught.value).splitlines() == [
        # 5 km x 2 x 110.5744 km; 10 km x 110.5744 km; 5 km x 110.5744 km
        "p: clauses 1 and 2 both speak of 1,105.7 km² (T-NE, T-SE); let one name the other in "
        "overrides",
        "p: clauses 1 and 3 both speak of 1,105.7 km² (T-NE); let one name the other in overrides",
        "p: clauses 2 and 3 both speak of 552.9 km² (T-NE); let one name the other in overrides",
    ]


def test_the_line_of_a_day_must_be_given(tmp_path: Path, toy: lp.Dataset) -> None:
    plan = written(tmp_path, 'where = { within = { of = "line@2024-01-01", km = 10 } }')
    with pytest.raises(lp.UsageError, match=r"line of 2024-01-01.*--line 2024-01-01=FILE"):
        areas(plan, toy)


def test_a_drawn_line_does_not_say_who_held_which_side(tmp_path: Path, toy: lp.Dataset) -> None:
    where = 'where = { within = { of = "line@2024-01-01", km = 10, side = "bora" } }'
    line = drawn(tmp_path, LineString([(31.7, -1.2), (31.7, 1.2)]))
    with pytest.raises(lp.UsageError, match=r"bora side .* give a source of control"):
        areas(written(tmp_path, where), toy, lines={"2024-01-01": line})


# Distances


WIDTH = "[parameters.w]\ndefault = 10\nmin = 0\nmax = 40\n"
CHOICES = "[parameters.w]\ndefault = 5\nchoices = [5, 10, 40]\n"


@pytest.mark.parametrize(
    ("head", "chosen", "km"),
    [
        (WIDTH, {}, 10),
        (WIDTH, {"w": 40}, 40),
        (WIDTH, {"w": 2.5}, 2.5),
        (WIDTH, {"w": 0}, 0),
        (CHOICES, {}, 5),
        (CHOICES, {"w": 40}, 40),
    ],
)
def test_a_distance_by_parameter(
    head: str, chosen: dict[str, float], km: float, tmp_path: Path, toy: lp.Dataset
) -> None:
    plan = written(
        tmp_path, 'where = { within = { of = "line", km = "w", side = "bora" } }', head=head
    )
    found = areas(plan, toy, set=chosen)
    assert found.get("1", 0) == pytest.approx(2 * STRIP_KM2 * km / 10, rel=1e-4)


@pytest.mark.parametrize(
    ("head", "value", "said"),
    [
        (WIDTH, 41, "41 lies outside 0 to 40"),
        (WIDTH, -1, "-1 lies outside 0 to 40"),
        (WIDTH, "ten", "'ten' is not a number"),
        (CHOICES, 20, "20 is not one of 5, 10, 40"),
    ],
)
def test_a_distance_by_parameter_keeps_its_limits(
    head: str, value: Any, said: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    plan = written(tmp_path, 'where = { within = { of = "line", km = "w" } }', head=head)
    with pytest.raises(lp.UsageError, match=f"parameter w: {said}"):
        areas(plan, toy, set={"w": value})


def test_all_ground_is_beyond_nothing(tmp_path: Path, toy: lp.Dataset) -> None:
    plan = written(tmp_path, 'where = { beyond = { of = "line", km = "w" } }', head=WIDTH)
    assert areas(plan, toy, set={"w": 0}) == pytest.approx({"1": 4 * SQUARE_KM2}, rel=1e-9)


def test_within_and_beyond_one_distance_is_no_ground(tmp_path: Path, toy: lp.Dataset) -> None:
    """`beyond` was read as `within` where both named the same strip."""
    strip = '{ of = "line", km = 10 }'
    plan = written(tmp_path, f"where = {{ within = {strip}, beyond = {strip} }}")
    assert "1" not in areas(plan, toy)


def test_distances_that_differ_little_are_two(tmp_path: Path, toy: lp.Dataset) -> None:
    """Distances were told apart by six digits only."""
    plan = written(
        tmp_path,
        'where = { within = { of = "line", km = 10.00001 }, '
        'beyond = { of = "line", km = 10.000001 } }',
    )
    # 9 mm on both sides of 221 km are 0.004 km².
    assert areas(plan, toy)["1"] == pytest.approx(2 * 221.149 * 9e-6, rel=0.05)


def test_ground_that_nobody_borders_has_no_line(tmp_path: Path, toy: lp.Dataset) -> None:
    nothing = lp.Control(claims(("aria", box(31.5, -1.5, 32.5, 1.5))), None, "one holder")
    plan = written(tmp_path, 'where = { within = { of = "line", km = 10 } }')
    assert areas(plan, toy, control=nothing) == pytest.approx({"": 4 * SQUARE_KM2})


def test_a_file_of_lines_and_areas_is_an_area_where_it_is_one(
    tmp_path: Path, toy: lp.Dataset
) -> None:
    """0 km of a collection ended in a traceback."""
    drawn(tmp_path, box(30.25, -1.5, 30.75, 1.5), LineString([(31.2, -0.5), (31.8, 0.5)]))
    plan = written(tmp_path, 'where = { within = { of = "fence.geojson", km = 0 } }')
    assert areas(plan, toy)["1"] == pytest.approx(SQUARE_KM2, rel=1e-9)


def test_a_strip_of_an_area_has_the_area_in_it(tmp_path: Path, toy: lp.Dataset) -> None:
    drawn(tmp_path, box(30.25, -0.5, 30.75, 0.5))
    around = {
        km: areas(
            written(tmp_path, f'where = {{ within = {{ of = "fence.geojson", km = {km} }} }}'), toy
        )["1"]
        for km in (0, 10)
    }
    # 55.660 x 110.574 km; four sides 10 km wide and four quarters of a circle
    assert around[0] == pytest.approx(55.660 * 110.574, rel=1e-3)
    ring = 10 * 2 * (55.660 + 110.574) + math.pi * 100
    assert around[10] - around[0] == pytest.approx(ring, rel=1e-3)


# Words


FORCES = {
    "barred": {"en": "may not enter", "uk": "заборонено перебування", "ru": "запрещено присутствие"}
    | {"zh-Hant": "不得進入"},
    "limited": {"en": "limited", "uk": "обмежен", "ru": "ограничен", "zh-Hant": "限制"},
    "heavy_weapons_barred": {"en": "heavy weapons barred", "uk": "заборонено важке озброєння"}
    | {"ru": "запрещено тяжёлое вооружение", "zh-Hant": "不得部署重型武器"},
}


@pytest.mark.parametrize("lang", ["en", "uk", "ru", "zh-Hant"])
def test_what_is_said_of_forces_is_said_in_every_language(lang: str, ukraine: lp.Dataset) -> None:
    words = catalogue(lang)
    for kind, said in FORCES.items():
        assert said[lang] in words.forces(f"{kind}: ru, ua", dataset=ukraine)
    together = words.forces("barred: ru; limited: ua; heavy_weapons_barred: ua", dataset=ukraine)
    assert [said[lang] in together for said in FORCES.values()] == [True] * 3
    assert "_" not in together


def test_the_whole_language_in_one_plan(tmp_path: Path, toy: lp.Dataset) -> None:
    """Every key at once: it loads, and the JSON Schema that editors use accepts it too."""
    drawn(tmp_path, LineString([(30.2, 0), (30.8, 0)]))
    (tmp_path / "whole.toml").write_text(WHOLE, encoding="utf-8")
    plan = lp.load_plan(tmp_path / "whole.toml", toy)
    assert plan.supersedes == ("draft-1",)
    assert plan.clause[0].text[1].differs == {"en": "says 12 km"}
    assert plan.clause[0].said("forces") == "barred: aria, bora; heavy_weapons_barred: cora"
    assert plan.revoked_if[0].clauses == ("1",)
    assert [str(strip) for strip in plan.strips()] == [
        "w km of line, aria side",
        "5 km of line@2024-01-01",
        "3 km of fence.geojson",
        "3 km of fence.geojson, left side",
        "2 km of canal",
    ]
    chosen = plan.choose(readings={"1": "wide"})
    assert [strip.km for strip in chosen.strips()] == [12, 5, 3, 3, 2]
    schema = lp.plan_schema()
    jsonschema.validate(json.loads(json.dumps(tomllib.loads(WHOLE), default=str)), schema)


WHOLE = """
id = "whole"
dataset = "toyland"
date = 2025-01-01
in_force = false
elsewhere = "unspecified"
title = { en = "Whole", uk = "Усе" }
note = "A note"
supersedes = "draft-1"

[[source]]
id = "s"
name = "S"
language = "en"
date = 2025-01-01
url = "https://example.org"
reliability = "official"

[parameters.w]
default = 10
min = 0
max = 40
unit = "km"
text = "The width left open"

[[clause]]
id = "1"
subject = "1"
status = "demilitarized_buffer"
overrides = ["2"]
recognized_as = "as_held"
recognition = "de facto"
recognized_by = ["cora"]
to_be_held_by = "none"
administration = "cora"
forces = { barred = ["aria", "bora"], heavy_weapons_barred = ["cora"] }
text = [
  { language = "en", kind = "published", quote = "ten kilometres", source = "s" },
  { language = "fr", kind = "our translation", quote = "douze", differs = "says 12 km" },
]
reading = [{ id = "wide", text = "Twelve", source = "s", set = { w = 12 } }]

[clause.where]
units = ["T-NE"]
not_units = ["T-SW"]
held_by = ["aria", "contested"]
within = [{ of = "line", km = "w", side = "aria" }, { of = "line@2024-01-01", km = 5 }]
beyond = { of = "fence.geojson", km = 3 }
any = [
  { within = { of = "fence.geojson", km = 3, side = "left" } },
  { any = [{ beyond = { of = "canal", km = 2 } }] },
]

[[clause]]
id = "2"
subject = "2"
status = "unaffected"
where = {}
text = [{ language = "en", kind = "our wording", quote = "the rest" }]

[[revoked_if]]
id = "war"
clauses = ["1"]
terms = ["forces"]
text = [{ language = "en", kind = "published", quote = "if attacked", source = "s" }]
"""


# What must hold of any line


def points(low: float = 0.2, high: float = 1.8) -> st.SearchStrategy[list[tuple[float, float]]]:
    """Corners of a line that goes east inside the country (30 to 32 E, 1 S to 1 N)."""
    lon = st.floats(30 + low, 30 + high).map(lambda x: round(x, 2))
    lat = st.floats(-1 + low, -1 + high).map(lambda y: round(y, 2))
    corners = st.lists(st.tuples(lon, lat), min_size=2, max_size=5, unique_by=lambda xy: xy[0])
    return corners.map(sorted)


often = settings(
    deadline=None,
    max_examples=8,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # an arrangement is slow to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def strip(km: float, side: str = "both", key: str = "within") -> str:
    return f'where = {{ {key} = {{ of = "fence.geojson", km = {km!r}, side = "{side}" }} }}'


def taken(folder: Path, toy: lp.Dataset, *where: str) -> float:
    return areas(written(folder, *where), toy).get("1", 0.0)


@often
@given(points(), st.floats(1, 60), st.floats(1.01, 2))
def test_a_wider_strip_never_shrinks(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float, factor: float
) -> None:
    drawn(tmp_path, LineString(corners))
    narrow, wide = (taken(tmp_path, toy, strip(width)) for width in (km, km * factor))
    assert narrow < wide or narrow == pytest.approx(4 * SQUARE_KM2, rel=1e-6)


@often
@given(points(), st.floats(1, 60))
def test_within_and_beyond_are_the_whole(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float
) -> None:
    drawn(tmp_path, LineString(corners))
    within, beyond = (taken(tmp_path, toy, strip(km, key=key)) for key in ("within", "beyond"))
    assert within + beyond == pytest.approx(4 * SQUARE_KM2, rel=1e-10)
    both = areas(written(tmp_path, strip(km), strip(km, key="beyond")), toy)
    assert "" not in both  # and they never meet, which would be an error


@often
@given(points(), st.floats(5, 20))
def test_a_line_drawn_the_other_way_swaps_left_and_right(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float
) -> None:
    found = {}
    for way, line in (("there", LineString(corners)), ("back", LineString(corners[::-1]))):
        drawn(tmp_path, line)
        found[way] = [taken(tmp_path, toy, strip(km, side)) for side in ("left", "right")]
    assert found["there"] == pytest.approx(found["back"][::-1], rel=1e-4, abs=0.01)


@often
@given(points(0.4, 1.6), st.floats(5, 20))
def test_both_sides_and_the_round_ends_are_the_strip(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float
) -> None:
    drawn(tmp_path, LineString(corners))
    both, left, right = (taken(tmp_path, toy, strip(km, s)) for s in ("both", "left", "right"))
    assert left + right <= both * (1 + 1e-4)
    assert left + right >= both - math.pi * km**2 * (1 + 1e-3)


@often
@given(points(), st.floats(5, 30))
def test_rings_of_one_side_neither_meet_nor_leave_ground_between(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float
) -> None:
    """The edge of one side and that of both were up to a metre apart: clauses met on slivers."""
    drawn(tmp_path, LineString(corners))
    far = '{{ of = "fence.geojson", km = {km!r}{side} }}'
    inner, outer = (far.format(km=width, side=', side = "left"') for width in (km, 2 * km))
    both = far.format(km=km, side="")
    found = areas(
        written(
            tmp_path,
            f"where = {{ within = {inner} }}",
            f"where = {{ within = {outer}, beyond = {both} }}",
        ),
        toy,
    )
    whole = taken(tmp_path, toy, f"where = {{ within = {outer} }}")
    on_the_right = taken(tmp_path, toy, f"where = {{ within = [{outer}, {both}] }}") - found["1"]
    assert found["1"] + found["2"] + on_the_right == pytest.approx(whole, rel=1e-9)


@often
@given(points(), st.floats(5, 15), st.floats(5, 15))
def test_two_sides_of_one_line_do_not_meet(
    tmp_path: Path, toy: lp.Dataset, corners: list[tuple[float, float]], km: float, other_km: float
) -> None:
    """10 km on one side and 5 km on the other overlapped by millimetres on any line with a bend."""
    drawn(tmp_path, LineString(corners))
    found = areas(written(tmp_path, strip(km, "left"), strip(other_km, "right")), toy)
    assert set(found) == {"", "1", "2"}


@often
@given(st.permutations(range(3)), st.permutations(range(3)))
def test_the_order_of_clauses_and_of_rows_does_not_matter(
    tmp_path: Path, toy: lp.Dataset, order: list[int], rows: list[int]
) -> None:
    wheres = [
        'where = { within = { of = "line", km = 10, side = "aria" } }\noverrides = ["rest"]',
        'where = { within = { of = "line", km = 20, side = "bora" } }\noverrides = ["rest"]',
        "where = {}",
    ]
    ids = ["near", "far", "rest"]
    text = written(tmp_path, *(wheres[i] for i in order)).read_text()
    for number, i in enumerate(order, 1):
        text = text.replace(f'[[clause]]\nid = "{number}"', f'[[clause]]\nid = "{ids[i]}"')
    (tmp_path / "plan.toml").write_text(text)
    squares = [box(31.5, -1.5, 32.5, -0.4), box(31.5, -0.4, 32.5, 0.3), box(31.5, 0.3, 32.5, 1.5)]
    control = lp.Control(claims(*(("bora", squares[i]) for i in rows)), None, "a source")
    found = areas(tmp_path / "plan.toml", toy, control=control)
    assert found == pytest.approx(
        {
            "near": 2 * STRIP_KM2,
            "far": 4 * STRIP_KM2,
            "rest": 4 * SQUARE_KM2 - 6 * STRIP_KM2,
        },
        rel=1e-4,
    )


def test_the_order_of_units_in_the_file_does_not_matter(tmp_path: Path, toy: lp.Dataset) -> None:
    plan = written(tmp_path, 'where = { within = { of = "canal", km = 10 } }')
    turned = toyland.units().iloc[::-1].reset_index(drop=True)
    assert areas(plan, toy, units=turned) == pytest.approx(areas(plan, toy), rel=1e-12)


def test_lines_are_measured_not_their_pieces(tmp_path: Path, toy: lp.Dataset) -> None:
    """The same line in one feature or in three: a side lost 3 % of its ground at the bends."""
    whole = LineString([(30.3, -0.5), (30.9, 0.2), (31.4, 0.4), (31.7, 0.1)])
    pieces = geodesy.segments(whole)
    found = []
    for shapes in ([whole], list(pieces), list(pieces[::-1])):
        drawn(tmp_path, *shapes)
        found.append([taken(tmp_path, toy, strip(8, side)) for side in ("both", "left", "right")])
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    assert found[2] == pytest.approx(found[0], rel=1e-4)


def test_each_piece_keeps_the_way_it_is_drawn(tmp_path: Path, toy: lp.Dataset) -> None:
    """Two pieces that end in one point: north is left of the first, and south of the second."""
    drawn(tmp_path, LineString([(30.3, 0), (30.9, 0)]), LineString([(31.5, 0), (30.9, 0)]))
    plan = written(tmp_path, strip(10, "left"))
    zones = lp.arrange(plan, dataset=toy, control=lp.Control(EAST, None, "a source")).zones
    found = zones[zones["clause_id"] == "1"].groupby("unit_id")["area_km2"].sum()
    # 0.6 degrees north of the equator; of the other 0.6 degrees south, 0.1 lie in the west.
    tenth = 0.1 * 111.3195 * 10
    # At the point itself both sides are left and right: up to 640 m along the line go either way.
    assert found.to_dict() == pytest.approx(
        {"T-NW": 6 * tenth, "T-SW": tenth, "T-SE": 5 * tenth}, abs=0.64 * 10
    )


def test_a_strip_and_an_area_along_one_line_do_not_overlap(tmp_path: Path, toy: lp.Dataset) -> None:
    """Millimetres between their edges were a conflict of 0.0 km², and rows of 1e-13 km²."""
    line = [(30.3, -1.2), (30.35, -0.4), (30.5, 0.1), (30.42, 0.6), (30.45, 1.2)]
    drawn(tmp_path, LineString(line), name="a.geojson")
    east = shapely.Polygon([*line, (30.9, 1.2), (30.9, -1.2)])
    drawn(tmp_path, east, name="area.geojson")
    plan = written(
        tmp_path,
        'where = { within = { of = "area.geojson", km = 0 } }',
        'where = { within = { of = "a.geojson", km = 10, side = "left" } }',
    )
    made = lp.arrange(plan, dataset=toy, control=lp.Control(EAST, None, "a source"))
    assert made.zones["area_km2"].min() > 1
    found = made.zones.groupby("clause_id")["area_km2"].sum()
    area = shapely.intersection(east, box(30, -1, 32, 1))
    assert found["1"] == pytest.approx(geodesy.area_m2([area])[0] / 1e6, abs=0.01)
    assert any("are counted with the ground beside them" in n for n in made.conditions["notes"])


@pytest.mark.parametrize(("side", "km2"), [("left", 1), ("right", 1), ("both", 2)])
def test_a_side_by_parameter(tmp_path: Path, toy: lp.Dataset, side: str, km2: float) -> None:
    """So that a reading can say whether a strip is on one side."""
    drawn(tmp_path, LineString([(30.5, -2), (30.5, 2)]))
    head = '[parameters.s]\ndefault = "left"\nchoices = ["left", "right", "both"]\n'
    where = 'where = { within = { of = "fence.geojson", km = 10, side = "s" } }'
    found = areas(written(tmp_path, where, head=head), toy, set={"s": side})
    assert found["1"] == pytest.approx(2 * km2 * STRIP_KM2, rel=1e-3)


def test_a_side_by_parameter_is_checked_by_its_choices(tmp_path: Path, toy: lp.Dataset) -> None:
    where = 'where = { within = { of = "line", km = 10, side = "s" } }'
    for choices, said in (
        ('["aria", "left"]', "clause 1: within: side names 'left', which is no party"),
        ('["aria", "both"]', ""),
    ):
        head = f'[parameters.s]\ndefault = "aria"\nchoices = {choices}\n'
        plan = written(tmp_path, where, head=head)
        if not said:
            assert lp.load_plan(plan, toy).id == "p"
            continue
        with pytest.raises(lp.PlanError) as caught:
            lp.load_plan(plan, toy)
        assert said in str(caught.value)
        assert len(caught.value.faults) == 1


def test_a_plan_of_another_dataset_has_one_fault(tmp_path: Path, ukraine: lp.Dataset) -> None:
    """Every unit and party was told to be unknown as well."""
    plan = written(tmp_path, 'where = { units = ["T-NE"], held_by = "bora" }')
    with pytest.raises(lp.PlanError) as caught:
        lp.load_plan(plan, ukraine)
    (fault,) = caught.value.faults
    assert fault.endswith("is written for dataset 'toyland', not 'ukraine'; give --dataset")


def test_the_dataset_beside_a_plan_is_meant(tmp_path: Path, toy: lp.Dataset) -> None:
    for name in ("dataset.toml", "units.geojson"):
        (tmp_path / name).write_bytes((toy.folder / name).read_bytes())
    manifest = (tmp_path / "dataset.toml").read_text(encoding="utf-8")
    head, _, files = manifest.partition("[[file]]")
    files = f"[[file]]{files}".partition('[[file]]\npath = "features')[0]
    head = head.partition("[[point_of_interest]]")[0]
    (tmp_path / "dataset.toml").write_text(head + files, encoding="utf-8")
    plan = written(tmp_path, 'where = { units = ["T-NE"] }')
    made = lp.arrange(plan, control=lp.Control(EAST, None, "a source"))
    assert made.dataset.folder == tmp_path
    assert lp.arrange("point21").dataset.id == "ukraine"
