"""The report as one HTML document: no scripts, nothing fetched, made to print on two pages."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any

from lineplan.briefing.clauses import Clauses, Ground, Quoted, Said, Tongue
from lineplan.briefing.drawing import NARROW_MM, WIDE_MM, Plate, plate, sample, swatch
from lineplan.figures.footnotes import attributions, conditions_said
from lineplan.figures.lines import focus_bounds
from lineplan.figures.panels import lines_of_key, made_said, projection_said
from lineplan.figures.sheet import plain
from lineplan.style import swatch as paint_of

if TYPE_CHECKING:
    from lineplan.facts import Facts
    from lineplan.figures.layout import Captions
    from lineplan.plan import Revocation
    from lineplan.scenery import Focus

_PAGE_MM = (210.0, 297.0)
_SHA_DIGITS = 12


def page_of(facts: Facts, captions: Captions, focus: Focus | None = None) -> str:
    """
    Write the report.

    Parameters
    ----------
    facts
        What is said.
    captions
        Title and what else the newsroom writes.
    focus
        What the map shows, as for `lineplan.figures.write_figure`.
    """
    return _Page(facts, captions, focus).html()


class _Page:
    def __init__(self, facts: Facts, captions: Captions, focus: Focus | None) -> None:
        self.facts, self.captions = facts, captions
        self.words, self.text = facts.words, facts.words.text
        self.plan = facts.arrangement.plan
        self.clauses = Clauses(facts)
        self.said = self.clauses.all()
        self.statuses = facts.statuses()
        self.corners = focus_bounds(facts.arrangement, focus)

    def html(self) -> str:
        wide, narrow = self._plate("map", WIDE_MM), self._plate("map-narrow", NARROW_MM)
        style = self._style()
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; " + (
            "form-action 'none'"
        )
        title = plain(f"{self.captions.title} – {self.facts.force}")
        body = "\n".join(
            part
            for part in (
                self._header(),
                "<main>",
                self._map(wide, narrow),
                self._areas(),
                self._conditions(wide),
                self._clauses(),
                "</main>",
                self._footer(),
            )
            if part
        )
        return (
            f'<!DOCTYPE html>\n<html lang="{self.words.lang}">\n<head>\n<meta charset="utf-8">\n'
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            f'<meta name="description" content="{escape(self._description())}">\n'
            f"<title>{escape(title)}</title>\n"
            f"<style>{style}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
        )

    # What stands above and around the map

    def _header(self) -> str:
        subtitle = self.captions.subtitle
        lines = [
            f'<p class="force">{escape(self.facts.force)}</p>',
            f"<h1>{escape(self.captions.title)}</h1>",
            f'<p class="subtitle">{escape(subtitle)}</p>' if subtitle else "",
            f'<p class="when">{escape(self.facts.when)}</p>',
        ]
        if self.facts.is_stale:
            stale = self.text("map.stale", date=self.facts.line_date, age=self.facts.line_age)
            lines.append(f'<p class="notice">{escape(stale)}</p>')
        return f"<header>{''.join(lines)}</header>"

    def _plate(self, name: str, size_mm: tuple[float, float]) -> Plate:
        title = self.text("map.alt", title=self.captions.title)
        return plate(
            self.facts,
            self.corners,
            size_mm,
            name=name,
            title=title,
            description=self._description(),
        )

    def _description(self) -> str:
        """Everything the map says, for those who do not see it."""
        figures = [f"{s['label']}: {s.get('headline', s['area'])}" for s in self.statuses]
        said = self.text("join.items").join(figures)
        return f"{self.facts.force}. {self.facts.when}. {said}. {self.facts.source_line}"

    def _map(self, wide: Plate, narrow: Plate) -> str:
        key = "".join(
            f"<li>{sample(kind)}{escape(name)}</li>" for kind, name in lines_of_key(self.facts)
        )
        note, byline = self.captions.note, self.captions.byline
        under = [
            f"<p>{escape(note)}</p>" if note else "",
            f"<p>{escape(self.facts.source_line)}</p>",
            f'<p class="byline">{escape(byline)}</p>' if byline else "",
        ]
        return (
            f'<figure class="map">{wide.svg}{narrow.svg}'
            f'<figcaption><ul class="key">{key}</ul><div>{"".join(under)}</div></figcaption>'
            "</figure>"
        )

    # Areas

    def _areas(self) -> str:
        table = self.facts.arrangement.areas()
        figures = {(row["status"], row["held_by"]): row for row in table.to_dict("records")}
        columns = ["field.held_by", "field.area", "field.share_of_units", "field.range"]
        if not self.facts.is_reference:
            columns.insert(0, "report.status")
        heads = [escape(self.text(key)) for key in columns]
        wide = len(heads) - 3  # what stands before the figures
        bodies = "".join(self._of_status(status, figures, heads) for status in self.statuses)
        total = self.words.area(table["area_km2"].sum())
        foot = (
            f'<tr><th scope="row" colspan="{wide}">{escape(self.text("page.total"))}</th>'
            f'<td class="figure"{_named(heads[-3])}>{escape(total)}</td>'
            f'<td class="figure"{_named(heads[-2])}>{escape(self.words.percent(1.0, 2))}</td>'
            '<td class="figure"></td></tr>'
        )
        right = [*[""] * wide, *[' class="figure"'] * 3]
        head = "".join(
            f'<th scope="col"{kind}>{name}</th>' for kind, name in zip(right, heads, strict=True)
        )
        return self._section(
            "areas",
            self.text("compare.areas"),
            f'<table class="areas" aria-labelledby="areas"><thead><tr>{head}</tr></thead>{bodies}'
            f'<tbody class="total">{foot}</tbody></table>',
        )

    def _of_status(self, status: dict[str, Any], figures: Any, heads: Sequence[str]) -> str:
        holders = status["holders"]
        said = f'{swatch(status["paint"])}<span class="label">{escape(status["label"])}</span>'
        if status["named"]:
            said += f'<span class="headline">{escape(status["headline"])}</span>'
            if len(holders) > 1:  # else the range of the one holder says the same
                said += f'<span class="soft">{_beside(*status["range"])}</span>'
        rows = []
        for at, holder in enumerate(holders):
            row = figures[status["status"], holder["held_by"]]
            _, spread = self.facts.range(row["assessed_min_km2"], row["assessed_max_km2"])
            paint = swatch(holder["paint"]) if len(holders) > 1 else ""
            held = f'<td class="held"{_named(heads[1])}>{paint}{escape(holder["label"])}</td>'
            amounts = (holder["area"], self.words.share(row["share_of_units"], 2), spread or "–")
            cells = [
                # The rows of a reference are headed by the holder.
                "" if self.facts.is_reference else held,
                *(
                    f'<td class="figure"{_named(head)}>{escape(value)}</td>'
                    for head, value in zip(heads[-3:], amounts, strict=True)
                ),
            ]
            first = f'<th scope="rowgroup" rowspan="{len(holders)}">{said}</th>' if not at else ""
            rows.append(f"<tr>{first}{''.join(cells)}</tr>")
        return f"<tbody>{''.join(rows)}</tbody>"

    # Clauses

    def _clauses(self) -> str:
        heads = [self.text(f"field.{key}") for key in ("quotation", "reading", "area")]
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
        bodies = [self._clause(said) for said in self.said]
        if (ground := self.clauses.elsewhere()) is not None:
            bodies.append(self._elsewhere(ground))
        note = ""
        if self.plan.note:
            note = f'<p class="soft">{_tongue(self.clauses.own(self.plan.note))}</p>'
        table = (
            f'<table class="clauses" aria-labelledby="clauses"><thead><tr>{head}</tr></thead>'
            f"{''.join(bodies)}</table>"
        )
        undone = "".join(map(self._undone, self.plan.revoked_if))
        return self._section("clauses", self.text("report.clauses"), note + table + undone)

    def _clause(self, said: Said) -> str:
        readings = "".join(f"<li>{_tongue(reading)}</li>" for reading in said.readings)
        sets = self.text("join.items").join(
            self.text("join.set", name=name, value=value) for name, value in said.sets
        )
        terms = [
            f"<p><b>{escape(self.text(key))}:</b> {escape(words)}</p>"
            for key, words in (
                ("report.sets", sets),
                ("short.unspecified", self.text("join.items").join(said.open)),
            )
            if words
        ]
        number = f'<span class="number">{escape(said.number)}</span> ' if said.number else ""
        unnumbered = ""
        if said.name and not said.number:
            unnumbered = f'<span class="soft">({escape(said.name)})</span> '
        nearest = ""
        if not said.name:  # a clause that says what the text is silent on
            nearest = f'<p class="soft">{escape(self.text("compare.nearest"))}:</p>'
        return (
            '<tbody class="clause"><tr><th scope="rowgroup" colspan="3">'
            f"{number}{_tongue(said.subject)} {unnumbered}"
            f'<span class="status">{swatch(said.paint)}{escape(said.status)}</span></th></tr>'
            f"<tr><td>{nearest}{''.join(map(self._quote, said.quotes))}</td>"
            f'<td><ul class="readings">{readings}</ul></td>'
            f'<td rowspan="2">{self._ground(said.ground)}</td></tr>'
            f'<tr><td class="terms" colspan="2">{" ".join(terms)}</td></tr></tbody>'
        )

    def _elsewhere(self, ground: Ground) -> str:
        label = self.words.short_label(self.plan.elsewhere, dataset=self.facts.arrangement.dataset)
        default = self.facts.arrangement.dataset.default_holder
        paint = swatch(paint_of(self.plan.elsewhere, default, default))
        return (
            '<tbody class="clause"><tr><th scope="rowgroup" colspan="2">'
            f"{escape(self.text('report.elsewhere'))} "
            f'<span class="status">{paint}{escape(label)}</span></th>'
            f"<td>{self._ground(ground)}</td></tr></tbody>"
        )

    def _quote(self, quote: Quoted) -> str:
        kind = escape(quote.kind)
        if quote.source:
            kind += f' <a href="#source-{quote.source}">[{quote.source}]</a>'
        differs = ""
        if quote.differs is not None:
            differs = f'<p class="soft">{_tongue(quote.differs)}</p>'
        return (
            f'<blockquote lang="{escape(quote.lang)}">{escape(quote.words)} '
            f'<cite lang="{self.words.lang}">–\N{NO-BREAK SPACE}{kind}</cite></blockquote>{differs}'
        )

    def _ground(self, ground: Ground) -> str:
        lines = [*(ground.holders if len(ground.holders) > 1 else []), *ground.units]
        listed = "".join(
            f"<li><span>{escape(name)}</span> <span>{escape(area)}</span></li>"
            for name, area in lines
        )
        parts = [
            f'<p class="headline">{escape(ground.area)}</p>',
            # Where no clause has a range the table above says so, once a status.
            f'<p class="soft">{_beside(*ground.range)}</p>' if ground.range[1] else "",
            f'<ul class="amounts">{listed}</ul>' if listed else "",
        ]
        if ground.places:
            names = "{names}"
            said = escape(
                self.text(
                    "report.places", number=self.words.number(ground.place_count), names=names
                )
            )
            # The names are markup: those without a name in this language say their own.
            found = self.words.listing("\0" for _ in ground.places)
            shown = escape(found)
            for place in ground.places:
                shown = shown.replace("\0", _tongue(place), 1)
            parts.append(f'<p class="soft">{said.replace(names, shown)}</p>')
        return "".join(parts)

    def _undone(self, event: Revocation) -> str:
        names = {said.id: said.number or said.subject[1] for said in self.said}
        clauses = self.words.listing(
            dict.fromkeys(names[clause] for clause in event.clauses or names)
        )
        head = self.text("report.undone", clauses=clauses, id=event.id)
        quotes = "".join(map(self._quote, self.clauses.quotes(event.text)))
        return f'<div class="undone"><h3>{escape(head)}</h3>{quotes}</div>'

    # What everything depends on

    def _conditions(self, wide: Plate) -> str:
        """Beside the figures, on the same printed page."""
        said = [
            *conditions_said(self.facts, wide.drift),
            projection_said(self.facts, wide.window, _PAGE_MM),
            self._of_places(),
            *self._checksums(),
        ]
        paragraphs = "".join(f"<p>{escape(line)}</p>" for line in said if line)
        return self._section(
            "conditions", self.text("report.conditions"), f'<div class="small">{paragraphs}</div>'
        )

    def _footer(self) -> str:
        parts = []
        if self.plan.source:
            listed = "".join(map(self._source, range(len(self.plan.source))))
            parts.append(
                self._section("sources", self.text("report.sources"), f"<ol>{listed}</ol>")
            )
        layers = "".join(f"<li>{escape(line)}</li>" for line in attributions(self.facts))
        made = f"<p>{escape(made_said(self.facts))}</p>"
        parts.append(self._section("data", self.text("footer.data"), f"<ul>{layers}</ul>{made}"))
        return f'<footer class="small">{"".join(parts)}</footer>'

    def _of_places(self) -> str:
        """By what places are the largest; '' where none are named."""
        if not any(said.ground.places for said in self.said):
            return ""
        name, value = self.text("compare.count"), self.text("field.population_nominal")
        return self.text("join.set", name=name, value=f"{value}.")

    def _checksums(self) -> list[str]:
        """First digits of the checksums of line and units, by which their files are known."""
        said = []
        for key, condition in (
            ("map.line", "line_source_sha256"),
            ("map.unit_boundary", "units_sha256"),
        ):
            if digest := str(self.facts.conditions[condition] or ""):
                name = f"{self.text(key)}, {self.text('column.sha256')}"
                value = f"{digest[:_SHA_DIGITS]}…"
                said.append(self.text("join.set", name=name, value=value))
        return said

    def _source(self, at: int) -> str:
        source = self.plan.source[at]
        lang, name = self.clauses.data(source.name)
        shown = escape(name)
        if source.url.startswith(("https://", "http://")):
            shown = f'<a href="{escape(source.url)}" rel="noreferrer">{shown}</a>'
            shown += f' <span class="host">{escape(_host(source.url))}</span>'
        day = f", {escape(self.words.date(source.date))}" if source.date else ""
        stop = "" if day.endswith(".") else "."
        weight = f" {_tongue(self.clauses.data(source.reliability))}" if source.reliability else ""
        return f'<li id="source-{at + 1}"><span{_lang(lang)}>{shown}</span>{day}{stop}{weight}</li>'

    # Pieces

    def _section(self, name: str, title: str, body: str) -> str:
        return (
            f'<section class="{name}" aria-labelledby="{name}"><h2 id="{name}">{escape(title)}</h2>'
            f"{body}</section>"
        )

    def _style(self) -> str:
        style = (resources.files("lineplan") / "briefing" / "page.css").read_text(encoding="utf-8")
        foot = _css_text(f"{self.facts.force} · {self.facts.when}")
        return style + f"@page {{ @bottom-left {{ content: {foot}; }} }}\n"


def _css_text(words: str) -> str:
    """Words as a string of CSS in which nothing but letters of the alphabet stands for itself."""
    return '"' + re.sub(r"[^A-Za-z]", lambda m: f"\\{ord(m[0]):06x}", plain(words)) + '"'


def _tongue(said: Tongue) -> str:
    """Words that say which language they are in."""
    lang, words = said
    return f"<span{_lang(lang)}>{escape(words)}</span>"


def _lang(lang: str) -> str:
    return f' lang="{escape(lang)}"'


def _named(name: str) -> str:
    return f' data-name="{name}"'


def _beside(name: str, spread: str) -> str:
    """The name of a range and the range, as the language sets them beside each other."""
    apart = "" if name.endswith("：") or not spread else " "
    return f'{escape(name)}{apart}<span class="whole">{escape(spread)}</span>'


def _host(url: str) -> str:
    return url.split("/")[2].removeprefix("www.")
