"""What stands in small print: text, line, readings, accuracy, sources and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineplan.facts import Facts

_USED = ("units", "control", "assessments", "places", "context")


def statements(facts: Facts, drift: float) -> list[str]:
    """List the texts, and what `conditions_said` lists."""
    return [_texts(facts), *conditions_said(facts, drift)]


def conditions_said(facts: Facts, drift: float) -> list[str]:
    """
    List the conditions of every figure, and what the map does not say.

    Parameters
    ----------
    facts
        What is said.
    drift
        The largest difference between the drawn and the computed area of a zone, as a share.
    """
    said, words = facts.conditions, facts.words
    text = words.text
    lines = [_line(facts)]
    readings = " ".join(_reading(facts, name) for name in said["readings"])
    key = "footer.readings" if readings else "footer.no_readings"
    lines.append(text(key, readings=readings))
    if said["parameters"]:
        values = [_parameter(facts, *item) for item in said["parameters"].items()]
        lines.append(text("footer.parameters", parameters=text("join.items").join(values)))
    lines.append(_of_dataset(facts, "baseline") or said["legal_baseline"])
    lines += [text("footer.opinion"), words.accuracy(drift), text("footer.rounding")]
    if said["reconciled"]:
        lines.append(text("footer.reassigned", area=words.area(said["reassigned_km2"])))
    else:
        lines.append(text("footer.not_reconciled"))
    if said["line_source_permission"]:
        lines.append(text("footer.permission"))
    lines.append(_of_dataset(facts, "terms"))
    if words.overridden:
        lines.append(text("footer.terms", labels=", ".join(words.overridden)))
    return [line for line in lines if line]


def attributions(facts: Facts) -> list[str]:
    """List every layer of the map with its attribution and licence."""
    conditions = facts.conditions
    control, units = conditions["line_source_sha256"], conditions["units_source"]
    lines, embedded = [], set()
    for file in facts.arrangement.dataset.files:
        foreign = (file.role == "control" and file.sha256 != control) or (
            file.role == "units" and file.title != units
        )
        if file.role in _USED and not foreign:
            embedded.add(file.role)
            attribution = facts.words.data(file.attribution)
            lines.append(
                facts.words.text(
                    "footer.layer",
                    title=facts.words.data(file.title),
                    attribution=attribution[:1].upper() + attribution[1:],
                    licence=facts.words.data(file.licence),
                )
            )
    if "control" not in embedded:
        lines.append(_of_control(facts))
    if "units" not in embedded:
        lines.append(f"{facts.words.text('map.unit_boundary')}: {units}")
    return lines


def _of_control(facts: Facts) -> str:
    """Whose the line is, and on what terms."""
    title, licence = facts.words.text("map.line"), facts.conditions["line_source_licence"]
    if not licence:
        return f"{title}: {facts.line_source}"
    return facts.words.text(
        "footer.layer",
        title=title,
        attribution=facts.line_source,
        licence=facts.words.data(str(licence)),
    )


def _texts(facts: Facts) -> str:
    plan = facts.arrangement.plan
    text = facts.words.text
    sources = []
    for source in plan.source:
        name = facts.words.data(source.name)
        day = facts.words.date(source.date)
        sources.append(text("join.dated", name=name, date=day) if source.date else name)
    return text("footer.text", sources=text("join.items").join(sources) or facts.plan_title)


def _line(facts: Facts) -> str:
    spacing = facts.conditions["line_vertex_spacing_km"]
    return facts.words.text(
        "footer.line",
        source=facts.line_source,
        date=facts.line_date,
        length=_km(facts, facts.conditions["line_length_km"], 0),
        spacing="–" if spacing is None else _km(facts, spacing, 1),
    )


def _reading(facts: Facts, name: str) -> str:
    """Say a chosen reading in its own words; its name where the plan does not have it."""
    for clause in facts.arrangement.plan.clause:
        for reading in clause.reading:
            if name == f"{clause.id}={reading.id}":
                said = facts.words.name(reading.text)
                return f"{clause.number}: {said}" if clause.number else said
    return name


def _parameter(facts: Facts, name: str, value: object) -> str:
    """Say what a parameter is and what it is set to."""
    words, dataset = facts.words, facts.arrangement.dataset
    parameter = facts.arrangement.plan.parameters.get(name)
    said = words.data(words.name(parameter.text)).rstrip(".") if parameter else ""
    kind = str(value).replace(" ", "_")
    if f"recognition.{kind}" in words and value != "unspecified":
        shown = words.recognition(kind)
    elif f"value.{kind}" in words or value in {party.id for party in dataset.parties}:
        shown = words.value(str(value), dataset=dataset)
    else:
        shown = str(value)
    return words.text("join.set", name=said or name, value=shown)


def _km(facts: Facts, length: float, digits: int) -> str:
    return facts.words.text("figure.km", number=facts.words.number(length, digits))


def _of_dataset(facts: Facts, key: str) -> str:
    """Return a sentence that the catalogue has for this dataset only, '' for others."""
    key = f"dataset.{facts.arrangement.dataset.id}.{key}"
    return facts.words.text(key) if key in facts.words else ""
