"""An exported GeoPackage in a real QGIS: opened, drawn without a screen, and looked at."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import lineplan as lp
from in_qgis.looking import look
from lineplan import style

pytestmark = pytest.mark.qgis

LAYERS = ("zones", "line", "units", "reassigned", "sources")
UKRAINE = [21.5, 44, 41, 52.8]
# Places well inside their zones: lon, lat.
POINTS = {
    "Kramatorsk": (37.57, 48.73),
    "Volnovakha": (37.5, 47.6),
    "Melitopol": (35.37, 46.85),
    "Zaporizhzhia": (35.15, 47.85),
    "Pryluky": (32.4, 50.6),
    "Dzhankoi": (34.39, 45.71),
}


@pytest.fixture(scope="module")
def package(point21: lp.Arrangement, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return point21.write(tmp_path_factory.mktemp("package") / "point21.gpkg")


@pytest.fixture(scope="module")
def seen(qgis: str, package: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    orders: dict[str, list[str]] = {
        "above": ["line", "units", "reassigned", "zones"],
        "below": ["zones", "units", "line", "reassigned"],
        "zones": ["zones"],
        "line": ["line"],
        "units": ["units"],
    }
    size = [1400, 900]
    pictures = [
        {"name": name, "layers": order, "box": UKRAINE, "size": size, "points": POINTS}
        for name, order in orders.items()
    ]
    # So near that a square around the point shows the line and nothing else of its colour.
    line = lp.arrange().line.geometry.iloc[0].interpolate(0.5, normalized=True)
    box = [line.x - 0.05, line.y - 0.04, line.x + 0.05, line.y + 0.04]
    near = {"layers": ["line", "zones"], "box": box, "size": [500, 400]}
    pictures.append({"name": "near", **near, "points": {"line": [line.x, line.y]}})
    return look(qgis, package, tmp_path_factory.mktemp("pictures"), LAYERS, pictures)


def mixed(ink: str, opacity: float, ground: str) -> str:
    """The colour of ink that lets some of the ground through."""
    parts = zip(*(bytes.fromhex(colour[1:]) for colour in (ink, ground)), strict=True)
    return "#" + "".join(f"{round(i * opacity + g * (1 - opacity)):02x}" for i, g in parts)


def near(one: str, other: str, within: int = 2) -> bool:
    pairs = zip(bytes.fromhex(one[1:]), bytes.fromhex(other[1:]), strict=True)
    return all(abs(a - b) <= within for a, b in pairs)


def has(colours: list[list[Any]], wanted: str) -> bool:
    return any(near(colour, wanted) for colour, _ in colours)


@pytest.mark.parametrize(
    ("place", "status", "side"),
    [
        ("Kramatorsk", "demilitarized_buffer", "tint"),
        ("Volnovakha", "recognized", "fill"),
        ("Dzhankoi", "recognized", "fill"),
        ("Melitopol", "frozen_at_line", "fill"),
        ("Zaporizhzhia", "frozen_at_line", "tint"),
        ("Pryluky", "unaffected", "tint"),
    ],
)
@pytest.mark.parametrize("picture", ["above", "below", "zones"])
def test_colours_and_hatches_without_asking(
    seen: Any, place: str, status: str, side: str, picture: str
) -> None:
    colours, paint = seen["pictures"][picture][place], style.PAINTS[status]
    ground = getattr(paint, side)
    # Multiplied with white, or with nothing below, the ground keeps its colour exactly.
    assert colours[0][0] == ground
    look = style.ground(f"{status}-{side}")
    assert look.colour == ground
    if look.hatch:
        thickest = min(colour for colour, _ in colours)
        expected = mixed(paint.ink, look.opacity, ground)
        # A hatching line is thinner than a pixel; a dot has a pixel of its full colour.
        assert thickest < ground
        if look.hatch == "dots":
            assert has(colours, expected)
    else:
        assert len(colours) == 1


def test_the_line_is_dashed_and_has_a_halo(seen: Any) -> None:
    colours = seen["pictures"]["near"]["line"]
    assert has(colours, style.LINE.colour)
    assert any(min(bytes.fromhex(colour[1:])) > 0xE0 for colour, _ in colours)


def test_legends_aliases_and_words(seen: Any, point21: lp.Arrangement) -> None:
    layers = seen["layers"]
    assert [layers[name]["rows"] for name in LAYERS[:4]] == [
        len(getattr(point21, name)) for name in LAYERS[:4]
    ]
    assert "Proposed demilitarised buffer" in layers["zones"]["legend"]
    assert "Line to be frozen, held by Russian forces" in layers["zones"]["legend"]
    assert layers["line"]["legend"] == ["Line of contact, 20 November 2025"]
    assert "Internationally recognised border" in layers["units"]["legend"]
    for name in LAYERS:
        aliases = layers[name]["aliases"]
        assert all(alias for column, alias in aliases.items() if column != "fid"), name
    assert layers["zones"]["aliases"]["area_km2"] == "Area (km²)"
    assert layers["sources"]["aliases"]["licence"] == "Licence"
    assert layers["zones"]["widgets"]["status"] == "ValueMap"
    first = point21.zones.iloc[0]
    tip = layers["zones"]["tip"]
    assert first["unit_name"] in tip
    assert first["status_label"] in tip
    assert "held by Russian forces" in tip
    assert "[%" not in tip


def test_sld_gives_the_same_grounds(seen: Any) -> None:
    for place, colours in seen["by_sld"]["zones"].items():
        assert colours[0][0] == seen["pictures"]["zones"][place][0][0], place


def test_a_hostile_name_stays_text(qgis: str, tmp_path: Path) -> None:
    data = lp.load_dataset()
    units = data.units().set_index("unit_id").rename(index={"UA-05": "<script>'\"&"}).reset_index()
    units[["unit_id", "geometry"]].to_file(tmp_path / "regions.gpkg")
    package = lp.arrange(units=tmp_path / "regions.gpkg").write(tmp_path / "x.gpkg")
    with closing(sqlite3.connect(package)) as database:
        database.execute("DELETE FROM units WHERE unit_id NOT LIKE '<%'")
        database.commit()
    picture = {"name": "units", "layers": ["units"], "box": UKRAINE, "size": [700, 450]}
    tip = look(qgis, package, tmp_path, LAYERS, [picture])["layers"]["units"]["tip"]
    assert tip.startswith("<b>&lt;script>'\"&amp;</b>")
