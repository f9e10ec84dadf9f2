"""The full DeepState feed and Liveuamap's areas, made small."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from shapely.geometry import Point, box, mapping

import lineplan as lp

NBSP = "\xa0"


def feature(name: str, fill: str, number: int, geometry: Any = None) -> dict[str, Any]:
    square = box(36 + number / 8, 47, 36.1 + number / 8, 48)
    drawn = json.loads(json.dumps(mapping(square)))
    for ring in drawn["coordinates"]:
        for position in ring:
            position.append(0)
    properties = {"name": name, "fill": fill, "styleHash": "1", "styleUrl": "#a"}
    return {"type": "Feature", "properties": properties, "geometry": geometry or drawn}


NAMES = [
    ("Окуповано /// Occupied" + NBSP + "/// geoJSON.status.occupied\n", "#a52714", "full"),
    (
        "Звільнено" + NBSP + "/// Liberated 25.03 /// geoJSON.status.dismissed_at {{at:25.03}}",
        "#0f9d58",
        "liberated",
    ),
    ("Статус невідомий /// Unknown status\n/// geoJSON.status.unknown", "#bcaaa4", "unknown"),
    ("Окупований Крим /// Occupied Crimea /// geoJSON.territories.crimea", "#880e4f", "full"),
    ("Occupied Petsamo /// geoJSON.territories.petsamo", "#ff5252", "claimed"),
    ("Місто. Окуповано" + NBSP, "#a52714", "full"),
    ("звільнено 01.02.2022", "#0288d1", "liberated"),
    ("Під питанням", "#bcaaa4", "unknown"),
    ("Крим", "#000000", "full"),
    ("Багатокутник 7", "#a52714", "full"),
    ("01.02", "#0288d1", "liberated"),
    ("Щось нове", "#123456", "unknown"),
]


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    features = [feature(name, fill, i) for i, (name, fill, _) in enumerate(NAMES)]
    features.append(feature("Camp", "", 0, mapping(Point(37, 47))))
    features[8]["geometry"] = {
        "type": "GeometryCollection",
        "geometries": [features[8]["geometry"], mapping(Point(37, 47))],
    }
    path = tmp_path / "feed_1754251105.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


def test_every_feature_has_a_class(feed: Path, ukraine: lp.Dataset) -> None:
    control = lp.read_control(feed, ukraine)
    assert control.kind == "deepstate_feed"
    assert control.as_of == dt.date(2025, 8, 3)
    assert control.classes is not None
    found = control.classes.groupby("control_class")["features"].sum().to_dict()
    classes = [c for _, _, c in NAMES]
    assert found == {c: classes.count(c) for c in set(classes)}
    assert control.claims["held_by"].value_counts().to_dict() == {"ru": 5, "unknown": 3}
    assert any("1 feature(s) that are no polygon left out (1 Point)" in n for n in control.notes)
    (said,) = [n for n in control.notes if "no rule knows" in n]
    assert said.endswith("'щось нове' (1)")


@pytest.mark.parametrize("number", range(len(NAMES) - 1))
def test_each_name_is_classified_alone(number: int, tmp_path: Path, ukraine: lp.Dataset) -> None:
    """So that two errors do not make up for one another."""
    name, fill, expected = NAMES[number]
    features = [feature(name, fill, 0), feature("Окуповано", "#a52714", 5)]
    path = tmp_path / "f.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    classes = lp.read_control(path, ukraine).classes
    assert classes is not None
    assert expected in set(classes["control_class"])
    assert classes["features"].sum() == 2


def test_the_wider_class_counts_what_is_claimed(feed: Path, ukraine: lp.Dataset) -> None:
    control = lp.read_control(feed, ukraine, control_class="claimed")
    assert (control.claims["held_by"] == "ru").sum() == 6
    assert control.control_class == "full, partial or claimed"


def test_unknown_ground_gives_way_to_held_ground(tmp_path: Path, ukraine: lp.Dataset) -> None:
    features = [feature("Окуповано", "#a52714", 0), feature("Під питанням", "#bcaaa4", 0)]
    features[1]["geometry"] = mapping(box(36.05, 47, 36.3, 48))
    path = tmp_path / "f.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    control = lp.read_control(path, ukraine)
    areas = control.claims.set_index("held_by").geometry.to_crs("EPSG:4326")
    assert areas["ru"].bounds[2] == pytest.approx(36.1)
    assert areas["unknown"].bounds[0] == pytest.approx(36.1)
    assert any("drawn as held and as unknown are read as held" in n for n in control.notes)


def liveuamap(*types: str, day: str = "2025-11-19") -> dict[str, Any]:
    features = [
        {
            "type": "Feature",
            "properties": {"type": kind, "date": day},
            "geometry": mapping(box(36 + i, 47, 36.9 + i, 48)),
        }
        for i, kind in enumerate(types)
    ]
    return {"value": {"type": "FeatureCollection", "features": features}}


def test_losses_are_not_held(tmp_path: Path, ukraine: lp.Dataset) -> None:
    path = tmp_path / "nzz_2025-11-20.json"
    path.write_text(json.dumps(liveuamap("nochange", "gains", "losses")))
    control = lp.read_control(path, ukraine)
    assert control.claims["held_by"].tolist() == ["ru", "ru"]
    assert control.claims.total_bounds[2] == pytest.approx(37.9)
    assert control.as_of == dt.date(2025, 11, 19), "its own date, not that of the file's name"
    assert any("held since before 2022; give it with --base FILE" in n for n in control.notes)
    counted = lp.read_control(path, ukraine, values={"losses": "ru"})
    assert len(counted.claims) == 3


def test_new_types_are_unknown(tmp_path: Path, ukraine: lp.Dataset) -> None:
    path = tmp_path / "n.json"
    path.write_text(json.dumps(liveuamap("nochange", "disputed")))
    control = lp.read_control(path, ukraine)
    assert control.claims["held_by"].tolist() == ["ru", "unknown"]
    assert any("'disputed' (1)" in note for note in control.notes)
