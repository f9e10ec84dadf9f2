"""Every real map is read with the right meaning; the files may be used here but not shipped."""

import datetime as dt
import json
import shlex
import shutil
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from shapely.geometry import shape

import lineplan as lp
from lineplan import geodesy
from lineplan.cli import run

pytestmark = [
    pytest.mark.realdata,
    # A piece of border reconciliation that stays is said; here it is not what is looked at.
    pytest.mark.filterwarnings("ignore::lineplan.errors.LineplanWarning"),
]

NOVEMBER_18 = dt.date(2025, 11, 18)


def by_unit(control: lp.Control) -> pd.Series:
    areas = lp.arrange(control=control).areas(["unit", "held_by"])
    return areas[areas["held_by"] == "ru"].set_index("unit_id")["area_km2"]


def far_off(found: pd.Series, assessed: pd.Series) -> dict[str, tuple[float, float]]:
    """Units that differ from their assessment by more than 1 % and more than 5 km²."""
    both = pd.concat([found.rename("found"), assessed.rename("assessed")], axis=1).fillna(0.0)
    apart = (both["found"] - both["assessed"]).abs()
    wrong = both[(apart > 0.01 * both["assessed"]) & (apart > 5)]
    return {unit: (row["found"], row["assessed"]) for unit, row in wrong.iterrows()}


@pytest.fixture(scope="module")
def assessed(ukraine: lp.Dataset) -> pd.DataFrame:
    table = ukraine.assessments()
    return table.pivot_table(index="unit_id", columns="assessment", values="km2")


@pytest.fixture(scope="module")
def base(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ground held since before 2022, by DeepState's feed: Crimea, Tuzla, part of the Donbas."""
    feed = json.loads((real_data / "other" / "deepstate_full_1754251105.geojson").read_text())
    held = [
        shapely.force_2d(shape(feature["geometry"]))
        for feature in feed["features"]
        if feature["properties"].get("fill") == "#880e4f"
    ]
    assert len(held) == 3
    path = tmp_path_factory.mktemp("base") / "before_2022.geojson"
    gpd.GeoDataFrame(geometry=held, crs=4326).to_file(path)
    return path


def test_a_daily_area(real_data: Path, ukraine: lp.Dataset, assessed: pd.DataFrame) -> None:
    path = real_data / "deepstate_daily" / "deepstatemap_data_20251120.geojson"
    control = lp.read_control(path, ukraine)
    assert control.kind == "deepstate_daily"
    assert control.as_of == dt.date(2025, 11, 20)
    assert geodesy.area_m2(control.claims.geometry).sum() / 1e6 == pytest.approx(115_605, abs=1)
    raw = lp.arrange(control=control, reconcile=False).areas("held_by").set_index("held_by")
    assert raw.loc["ru", "area_km2"] == pytest.approx(113_772, abs=10)
    found = by_unit(control)
    assert found.sum() == pytest.approx(114_711, abs=10)
    assert far_off(found, assessed["deepstate"]) == {}


def test_every_daily_area_is_recognised(real_data: Path, ukraine: lp.Dataset) -> None:
    files = sorted((real_data / "deepstate_daily").glob("*.geojson"))[::25]
    for path in files:
        control = lp.read_control(path, ukraine)
        assert control.kind == "deepstate_daily"
        assert control.as_of is not None
        assert f"{control.as_of:%Y%m%d}" == path.stem[-8:]


def test_liveuamap_on_the_base_of_before_2022(
    real_data: Path, base: Path, ukraine: lp.Dataset, assessed: pd.DataFrame
) -> None:
    path = real_data / "other" / "nzz_2025-11-20.json"
    control = lp.read_control(path, ukraine, base=base)
    assert control.kind == "liveuamap"
    assert control.as_of == dt.date(2025, 11, 19)
    # The published figure of Sumy counts 9.5 km² of what the source calls losses.
    assert far_off(by_unit(control), assessed["nzz"]).keys() == {"UA-59"}
    with_losses = lp.read_control(path, ukraine, base=base, values={"losses": "ru"})
    assert far_off(by_unit(with_losses), assessed["nzz"]) == {}
    alone = by_unit(lp.read_control(path, ukraine))
    assert alone.sum() < 75_000


def test_three_real_maps_side_by_side(
    real_data: Path,
    base: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The command of docs/sources-of-control.md, figure by figure and word by word."""
    other = real_data / "other"
    for path, name in (
        (real_data / "deepstate_daily" / "deepstatemap_data_20251120.geojson", "deepstate.geojson"),
        (other / "nzz_2025-11-20.json", "nzz.json"),
        (other / "mapsite_Control_25_11_18.kml", "mapsite.kml"),
        (base, "before_2022.geojson"),
    ):
        shutil.copy(path, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    docs = (Path(__file__).parents[1] / "docs" / "sources-of-control.md").read_text()
    shown = docs[docs.index("## Several sources") :].split("```console\n")[1].split("```")[0]
    first, rest = shown.split("\n", 1)
    second, printed = rest.split("\n", 1)
    assert run(shlex.split(first.removeprefix("$ lineplan "))) == 0
    capsys.readouterr()
    assert run(shlex.split(second.removeprefix("$ lineplan "))) == 0
    assert capsys.readouterr().out.strip() == printed.strip()


def test_kml_by_style(real_data: Path, ukraine: lp.Dataset, assessed: pd.DataFrame) -> None:
    path = real_data / "other" / "mapsite_Control_25_11_18.kml"
    control = lp.read_control(path, ukraine, as_of=NOVEMBER_18)
    assert control.kind == "kml"
    assert sorted(control.claims["held_by"]) == ["ru", "ua"]
    found = by_unit(control)
    assert far_off(found, assessed["mapsite"]) == {}
    assert found.sum() == pytest.approx(116_656, abs=10)


@pytest.mark.parametrize("how", [{"left": "ua"}, {"seeds": [(38.5, 48.5, "ru")]}], ids=str)
def test_the_front_line_gives_what_the_areas_give(
    how: dict, real_data: Path, ukraine: lp.Dataset, assessed: pd.DataFrame
) -> None:
    path = real_data / "other" / "mapsite_FrontLine_25_11_18.kml"
    control = lp.read_control(path, ukraine, as_of=NOVEMBER_18, **how)
    assert control.kind == "lines"
    assert far_off(by_unit(control), assessed["mapsite"]) == {}


# Number of features and km², by class; recounted by fill and name without this code.
FEEDS = {
    "deepstate_full_1648989208": (
        dt.date(2022, 4, 3),
        {
            "full": (15, 106_788),
            "claimed": (1, 3_534),
            "unknown": (5, 6_096),
            "liberated": (41, 14_032),
        },
        7,
        105_795,
    ),
    "deepstate_full_1754251105": (
        dt.date(2025, 8, 3),
        {
            "full": (17, 114_330),
            "claimed": (12, 140_055),
            "unknown": (23, 1_045),
            "liberated": (56, 41_849),
        },
        392,
        113_490,
    ),
}


@pytest.mark.parametrize("name", FEEDS)
def test_the_full_feed_by_class(name: str, real_data: Path, ukraine: lp.Dataset) -> None:
    day, expected, points, held_km2 = FEEDS[name]
    path = real_data / "other" / f"{name}.geojson"
    control = lp.read_control(path, ukraine)
    assert control.kind == "deepstate_feed"
    assert control.as_of == day
    assert control.control_class == "full"
    assert control.classes is not None
    classes = control.classes.set_index("control_class")
    assert classes["features"].to_dict() == {c: number for c, (number, _) in expected.items()}
    for control_class, (_, km2) in expected.items():
        assert classes.loc[control_class, "km2"] == pytest.approx(km2, abs=1)
    total = len(json.loads(path.read_text())["features"])
    assert classes["features"].sum() + points == total, "nothing is dropped"
    assert any(f"no polygon left out ({points} Point)" in note for note in control.notes)
    assert not any("no rule knows" in note for note in control.notes)
    assert by_unit(control).sum() == pytest.approx(held_km2, abs=10)


@pytest.mark.parametrize("name", FEEDS)
def test_classes_agree_with_the_fills(name: str, real_data: Path, ukraine: lp.Dataset) -> None:
    """The map colours what it names: another way to the same classes, but for two features.

    "Not known exactly, on withdrawal" is drawn as occupied and read as unknown.
    """
    feed = json.loads((real_data / "other" / f"{name}.geojson").read_text())
    fills = pd.Series(
        [f["properties"].get("fill") for f in feed["features"] if f["geometry"]["type"] != "Point"]
    ).value_counts()
    full = fills.reindex(["#a52714", "#000000"]).sum()
    if name == "deepstate_full_1754251105":
        full += fills["#880e4f"]
    liberated = fills.reindex(["#0288d1", "#01579b", "#0f9d58"]).sum()
    control = lp.read_control(real_data / "other" / f"{name}.geojson", ukraine)
    assert control.classes is not None
    classes = control.classes.set_index("control_class")["features"]
    exceptions = 2 if name == "deepstate_full_1648989208" else 0
    assert classes["full"] == full - exceptions
    assert classes["liberated"] == liberated
