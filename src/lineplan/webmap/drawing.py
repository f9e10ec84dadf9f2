"""Everything a page says and draws, gathered from a recording."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from lineplan.facts import STALE_DAYS, local_name
from lineplan.footnotes import line_source
from lineplan.labels import Catalogue, spoken, warn_of_unused
from lineplan.plan import TERMS, UNSPECIFIED
from lineplan.scenery import bounds_of, chosen_by
from lineplan.webmap.coverage import STEP_DEG
from lineplan.webmap.folium_map import PlanMap
from lineplan.webmap.footnotes import attributions, no_state, plain_statements, statements
from lineplan.webmap.languages import language
from lineplan.webmap.layers import check_layers, draw
from lineplan.webmap.packing import coverage_of, pack, pack_areas
from lineplan.webmap.page import page_parts, plain_table, plain_text
from lineplan.webmap.texts import (
    DATE_MARK,
    SOURCE_MARK,
    PlanGround,
    holders,
    paint,
    plan_texts,
)
from lineplan.webmap.tiles import tile_provider

if TYPE_CHECKING:
    from lineplan.webmap.recording import Day, Recording

Focus = str | Sequence[float]


@dataclass(frozen=True)
class Look:
    """How a page looks, whatever it shows.

    Attributes
    ----------
    lang : str
        First language: ``en``, ``uk``, ``ru``, ``zh-Hant``, or that of a catalogue file.
    languages : sequence of str, optional
        Languages the reader can switch to; all there are when not given.
    catalogues : sequence of str or Path
        Catalogue files (.po) of further languages.
    focus : str or sequence of float, optional
        First view: a unit by id or name, a status, or (west, south, east, north) in degrees. By
        default the ground that the plan shown speaks of.
    terms : str or Path, optional
        TOML file with labels of a house style; their use is said in the footer.
    title, subtitle, note, byline : str, optional
        Texts of the publisher; the title is by default that of the plan.
    layers : sequence of str, optional
        Context to draw, of `lineplan.webmap.layers.CONTEXT`; all when not given.
    tiles : str, optional
        Name of a provider of map tiles in xyzservices, such as ``OpenStreetMap.Mapnik``. The page
        then asks it for tiles, and says so.
    """

    lang: str = "en"
    languages: Sequence[str] | None = None
    catalogues: Sequence[str | Path] = ()
    focus: Focus | None = None
    terms: str | Path | None = None
    title: str | None = None
    subtitle: str | None = None
    note: str | None = None
    byline: str | None = None
    layers: Sequence[str] | None = None
    tiles: str | None = None


def draw_map(recording: Recording, look: Look) -> PlanMap:
    """
    Draw a recording.

    Raises
    ------
    UsageError
        If a language, the focus, the terms, a layer or the tiles are not known.
    """
    tongues = _spoken(look)
    layers = check_layers(look.layers)
    tiles = None if look.tiles is None else tile_provider(look.tiles)
    grounds = [PlanGround(recording, plan) for plan in recording.plans]
    views = [_focus(recording, ground, None) for ground in grounds]
    view = views[0] if look.focus is None else _focus(recording, grounds[0], look.focus)
    units = recording.units
    data = {
        "step": STEP_DEG,
        "view": view,
        "lang": look.lang,
        "languages": [language(words) for words in tongues],
        "heads": {name: getattr(look, name) or "" for name in _HEADS},
        "stale": STALE_DAYS,
        "units": [
            {
                "id": str(row["unit_id"]),
                "km2": round(float(row["area_km2"]), 6),
                "name": [local_name(row, words) for words in tongues],
            }
            for row in units.drop(columns="geometry").to_dict("records")
        ],
        "faces": _faces(recording),
        "holders": [holders(recording, words) for words in tongues],
        **_days(recording, tongues),
        "plans": [
            {**_plan(ground, tongues), "view": own if look.focus is None else None}
            for ground, own in zip(grounds, views, strict=True)
        ],
        "attributions": [attributions(recording, words) for words in tongues],
        "made": recording.days[-1].conditions["generated"],
        "version": recording.days[-1].conditions["lineplan_version"],
        "layers": list(layers),
        "tiles": None if tiles is None else tiles.data,
        **draw(recording, grounds, tongues, layers),
    }
    words = next(words for words in tongues if words.lang == look.lang)
    heads = _heads(grounds[0], words, look)
    binary = pack(recording.arcs), pack_areas(recording.areas_m2)
    drawn = PlanMap(
        page_parts(words, heads, data, *binary), view, "" if tiles is None else tiles.host
    )
    warn_of_unused(tongues, look.terms)
    drawn.title = heads["title"]
    drawn.plans = tuple(plan.id for plan in recording.plans)
    drawn.notes, drawn.terms = recording.notes, recording.terms
    drawn.skipped = recording.skipped
    return drawn


_HEADS = ("title", "subtitle", "note", "byline")


def _spoken(look: Look) -> list[Catalogue]:
    """Catalogues of the page's languages."""
    wanted = [look.lang, *(look.languages or ())]
    return spoken(wanted, look.catalogues, look.terms, every=not look.languages)


def _faces(recording: Recording) -> list[list[Any]]:
    """Unit, holder and whether border reconciliation moved it, of each face."""
    number = {unit_id: n for n, unit_id in enumerate(recording.units["unit_id"])}
    faces = recording.faces
    keys = zip(faces["unit_id"], faces["held_by"], faces["is_moved"], strict=True)
    return [[number[unit_id], str(held_by), int(moved)] for unit_id, held_by, moved in keys]


def _days(recording: Recording, spoken: Sequence[Catalogue]) -> dict[str, Any]:
    sources: dict[tuple[str, ...], int] = {}
    said = [day.conditions for day in recording.days]
    numbers = [
        sources.setdefault(tuple(line_source(c, words) for words in spoken), len(sources))
        for c in said
    ]

    def digits(key: str) -> list[float | None]:
        # The script rounds for the reader: digits enough that it is done once.
        return [None if c[key] is None else round(float(c[key]), 6) for c in said]

    return {
        "sources": [list(names) for names in sources],
        "days": {
            "dates": [c["line_date"] for c in said],
            "states": [day.state for day in recording.days],
            "sources": numbers,
            "ages": [c["line_age_days"] for c in said],
            "length": digits("line_length_km"),
            "spacing": digits("line_vertex_spacing_km"),
            "moved": digits("reassigned_km2"),
            "none": [no_state(recording, words) for words in spoken],
        },
    }


def _plan(ground: PlanGround, spoken: Sequence[Catalogue]) -> dict[str, Any]:
    number = {unit_id: n for n, unit_id in enumerate(ground.recording.units["unit_id"])}
    return {
        "id": ground.plan.id,
        "statuses": ground.statuses,
        "isReference": ground.plan.standing == "reference",
        "zones": [
            {
                "id": zone["id"],
                "unit": number[zone["unit_id"]],
                "held_by": zone["held_by"],
                "status": zone["status"],
                "clause": zone["clause_id"],
                "answer": zone["answer"],
            }
            for zone in ground.zones
        ],
        "ofFace": ground.zone_of_face,
        "answers": [
            {"paint": paint(ground, answer), "terms": _told(answer)} for answer in ground.answers
        ],
        "ranges": ground.ranges(),
        "texts": [plan_texts(ground, words) for words in spoken],
        "footer": [statements(ground.recording, ground.plan, words) for words in spoken],
    }


def _told(answer: Mapping[str, str]) -> list[str]:
    """What a reader is told of each of `TERMS`; of a recognition that is not set, nothing."""
    told = {term: answer[term] or UNSPECIFIED for term in TERMS}
    if told["recognized_as"] in (UNSPECIFIED, "none"):
        told["recognition"] = told["recognized_by"] = UNSPECIFIED
    return list(told.values())


def _heads(ground: PlanGround, words: Catalogue, look: Look) -> dict[str, str]:
    """What stands on the page before its script runs, and without it."""
    day = ground.recording.days[-1]
    texts = plan_texts(ground, words)
    source = line_source(day.conditions, words)

    def marked(text: str) -> str:
        return text.replace(DATE_MARK, words.date(day.day)).replace(SOURCE_MARK, source)

    names = ground.recording.units.set_index("unit_id")
    face_m2 = ground.recording.areas_m2[day.state]
    rows = []
    for number, zone in enumerate(ground.zones):
        m2 = sum(m2 for face, m2 in face_m2.items() if ground.zone_of_face[face - 1] == number)
        if m2:
            unit = local_name(names.loc[zone["unit_id"]].to_dict(), words)
            held = words.holder_short(zone["held_by"], dataset=ground.recording.dataset)
            label = marked(texts["answers"][zone["answer"]]["label"])
            rows.append([unit, held, label, words.area(m2 / 1e6)])
    return {
        "title": look.title or texts["title"],
        "force": texts["force"],
        "deck": _when(words, day),
        "notice": _stale(words, day),
        # Without scripts an atlas is one text on one day.
        "no_script": words.text("page.no_script", plan=texts["title"], date=words.date(day.day)),
        **{name: getattr(look, name) or "" for name in ("subtitle", "note", "byline")},
        "source": marked(texts["source"]),
        "table": plain_table(words, rows),
        "about": plain_text(
            words.text("footer.heading"),
            plain_statements(ground.recording, ground.plan, words),
            attributions(ground.recording, words),
        ),
    }


def _when(words: Catalogue, day: Day) -> str:
    """Day and age of the line."""
    said = [words.text("map.line_label", date=words.date(day.day))]
    if (age := day.conditions["line_age_days"]) is not None:
        said.append(words.text("figure.age", age=words.days(age)))
    return " · ".join(said)


def _stale(words: Catalogue, day: Day) -> str:
    """That the line is older than it should be; '' where it is not."""
    age = day.conditions["line_age_days"]
    if age is None or age <= STALE_DAYS:
        return ""
    return words.text("map.stale", date=words.date(day.day), age=words.days(age))


def _focus(recording: Recording, ground: PlanGround, focus: Focus | None) -> list[list[float]]:
    """Return the corners of the first view."""
    zones = pd.DataFrame(ground.zones)
    shapes = coverage_of(recording.arcs, recording.days[-1].state)

    def bounds(chosen: pd.Series) -> list[list[float]]:
        numbers = set(zones.index[chosen])
        kept = [s for face, s in shapes.items() if ground.zone_of_face[face - 1] in numbers]
        return bounds_of(gpd.GeoSeries(kept if kept else list(shapes.values())))

    chosen = chosen_by(focus, zones["status"], recording.units)
    if chosen is None:
        return bounds(zones["clause_id"] != "")
    if isinstance(chosen, list):
        return chosen
    column, value = chosen
    return bounds(zones[column] == value)
