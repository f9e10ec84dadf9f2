"""What stands under the map: text, line, readings, accuracy, sources and licences."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lineplan.labels import Catalogue
    from lineplan.plan import Plan
    from lineplan.webmap.recording import Recording

_USED = ("units", "control", "assessments", "places", "context")

MOST_SOURCES = 3
"""Sources of the line named one by one, where each day has its own."""
MOST_GAPS = 5
"""Runs of days without a state that are named one by one."""


def statements(recording: Recording, plan: Plan, words: Catalogue) -> list[Any]:
    """
    List the conditions of every figure, and what the map does not say.

    Returns
    -------
    list
        Texts; ``{"day": "line"}`` and ``{"day": "moved"}`` stand for what is said of the day.
    """
    text = words.text
    said = recording.days[0].conditions
    lines: list[Any] = [_texts(plan, words), {"day": "line"}]
    readings = " ".join(_reading(plan, name, words) for name in plan.chosen_readings)
    lines.append(text("footer.readings" if readings else "footer.no_readings", readings=readings))
    if plan.parameter_values:
        values = [_parameter(recording, plan, words, *i) for i in plan.parameter_values.items()]
        lines.append(text("footer.parameters", parameters=text("join.items").join(values)))
    lines.append(baseline(recording, words))
    lines += [text("footer.opinion"), words.accuracy(recording.drift), text("footer.rounding")]
    lines.append({"day": "moved"} if said["reconciled"] else text("footer.not_reconciled"))
    lines.append(_no_state(recording, words))
    if any(day.conditions["line_source_permission"] for day in recording.days):
        lines.append(text("footer.permission"))
    lines.append(_of_dataset(recording, words, "terms"))
    if words.overridden:
        lines.append(text("footer.terms", labels=", ".join(words.overridden)))
    return [line for line in lines if line]


def plain_statements(recording: Recording, plan: Plan, words: Catalogue) -> list[str]:
    """List the same for the last day, for a page whose script does not run."""
    said = recording.days[-1].conditions
    spacing = said["line_vertex_spacing_km"]

    def km(length: float, digits: int) -> str:
        return words.text("figure.km", number=words.number(length, digits))

    of_day = {
        "line": words.text(
            "footer.line",
            source=line_source(said, words),
            date=words.date(recording.days[-1].day),
            length=km(said["line_length_km"], 0),
            spacing="–" if spacing is None else km(spacing, 1),
        ),
        "moved": words.text("footer.reassigned", area=words.area(said["reassigned_km2"])),
    }
    listed = statements(recording, plan, words)
    return [line if isinstance(line, str) else of_day[line["day"]] for line in listed]


def attributions(recording: Recording, words: Catalogue) -> list[str]:
    """List every layer of the map with its attribution and licence."""
    said = [day.conditions for day in recording.days]
    controls = {conditions["line_source_sha256"] for conditions in said}
    units = said[0]["units_source"]
    lines, embedded = [], set()
    for file in recording.dataset.files:
        foreign = (file.role == "control" and file.sha256 not in controls) or (
            file.role == "units" and file.title != units
        )
        if file.role in _USED and not foreign:
            embedded.add(file.role)
            attribution = words.data(file.attribution)
            lines.append(
                words.text(
                    "footer.layer",
                    title=words.data(file.title),
                    attribution=attribution[:1].upper() + attribution[1:],
                    licence=words.data(file.licence),
                )
            )
    if "control" not in embedded:
        sources = list(dict.fromkeys(_of_control(conditions, words) for conditions in said))
        more = ["…"] if len(sources) > MOST_SOURCES else []
        lines.append(words.text("join.items").join([*sources[:MOST_SOURCES], *more]))
    if "units" not in embedded:
        lines.append(f"{words.text('map.unit_boundary')}: {units}")
    return lines


def baseline(recording: Recording, words: Catalogue) -> str:
    """Whose borders are drawn, and by which resolutions."""
    said = str(recording.days[0].conditions["legal_baseline"])
    return _of_dataset(recording, words, "baseline") or said


def line_source(conditions: Mapping[str, Any], words: Catalogue) -> str:
    """Whose account the line of contact is."""
    said = conditions["line_source_attribution"] or conditions["line_source"]
    return words.data(str(said))


def _of_control(said: Mapping[str, Any], words: Catalogue) -> str:
    """Whose the line is, and on what terms."""
    title, source, licence = (
        words.text("map.line"),
        line_source(said, words),
        said["line_source_licence"],
    )
    if not licence:
        return f"{title}: {source}"
    licence = words.data(licence)
    return words.text("footer.layer", title=title, attribution=source, licence=licence)


def _texts(plan: Plan, words: Catalogue) -> str:
    sources = []
    for source in plan.source:
        name = words.data(source.name)
        day = words.date(source.date)
        sources.append(words.text("join.dated", name=name, date=day) if source.date else name)
    listed = words.text("join.items").join(sources) or words.name(plan.title)
    return words.text("footer.text", sources=listed)


def _reading(plan: Plan, name: str, words: Catalogue) -> str:
    """Say a chosen reading in its own words; its name where the plan does not have it."""
    for clause in plan.clause:
        for reading in clause.reading:
            if name == f"{clause.id}={reading.id}":
                said = words.name(reading.text)
                return f"{clause.number}: {said}" if clause.number else said
    return name


def _no_state(recording: Recording, words: Catalogue) -> str:
    """Days that the archive has no state of, or that were left out; '' where there is none."""
    days = sorted(day.day for day in recording.days if day.day is not None)
    one = timedelta(days=1)
    gaps = [(a + one, b - one) for a, b in itertools.pairwise(days) if b - a > one]
    if not gaps:
        return ""
    dates = [words.date(a) if a == b else f"{words.date(a)} – {words.date(b)}" for a, b in gaps]
    more = ["…"] if len(gaps) > MOST_GAPS else []
    return words.text(
        "footer.no_state",
        days=words.days(sum((b - a).days + 1 for a, b in gaps)),
        dates=words.text("join.items").join([*dates[:MOST_GAPS], *more]),
    )


def _parameter(recording: Recording, plan: Plan, words: Catalogue, name: str, value: object) -> str:
    """Say what a parameter is and what it is set to."""
    dataset = recording.dataset
    parameter = plan.parameters.get(name)
    said = words.data(words.name(parameter.text)).rstrip(".") if parameter else ""
    kind = str(value).replace(" ", "_")
    if f"recognition.{kind}" in words and value != "unspecified":
        shown = words.recognition(kind)
    elif f"value.{kind}" in words or value in {party.id for party in dataset.parties}:
        shown = words.value(str(value), dataset=dataset)
    else:
        shown = str(value)
    return words.text("join.set", name=said or name, value=shown)


def _of_dataset(recording: Recording, words: Catalogue, key: str) -> str:
    """Return a sentence that the catalogue has for this dataset only, '' for others."""
    key = f"dataset.{recording.dataset.id}.{key}"
    return words.text(key) if key in words else ""
