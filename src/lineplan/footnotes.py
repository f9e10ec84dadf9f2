"""What stands under maps in small print, a sentence each: text, readings, sources, licences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lineplan.dataset import Dataset
    from lineplan.labels import Catalogue
    from lineplan.plan import Plan

_USED = ("units", "control", "assessments", "places", "context")


def texts(plan: Plan, words: Catalogue) -> str:
    """Where the text of a plan is published."""
    sources = []
    for source in plan.source:
        name = words.data(source.name)
        day = words.date(source.date)
        sources.append(words.text("join.dated", name=name, date=day) if source.date else name)
    listed = words.text("join.items").join(sources) or words.name(plan.title)
    return words.text("footer.text", sources=listed)


def readings(plan: Plan, names: Sequence[str], words: Catalogue) -> str:
    """Chosen readings in their own words."""
    said = " ".join(reading_words(plan, name, words) for name in names)
    return words.text("footer.readings" if said else "footer.no_readings", readings=said)


def reading_words(plan: Plan, name: str, words: Catalogue) -> str:
    """A reading in its own words; its name where the plan does not have it."""
    for clause in plan.clause:
        for reading in clause.reading:
            if name == f"{clause.id}={reading.id}":
                said = words.name(reading.text)
                return f"{clause.number}: {said}" if clause.number else said
    return name


def parameters(plan: Plan, values: Mapping[str, object], dataset: Dataset, words: Catalogue) -> str:
    """What each parameter is and what it is set to; '' where there is none."""
    if not values:
        return ""
    said = [parameter_words(plan, dataset, words, *item) for item in values.items()]
    return words.text("footer.parameters", parameters=words.text("join.items").join(said))


def parameter_words(
    plan: Plan, dataset: Dataset, words: Catalogue, name: str, value: object
) -> str:
    """What a parameter is, and what it is set to."""
    parameter = plan.parameters.get(name)
    said = words.data(words.name(parameter.text)).rstrip(".") if parameter else ""
    kind = str(value).replace(" ", "_")
    if f"recognition.{kind}" in words and value != "unspecified":
        shown = words.recognition(kind)
    elif f"value.{kind}" in words or value in {party.id for party in dataset.parties}:
        shown = words.value(str(value), dataset=dataset)
    elif parameter and isinstance(value, (int, float)) and not isinstance(value, bool):
        shown = _measured(float(value), parameter.unit, words)
    else:
        shown = str(value)
    return words.text("join.set", name=said or name, value=shown)


def _measured(value: float, unit: str, words: Catalogue) -> str:
    """A number with the digits it was given, and its unit as this language writes it."""
    digits = len(f"{value:.6f}".rstrip("0").partition(".")[2])
    number = words.number(value, digits)
    key = f"figure.{unit}"
    return words.text(key, number=number) if key in words else f"{number} {unit}".rstrip()


def opinion(plan: Plan, words: Catalogue) -> str:
    """What the map shows, and that it takes no position; a reference is no text of anybody."""
    is_reference = plan.standing == "reference"
    return words.text("footer.opinion_reference" if is_reference else "footer.opinion")


def line(conditions: Mapping[str, Any], date: str, words: Catalogue) -> str:
    """Whose the line of contact is, its day in words, its length and spacing."""

    def km(length: float, digits: int) -> str:
        return words.text("figure.km", number=words.number(length, digits))

    spacing = conditions["line_vertex_spacing_km"]
    return words.text(
        "footer.line",
        source=line_source(conditions, words),
        date=date,
        length=km(conditions["line_length_km"], 0),
        spacing="–" if spacing is None else km(spacing, 1),
    )


def line_source(conditions: Mapping[str, Any], words: Catalogue) -> str:
    """Whose account the line of contact is."""
    said = conditions["line_source_attribution"] or conditions["line_source"]
    return words.data(str(said))


def baseline(conditions: Mapping[str, Any], dataset: Dataset, words: Catalogue) -> str:
    """Whose borders are drawn, and by which resolutions."""
    return of_dataset(dataset, "baseline", words) or str(conditions["legal_baseline"])


def of_dataset(dataset: Dataset, key: str, words: Catalogue) -> str:
    """Return a sentence that the catalogue has for this dataset only, '' for others."""
    key = f"dataset.{dataset.id}.{key}"
    return words.text(key) if key in words else ""


def attributions(
    dataset: Dataset, said: Sequence[Mapping[str, Any]], words: Catalogue, most_sources: int
) -> list[str]:
    """List every layer of a map with its attribution and licence.

    Parameters
    ----------
    dataset
    said
        Conditions of each day.
    words
    most_sources
        Sources of the line that are named one by one, where each day has its own.
    """
    controls = {conditions["line_source_sha256"] for conditions in said}
    units = said[0]["units_source"]
    lines, embedded = [], set()
    for file in dataset.files:
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
        more = ["…"] if len(sources) > most_sources else []
        lines.append(words.text("join.items").join([*sources[:most_sources], *more]))
    if "units" not in embedded:
        lines.append(f"{words.text('map.unit_boundary')}: {units}")
    return lines


def _of_control(conditions: Mapping[str, Any], words: Catalogue) -> str:
    """Whose the line is, and on what terms."""
    title, source = words.text("map.line"), line_source(conditions, words)
    licence = conditions["line_source_licence"]
    if not licence:
        return f"{title}: {source}"
    licence = words.data(str(licence))
    return words.text("footer.layer", title=title, attribution=source, licence=licence)
