"""What stands under the map: text, line, readings, accuracy, sources and licences."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lineplan.webmap.facts import Facts

_DRAWN = ("units", "control", "places", "context")


def statements(facts: Facts) -> list[str]:
    """List the conditions of every figure, and what the map does not say."""
    said, words = facts.conditions, facts.words
    text = words.text
    lines = [_texts(facts), _line(facts)]
    readings = "; ".join(said["readings"])
    key = "footer.readings" if readings else "footer.no_readings"
    lines.append(text(key, readings=readings))
    if said["parameters"]:
        left_open = text("value.unspecified")
        values = "; ".join(
            f"{name} = {left_open if value == 'unspecified' else value}"
            for name, value in said["parameters"].items()
        )
        lines.append(text("footer.parameters", parameters=values))
    lines.append(_of_dataset(facts, "baseline") or said["legal_baseline"])
    lines += [text("footer.opinion"), text("footer.accuracy"), text("footer.rounding")]
    if said["reconciled"]:
        lines.append(text("footer.reassigned", area=words.area(said["reassigned_km2"])))
    else:
        lines.append(text("footer.not_reconciled"))
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
        if file.role in _DRAWN and not foreign:
            embedded.add(file.role)
            lines.append(f"{file.title}. {file.attribution} ({file.licence}).")
    if "control" not in embedded:
        lines.append(f"{facts.words.text('map.line')}: {facts.line_source}")
    if "units" not in embedded:
        lines.append(f"{facts.words.text('map.unit_boundary')}: {units}")
    return lines


def _texts(facts: Facts) -> str:
    plan = facts.arrangement.plan
    sources = [f"{source.name}, {facts.words.date(source.date)}" for source in plan.source]
    return facts.words.text("footer.text", sources="; ".join(sources) or facts.plan_title)


def _line(facts: Facts) -> str:
    spacing = facts.conditions["line_vertex_spacing_km"]
    return facts.words.text(
        "footer.line",
        source=facts.line_source,
        date=facts.line_date,
        length=_km(facts, facts.conditions["line_length_km"], 0),
        spacing="–" if spacing is None else _km(facts, spacing, 1),
    )


def _km(facts: Facts, length: float, digits: int) -> str:
    return f"{facts.words.number(length, digits)} {facts.words.text('unit.km')}"


def _of_dataset(facts: Facts, key: str) -> str:
    """Return a sentence that the catalogue has for this dataset only, '' for others."""
    key = f"dataset.{facts.arrangement.dataset.id}.{key}"
    return facts.words.text(key) if key in facts.words else ""
