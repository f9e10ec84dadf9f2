"""A comparison as one page of HTML: no scripts, nothing fetched, readable in print."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources
from typing import Any

from lineplan.comparison.figures import Comparison
from lineplan.comparison.subjects import Entry, silence_on
from lineplan.comparison.text import change_in_words
from lineplan.dataset import Subject
from lineplan.errors import DatasetError
from lineplan.facts import STALE_DAYS, clause_name
from lineplan.footnotes import parameter_words, reading_words
from lineplan.labels import Catalogue, catalogue
from lineplan.plan import STATUSES, UNSPECIFIED, Plan, Quote
from lineplan.style import PAINTS

MOST_PLACES = 25
_FILES = ("units", "control", "assessments", "places")


def page(comparison: Comparison, lang: str = "en") -> str:
    """One HTML document with every table, the clauses and the places that differ.

    Parameters
    ----------
    comparison : Comparison
    lang : {"en", "uk", "ru", "zh-Hant"}

    Returns
    -------
    str
    """
    return _Page(comparison, catalogue(lang)).html()


class _Page:
    def __init__(self, comparison: Comparison, words: Catalogue) -> None:
        self.comparison = comparison
        self.words = words
        self.text = words.text
        self.dataset = comparison.dataset
        self.said = comparison.conditions
        self.of_plan: dict[str, Any] = {plan["plan_id"]: plan for plan in self.said["plans"]}
        self.titles = {plan.id: words.name(plan.title) for plan in comparison.plans}
        self.day = words.date(comparison.ground.control.as_of)
        self.source = words.data(self.said["line_source"])

    def html(self) -> str:
        title = escape(self.text("compare.title"))
        style = (resources.files("lineplan") / "comparison" / "page.css").read_text(
            encoding="utf-8"
        )
        body = "\n".join(
            [
                f"<header><h1>{title}</h1>",
                f'<p class="lead">{escape(self.text("compare.lead", date=self.day))}</p>',
                f"{self._notice()}</header>",
                "<main>",
                self._texts(),
                self._statuses(),
                self._control(),
                self._recognition(),
                self._forces(),
                self._subjects(),
                self._places(),
                "</main>",
                self._footer(),
            ]
        )
        return (
            f'<!DOCTYPE html>\n<html lang="{self.words.lang}">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f"<title>{title}: {escape(', '.join(self.titles))}</title>\n"
            f"<style>\n{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    # Parts

    def _notice(self) -> str:
        age = self.said["line_age_days"]
        if age is None or age <= STALE_DAYS:
            return ""
        stale = self.text("compare.stale", date=self.day, age=self.words.days(age))
        return f'<p class="notice">{escape(stale)}</p>'

    def _texts(self) -> str:
        named = any(plan.supersedes for plan in self.comparison.plans)
        heads = ["text", "text_date", "force", *(["supersedes"] if named else []), "settings"]
        head = [self.text(f"compare.{name}") for name in heads]
        rows = []
        for plan in self.comparison.plans:
            cells = [
                f'<span class="area">{escape(self.words.date(plan.date))}</span>',
                f'<span class="force">{escape(self._force(plan))}</span>',
                *([escape(", ".join(plan.supersedes))] if named else []),
                self._settings_in_words(plan),
            ]
            name = f"{escape(self.titles[plan.id])} <small>{escape(plan.id)}</small>"
            said = zip(head[1:], cells, strict=True)
            rows.append(
                f'<tr><th scope="row" class="plan">{name}</th>'
                + "".join(f"<td{_named(of)}>{cell}</td>" for of, cell in said)
                + "</tr>"
            )
        return self._section("texts", _table(head, [], rows, "stack"), conditions=False)

    def _statuses(self) -> str:
        table = self.comparison.matrix().set_index("plan_id")
        used = [status for status in STATUSES if table[status].any()]
        total = float(self.comparison.ground.units["area_km2"].sum())
        rows = []
        for plan_id, areas in table.iterrows():
            bar = "".join(
                f'<i style="width:{100 * areas[s] / total:.3f}%;background:{PAINTS[s].fill}"></i>'
                for s in used
                if areas[s] > 0
            )
            ranges = self.of_plan[str(plan_id)]["assessed_range_km2"]
            cells = "".join(self._status_cell(s, areas[s], ranges.get(s)) for s in used)
            rows.append(
                f'<tr><th scope="row" class="plan">{escape(self.titles[str(plan_id)])}'
                f'<span class="bar" aria-hidden="true">{bar}</span></th>{cells}</tr>'
            )
        heads = [
            f'<span class="swatch" style="background:{PAINTS[s].fill}"></span>'
            + escape(self.words.short_label(s, dataset=self.dataset))
            for s in used
        ]
        body = _table([self.text("compare.text")], heads, rows, "stack matrix")
        note = f'<p class="soft">{escape(self.text("compare.range"))}</p>'
        return self._section("status", body + (note if self._has_ranges() else ""))

    def _status_cell(self, status: str, km2: float, known: list[float] | None) -> str:
        if km2 == 0:
            return '<td class="figure nil">–</td>'
        name = _named(self.words.short_label(status, dataset=self.dataset))
        low, high = known or (km2, km2)
        shown = ""
        if round(low) < round(high):
            shown = f"<small>{self.words.number(low)}–{self.words.number(high)}</small>"
        return f'<td class="figure"{name}><span>{self.words.number(km2)}{shown}</span></td>'

    def _has_ranges(self) -> bool:
        return any(plan["assessed_range_km2"] for plan in self.said["plans"])

    def _control(self) -> str:
        keys = ("field.held_by", "field.status", "field.to_be_held_by", "compare.change")
        heads = [self.text(key) for key in keys]
        table = self.comparison.control()
        counted = table["places"].notna().all()
        figures = ["km²", *([escape(self.text("compare.count"))] if counted else [])]

        def cells(row: Mapping[str, Any]) -> list[str]:
            to_be = row["to_be_held_by"]
            change = change_in_words(row["change"], to_be, self.words, self.comparison)
            # Where the text sets no holder the last column says it, and says it once.
            holder = "" if to_be == UNSPECIFIED else self._value(to_be)
            status = self.words.short_label(row["status"], dataset=self.dataset)
            return [self._holder(row), escape(status), holder, escape(change)]

        return self._section("control", self._by_plan(table, heads, figures, cells))

    def _recognition(self) -> str:
        keys = ("held_by", "recognized_as", "recognition", "recognized_by")
        heads = [self.text(f"field.{key}") for key in keys]

        def cells(row: Mapping[str, Any]) -> list[str]:
            if row["said"] != "set":
                return [self._holder(row), escape(self.text(f"short.{row['said']}")), "", ""]
            kind = self.words.recognition(row["recognition"])
            by = self._value(row["recognized_by"])
            return [self._holder(row), self._value(row["recognized_as"]), escape(kind), by]

        table = self.comparison.recognition()
        return self._section("recognition", self._by_plan(table, heads, ["km²"], cells))

    def _forces(self) -> str:
        heads = [self.text("field.held_by"), self.text("field.forces")]

        def cells(row: Mapping[str, Any]) -> list[str]:
            said = self.text(f"short.{row['said']}") if row["said"] != "set" else ""
            said = said or self.words.forces(row["forces"], dataset=self.dataset)
            return [self._holder(row), escape(said)]

        table = self.comparison.forces()
        return self._section("forces", self._by_plan(table, heads, ["km²"], cells))

    def _subjects(self) -> str:
        parts = []
        for row in self.comparison.subjects():
            cards = "".join(
                f'<div class="card"><h4>{escape(self.titles[plan_id])}</h4>'
                + ("".join(map(self._clause, entries)) or self._silence(row.subject))
                + "</div>"
                for plan_id, entries in row.entries.items()
            )
            name = escape(self.words.name(row.subject.name))
            parts.append(f'<h3>{name}</h3><div class="cards">{cards}</div>')
        return self._section("clause", "\n".join(parts))

    def _silence(self, subject: Subject) -> str:
        return f'<p class="none">{escape(self.text(silence_on(subject)))}</p>'

    def _clause(self, entry: Entry) -> str:
        clause = entry.clause
        label = self.words.short_label(
            clause.status, dataset=self.dataset, recognized_as=_party(clause.recognized_as)
        )
        swatch = f'<span class="swatch" style="background:{PAINTS[clause.status].fill}"></span>'
        own = _in(self.words.lang, clause.text)
        quotes = [entry.quote]
        for other in (own, entry.english if own is None else None):
            if other is not None and other.language != entry.quote.language:
                quotes.append(other)
        said = "".join(map(self._quote, quotes))
        if entry.is_silence:
            said = f'<p class="soft">{escape(self.text("compare.nearest"))}:</p>{said}'
        readings = [
            self.words.name(r.text) for r in clause.reading if r.id in entry.readings and r.set
        ]
        chosen = "".join(f'<p class="soft">{escape(words)}</p>' for words in readings)
        name, _ = clause_name(clause, self.words)
        named = f"<strong>{escape(name)}</strong> " if name else ""
        return (
            f'<p class="clause">{swatch}{named}{escape(label)}, '
            f'<span class="area">{escape(self.words.area(entry.area_km2))}</span></p>'
            f"{said}{chosen}"
        )

    def _quote(self, quote: Quote) -> str:
        kind = self.text(f"quote.{quote.kind.replace(' ', '_')}")
        return (
            f'<blockquote lang="{escape(quote.language)}">{escape(quote.quote)} '
            f'<span class="soft" lang="{self.words.lang}">({escape(kind)})</span></blockquote>'
        )

    def _places(self) -> str:
        try:
            table = self.comparison.places()
        except DatasetError:
            return ""
        if table.empty:
            return ""
        column = self.words.name_column
        units = self.comparison.ground.units.set_index("unit_id")[column]
        rows = []
        for place in table.head(MOST_PLACES).to_dict("records"):
            name = place[column] or place["name"]
            unit = units[place["unit_id"]] or place["unit_name"]
            answers = "".join(
                f'<td data-name="{escape(title)}">{self._outcome(place, plan_id)}</td>'
                for plan_id, title in self.titles.items()
            )
            rows.append(
                f'<tr><th scope="row">{escape(str(name))} <span class="soft">{escape(str(unit))}'
                f"</span></th>{answers}</tr>"
            )
        shown, total = (self.words.number(n) for n in (len(rows), len(table)))
        note = self.text("compare.places_shown", shown=shown, total=total)
        head = [self.text("compare.place"), *self.titles.values()]
        body = f'<p class="soft">{escape(note)}</p>{_table(head, [], rows, "stack")}'
        return self._section("places", body)

    def _outcome(self, place: Mapping[str, Any], plan_id: str) -> str:
        status, to_be = place[f"{plan_id}.status"], place[f"{plan_id}.to_be_held_by"]
        label = escape(self.words.short_label(status, dataset=self.dataset))
        if to_be in (UNSPECIFIED, place["held_by"]):
            return label
        passes = change_in_words("passes", to_be, self.words, self.comparison)
        return f"{label}<small>{escape(passes)}</small>"

    def _footer(self) -> str:
        said, text, words = self.said, self.text, self.words
        baseline = f"dataset.{self.dataset.id}.baseline"
        terms = f"dataset.{self.dataset.id}.terms"
        lines = [text(baseline) if baseline in words else str(said["legal_baseline"])]
        lines += [text("compare.opinion"), text("compare.accuracy")]
        moved = text("footer.reassigned", area=words.area(said["reassigned_km2"]))
        lines.append(moved if said["reconciled"] else text("footer.not_reconciled"))
        lines += [text(terms)] if terms in words else []
        used = (said["line_source_sha256"], said["units_sha256"])
        layers = [
            text(
                "footer.layer",
                title=words.data(file.title),
                attribution=words.data(file.attribution),
                licence=words.data(file.licence),
            )
            for file in self.dataset.files
            if file.role in _FILES
            and (file.role not in ("units", "control") or file.sha256 in used)
        ]
        sources = [
            f"{escape(self.titles[plan.id])}: "
            + escape(text("join.items")).join(
                _link(source.name, source.url, words) for source in plan.source
            )
            for plan in self.comparison.plans
            if plan.source
        ]
        made = datetime.date.fromisoformat(said["generated"])
        version = text("footer.version", version=said["lineplan_version"], date=words.date(made))
        listed = "".join(f"<li>{item}</li>" for item in [*sources, *map(escape, layers)])
        return (
            "<footer>"
            + "".join(f"<p>{escape(line)}</p>" for line in lines)
            + f"<h2>{escape(text('footer.data'))}</h2><ul>{listed}</ul>"
            + f"<p>{escape(version)}</p></footer>"
        )

    # Pieces

    def _section(self, name: str, body: str, *, conditions: bool = True) -> str:
        title = escape(self.text(f"compare.{name}"))
        said = f'<p class="conditions">{self._conditions()}</p>' if conditions else ""
        return (
            f'<section aria-labelledby="{name}"><h2 id="{name}">{title}</h2>{said}{body}</section>'
        )

    def _conditions(self) -> str:
        """What a table must not be parted from: line, force and what was chosen."""
        caption = self.text("compare.caption", date=self.day, source=self.source)
        plans: dict[str, list[str]] = {}
        for plan in self.comparison.plans:
            plans.setdefault(self._force(plan), []).append(plan.id)
        force = self.text("join.items").join(
            said if len(plans) == 1 else f"{said}: {', '.join(ids)}" for said, ids in plans.items()
        )
        chosen = [
            f"{plan.id} ({settings})"
            for plan in self.comparison.plans
            if (settings := self._settings(plan)) != self.text("compare.none_chosen")
        ]
        settings = ", ".join(chosen) or self.text("compare.none_chosen")
        return (
            f'{escape(caption)} <span class="force">{escape(force)}.</span> '
            f"{escape(self.text('compare.settings'))}: {escape(settings)}."
        )

    def _force(self, plan: Plan) -> str:
        return self.text(f"standing.{plan.standing}")

    def _settings(self, plan: Plan) -> str:
        values = plan.parameter_values
        chosen = [*plan.chosen_readings]
        chosen += [f"{name} = {value}" for name, value in values.items() if value != UNSPECIFIED]
        return ", ".join(chosen) or self.text("compare.none_chosen")

    def _settings_in_words(self, plan: Plan) -> str:
        """What was chosen in words, each with the key under which the tables name it."""
        values = {name: v for name, v in plan.parameter_values.items() if v != UNSPECIFIED}
        said = [(reading_words(plan, key, self.words), key) for key in plan.chosen_readings]
        said += [
            (parameter_words(plan, self.dataset, self.words, name, value), f"{name} = {value}")
            for name, value in values.items()
        ]
        cells = [f"<p>{escape(text)}<small>{escape(key)}</small></p>" for text, key in said]
        return "".join(cells) or escape(self.text("compare.none_chosen"))

    def _holder(self, row: Mapping[str, Any]) -> str:
        return escape(self.words.holder_short(row["held_by"], dataset=self.dataset))

    def _value(self, value: str) -> str:
        return escape(self.words.value(value, dataset=self.dataset))

    def _by_plan(self, table: Any, heads: list[str], figures: list[str], cells: Any) -> str:
        columns = ["area_km2", "places"][: len(figures)]
        rows = []
        for plan_id, group in table.groupby("plan_id", sort=False):
            span = len(heads) + len(figures)
            title = escape(self.titles[plan_id])
            rows.append(f'<tr><th scope="rowgroup" colspan="{span}">{title}</th></tr>')
            for row in group.to_dict("records"):
                said = "".join(
                    f"<td{'' if not at else _named(head)}>{cell}</td>"
                    for at, (head, cell) in enumerate(zip(heads, cells(row), strict=True))
                )
                numbers = "".join(
                    f'<td class="figure"{_named(name) if at else ""}>'
                    f"{self.words.number(float(row[column]))}</td>"
                    for at, (name, column) in enumerate(zip(figures, columns, strict=True))
                )
                rows.append(f"<tr>{said}{numbers}</tr>")
        return _table(heads, figures, rows, "stack")


def _named(name: str) -> str:
    return f' data-name="{escape(name)}"'


def _party(value: str) -> str:
    return "" if value in (UNSPECIFIED, "as_held") else value


def _in(lang: str, quotes: Iterable[Quote]) -> Quote | None:
    return next((quote for quote in quotes if quote.language == lang), None)


def _link(name: str, url: str, words: Catalogue) -> str:
    said = escape(words.data(name))
    if not url.startswith(("https://", "http://")):
        return said
    return f'<a href="{escape(url)}" rel="noreferrer">{said}</a>'


def _table(heads: list[str], figures: list[str], rows: list[str], style: str = "") -> str:
    """A table of ready rows; `heads` are text, `figures` markup of columns to the right."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    head += "".join(f'<th scope="col" class="figure">{name}</th>' for name in figures)
    kind = f' class="{style}"' if style else ""
    return (
        '<div class="wide" tabindex="0">'
        f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )
