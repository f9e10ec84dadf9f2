"""Zones through time in a real QGIS: they play, and each day looks as an export of that day."""

import datetime as dt
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from matplotlib.image import imread
from test_chronology import FIRST, plans  # noqa: F401
from test_chronology_zones import days, on, read  # noqa: F401

import lineplan as lp
from in_qgis.looking import look, run
from lineplan.labels import catalogue

pytestmark = pytest.mark.qgis

TOYLAND = [30, -1.2, 33, 1.2]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Kyiv", "America/New_York"])
def test_qgis_plays_each_day_without_being_told_how(
    zone: str,
    qgis: str,
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", zone)
    path = tmp_path / "zones.gpkg"
    lp.timeline(*plans, control=days, dataset=toy, zones=path)
    shown = json.loads(run(qgis, "play.py", tmp_path, path, FIRST, 9, "east", "north"))
    for plan in plans:
        layer, zones = shown[plan.id], read(path, plan.id)
        assert layer["is_valid"]
        assert layer["is_temporal"]
        assert layer["span"] == ["2025-01-01", "2025-01-10"]
        for frame, found in layer["frames"].items():
            day = on(zones, dt.date.fromisoformat(frame[:10]))
            corners = shapely.get_num_coordinates(day.geometry.to_numpy()).tolist()
            assert found == sorted(map(list, zip(day["zone_id"], corners, strict=True))), frame


def differing(one: Path, other: Path) -> int:
    """Pixels of two pictures that differ by more than rounding."""
    left, right = (imread(path)[..., :3] for path in (one, other))
    return int((np.abs(left - right).max(axis=2) > 2 / 255).sum())


def compared(
    qgis: str, zones: Path, layer: str, exports: dict[str, Path], box: list[float], folder: Path
) -> tuple[Any, dict[str, Any]]:
    """What QGIS says of both, once the pictures of every day have been compared."""
    same: dict[str, Any] = {"box": box, "size": [900, 600]}
    pictures = [{"name": day, "layers": [layer], "day": day, **same} for day in exports]
    played = look(qgis, zones, folder, [layer], pictures)["layers"][layer]
    alone = {}
    for day, export in exports.items():
        (apart := folder / day).mkdir()
        picture = {"name": "zones", "layers": ["zones"], **same}
        alone[day] = look(qgis, export, apart, ["zones"], [picture])["layers"]["zones"]
        assert not differing(folder / f"{day}.png", apart / "zones.png"), day
    first, *_, last = exports
    assert differing(folder / f"{first}.png", folder / f"{last}.png"), "nothing moved"
    return played, alone


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_each_day_looks_and_reads_as_its_export(
    lang: str,
    qgis: str,
    plans: list[lp.Plan],  # noqa: F811
    toy: lp.Dataset,
    days: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    path = tmp_path / "zones.gpkg"
    lp.timeline(*plans, control=days, dataset=toy, zones=path, lang=lang)
    exports = {}
    for day in ("2025-01-01", "2025-01-06"):
        control = days / f"line_{day.replace('-', '')}.geojson"
        arrangement = lp.arrange(plans[1], dataset=toy, control=control)
        exports[day] = arrangement.write(tmp_path / f"{day}.gpkg", lang=lang)
    played, alone = compared(qgis, path, "north", exports, TOYLAND, tmp_path)
    words = catalogue(lang)
    for said in alone.values():
        assert said["legend"] == played["legend"]
        assert said["aliases"].items() <= played["aliases"].items()
        assert said["widgets"].items() <= played["widgets"].items()
        assert played["tip"].startswith(said["tip"].split("<br>")[0])
    assert played["aliases"]["valid_from"] == words.text("column.valid_from")
    assert f"{words.text('column.valid_from')}: 2025-01-01" in played["tip"]


@pytest.mark.realdata
def test_real_days_look_as_their_export(qgis: str, real_data: Path, tmp_path: Path) -> None:
    folder, path = real_data / "deepstate_daily", tmp_path / "zones.gpkg"
    stretch = {"first": "2025-08-01", "last": "2025-08-05"}
    lp.timeline("point21", control=folder, zones=path, has_permission=True, **stretch)
    exports = {}
    for day in stretch.values():
        arrangement = lp.arrange("point21", control=folder, as_of=day)
        exports[day] = arrangement.write(tmp_path / f"{day}.gpkg", has_permission=True)
    box = [37, 48.2, 37.6, 48.6]  # where the line moved
    played, alone = compared(qgis, path, "point21", exports, box, tmp_path)
    assert [said["legend"] for said in alone.values()] == [played["legend"]] * 2
