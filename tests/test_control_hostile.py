"""Files that are damaged, empty, swapped, in other encodings or not what they seem."""

import json
from pathlib import Path

import pytest
from shapely.geometry import box, mapping

import lineplan as lp

SQUARE = mapping(box(36, 47, 37, 48))


def geojson(**properties: str) -> str:
    feature = {"type": "Feature", "properties": properties, "geometry": SQUARE}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}, ensure_ascii=False)


NAN = geojson().replace("[37.0, 48.0]", "[NaN, 48.0]")
DEEP = "[" * 100_000
CASES = {
    "empty": ("m.geojson", b"", "the file is empty"),
    "blank": ("m.geojson", b"   ", "cannot be read as vector data"),
    "no features": ("m.geojson", b'{"type":"FeatureCollection","features":[]}', "has no polygon"),
    "not a number": ("m.geojson", NAN.encode(), "coordinate that is not a number"),
    "cut off": ("m.geojson", geojson().encode()[:-30], "cannot be read as vector data"),
    "deep": ("m.geojson", DEEP.encode(), "cannot be read as vector data"),
    "encoding": ("m.geojson", geojson(name="зайнято").encode("cp1251"), "is not UTF-8 text"),
    "table encoding": ("m.csv", "місце,status\nа,ru\n".encode("cp1251"), "is not UTF-8 text"),
    "wide table": ("m.csv", "place,status\na,ru\n".encode("utf-16"), "is not UTF-8 text"),
    "damaged zip": ("m.kmz", b"PK\x03\x04 and no more", "not a readable zip archive"),
    "noise": ("m.gpkg", bytes(range(256)) * 20, "cannot be read as vector data"),
}


@pytest.mark.parametrize("case", CASES)
def test_one_clear_line_that_names_the_file(case: str, tmp_path: Path, ukraine: lp.Dataset) -> None:
    name, content, said = CASES[case]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises((lp.ControlError, lp.GeometryError), match=said) as caught:
        lp.read_control(path, ukraine)
    assert name in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize("kind", ["deepstate_feed", "liveuamap", "kml", "lines", "settlements"])
@pytest.mark.parametrize("case", ["not a number", "cut off", "blank", "no features"])
def test_a_kind_named_by_hand_gives_no_trace_either(
    kind: str, case: str, tmp_path: Path, ukraine: lp.Dataset
) -> None:
    path = tmp_path / CASES[case][0]
    path.write_bytes(CASES[case][1])
    with pytest.raises(lp.LineplanError) as caught:
        lp.read_control(path, ukraine, kind=kind, left="ru" if kind == "lines" else None)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "feature",
    [
        "null",
        "1",
        '{"type":"Feature"}',
        '{"geometry":{"type":"Polygon"}}',
        '{"properties":{"type":"gains"},"geometry":{"type":"Polygon","coordinates":[[["a"]]]}}',
        '{"properties":{"type":"gains"},"geometry":{"type":"Nonsense","coordinates":[1]}}',
        '{"properties":{"type":"gains"},"geometry":5}',
        '{"properties":[1],"geometry":null}',
    ],
)
def test_features_of_a_feed_that_are_none(
    feature: str, tmp_path: Path, ukraine: lp.Dataset
) -> None:
    path = tmp_path / "n.json"
    good = '{"properties":{"type":"gains","date":"2025-01-01"},"geometry":null}'
    path.write_text(f'{{"value":{{"type":"FeatureCollection","features":[{good},{feature}]}}}}')
    with pytest.raises(lp.LineplanError) as caught:
        lp.read_control(path, ukraine)
    assert len(str(caught.value).splitlines()) == 1


def test_swapped_coordinates_of_a_feed_are_suspected(tmp_path: Path, ukraine: lp.Dataset) -> None:
    swapped = mapping(box(47, 36, 48, 37))
    properties = {"type": "gains", "date": "2025-01-01"}
    feature = {"type": "Feature", "properties": properties, "geometry": swapped}
    path = tmp_path / "n.json"
    path.write_text(json.dumps({"value": {"type": "FeatureCollection", "features": [feature]}}))
    with pytest.raises(lp.ControlError, match="longitude and latitude swapped"):
        lp.arrange(control=path)


def test_text_of_a_file_cannot_forge_lines(tmp_path: Path, ukraine: lp.Dataset) -> None:
    path = tmp_path / "m.geojson"
    path.write_text(geojson(who="a\nlineplan: all is well"), encoding="utf-8")
    with pytest.raises(lp.ControlError) as caught:
        lp.read_control(path, ukraine, holder="who")
    assert len(str(caught.value).splitlines()) == 1


def test_byte_order_marks_are_read_over(tmp_path: Path, ukraine: lp.Dataset) -> None:
    path = tmp_path / "n.json"
    feature = {"properties": {"type": "gains", "date": "2025-01-01"}, "geometry": SQUARE}
    document = {"value": {"type": "FeatureCollection", "features": [feature]}}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    assert lp.read_control(path, ukraine).kind == "liveuamap"
