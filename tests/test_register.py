"""The register of all 28 points: complete, short, conditional, and pointing at real things."""

import datetime
import json
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest

DATASET = Path(__file__).resolve().parent.parent / "data" / "ukraine"
LANGUAGES = {"en", "uk", "ru", "zh-Hant"}
SPATIAL = {8, 9, 10, 19, 21, 22, 23, 28}
GEOMETRIES = {"country", "point", "line", "area", "undefined"}
SIMPLIFIED_ONLY = set("乌罗协议国战线约军队发权东卢顿关对会开无条实样过还进")
WORDS_TO_AVOID = re.compile(
    r"\b(cede[sd]?|ceding|gains?|loss(es)?|prizes?|counter-proposals?"
    r"|annex\w*|occup(y|ie[sd]|ying|ation)|liberat\w*)\b",
    re.IGNORECASE,
)
# A proposal is not a fact: each language has its own mark of the conditional.
CONDITIONAL = {"en": r"\bwould\b", "uk": r"\b(б|би)\b", "ru": r"\bбы\b", "zh-Hant": "擬"}


@cache
def register() -> dict[str, Any]:
    return tomllib.loads((DATASET / "plans" / "register.toml").read_text(encoding="utf-8"))


def points() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = register()["point"]
    return found


def spatial_points() -> list[dict[str, Any]]:
    return [point for point in points() if point["spatial"]]


def by_number(point: dict[str, Any]) -> str:
    return f"point {point['number']}"


every_point = pytest.mark.parametrize("point", points(), ids=by_number)
every_spatial_point = pytest.mark.parametrize("point", spatial_points(), ids=by_number)


def test_says_what_it_is() -> None:
    assert register()["id"] == "draft28"
    assert register()["date"] == datetime.date(2025, 11, 20)
    assert register()["in_force"] is False
    assert register()["language"] == "zh-Hant"
    assert set(register()["title"]) == LANGUAGES
    assert all(register()["title"].values())


def test_sources_are_named_once_and_the_reference_text_first() -> None:
    sources = register()["source"]
    ids = [source["id"] for source in sources]
    assert ids[0] == "cna"
    assert len(set(ids)) == len(ids)
    for source in sources:
        assert source["name"]
        assert source["language"]
        assert source["url"].startswith("https://")
    assert sources[0]["language"] == register()["language"]


def test_every_number_from_1_to_28_once_and_in_order() -> None:
    assert [point["number"] for point in points()] == list(range(1, 29))


@every_point
def test_summary_is_one_conditional_sentence_in_each_language(point: dict[str, Any]) -> None:
    summary = point["summary"]
    assert set(summary) == LANGUAGES
    for language, text in summary.items():
        assert re.search(CONDITIONAL[language], text), (language, text)
        end = "。" if language == "zh-Hant" else "."
        assert text.endswith(end), text
        assert f"{end} " not in text, text
        assert text.count("。") <= 1, text


@every_point
def test_english_takes_no_side(point: dict[str, Any]) -> None:
    ours = [point["summary"]["en"], *(point.get(key, "") for key in ("touches", "why", "note"))]
    for text in ours:
        assert not WORDS_TO_AVOID.search(text), text


@pytest.mark.parametrize(
    "word", ["ceded", "gains", "losses", "prize", "counter-proposal", "annexed", "occupied"]
)
def test_the_words_to_avoid_are_recognized(word: str) -> None:
    assert WORDS_TO_AVOID.search(f"The ground {word} there.")
    assert not WORDS_TO_AVOID.search("Measures against the occupant of a lossless precedent.")


@every_point
def test_chinese_is_traditional(point: dict[str, Any]) -> None:
    texts = point["summary"]["zh-Hant"] + point["quote"]
    assert not SIMPLIFIED_ONLY & set(texts)


@every_point
def test_quote_is_short(point: dict[str, Any]) -> None:
    assert 0 < len(point["quote"]) <= 60


def test_the_spatial_points() -> None:
    assert {point["number"] for point in spatial_points()} == SPATIAL


@every_spatial_point
def test_spatial_point_says_what_it_touches(point: dict[str, Any]) -> None:
    assert point["touches"]
    assert point["geometry"] in GEOMETRIES
    assert isinstance(point["mapped"], bool)
    assert point["mapped"] or point.get("why")


@every_point
def test_only_spatial_points_speak_of_ground(point: dict[str, Any]) -> None:
    if not point["spatial"]:
        assert not {"touches", "geometry", "feature", "plan", "mapped", "why"} & set(point)


@every_spatial_point
def test_what_is_mapped_is_a_thing_the_dataset_has(point: dict[str, Any]) -> None:
    if point["mapped"]:
        assert ("feature" in point) != ("plan" in point)
    if "plan" in point:
        assert (DATASET / "plans" / f"{point['plan']}.toml").is_file()
    if "feature" in point:
        assert point["feature"] in feature_ids()


def test_a_note_names_its_source() -> None:
    """What the reference text does not say must be traceable to a source that is listed."""
    (point_28,) = (point for point in points() if point["number"] == 28)
    assert "la_lv" in point_28["note"]
    ids = {source["id"] for source in register()["source"]}
    cited = {word for point in points() for word in re.findall(r"\w+", point.get("note", ""))}
    assert ids - {"cna"} <= cited, "a source that no note cites is not used"


@cache
def feature_ids() -> frozenset[str]:
    """Ids a point may refer to: points of interest, rivers of the context layer, all units."""
    dataset = tomllib.loads((DATASET / "dataset.toml").read_text(encoding="utf-8"))
    of_interest = {place["id"] for place in dataset["point_of_interest"]}
    context = json.loads((DATASET / "context.geojson").read_text(encoding="utf-8"))
    rivers = {
        # "Dnipro (Dnieper)" is known as "dnipro"
        feature["properties"]["name"].split(" (")[0].lower()
        for feature in context["features"]
        if feature["properties"]["layer"] == "river" and feature["properties"].get("name")
    }
    return frozenset({"units"} | of_interest | rivers)


def test_the_plant_and_the_river_are_in_the_dataset() -> None:
    assert {"znpp", "dnipro"} <= feature_ids()
