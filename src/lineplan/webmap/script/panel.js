/* The map in words: legend with figures, table, a zone with its clause, what stands under the map. */
const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  return element;
}

function swatch(paint) {
  const svg = drawn("svg", { class: "swatch", "aria-hidden": "true" });
  svg.append(drawn("rect", { width: "100%", height: "100%", fill: "url(#lp-" + paint + ")" }));
  return svg;
}

/* A zone in words: everything that is said of it on the day shown. */
function zoneWords(app, plan, i) {
  const { words, day } = app, zone = plan.zones[i], texts = words.plan(plan).answers[zone.answer];
  const km2 = app.m2(plan)[i] / 1e6, range = (app.ranges(plan) || { zones: [] }).zones[i];
  return {
    unit: words.unit(zone.unit), holder: words.holder(zone.held_by), held: words.of(texts.held, day),
    label: words.of(texts.label, day), provisions: texts.provisions, clause: zone.clause,
    paint: plan.answers[zone.answer].paint, km2, area: words.area(km2),
    share: words.percent(km2 / app.data.units[zone.unit].km2),
    range: range ? spread(words, range) : "",
  };
}

function spread(words, [low, high]) {
  const [least, most] = [words.number(low), words.number(high)];
  return words.t("figure.area", { number: least === most ? least : least + "–" + most });
}

/* A figure rounded to three digits, or to what the known assessments support. */
function headline(km2, range) {
  const about = Math.max(range ? range[1] - range[0] : 0, km2 / 100);
  const step = about > 0 ? 10 ** Math.floor(Math.log10(about)) : 1;
  return Math.round(km2 / step) * step;
}

function tip(app, plan, i) {
  const said = zoneWords(app, plan, i), box = make("div");
  box.append(make("b", "", said.unit), make("div", "", said.label),
    make("span", "", said.holder), make("span", "", said.area));
  return box;
}

/* Statuses that are there on the day, in the order of the legend. */
function statuses(app, plan) {
  const m2 = app.m2(plan), found = new Map();
  plan.zones.forEach((zone, i) => {
    if (!m2[i]) return;
    if (!found.has(zone.status)) found.set(zone.status, { status: zone.status, m2: 0, named: false, holders: new Map() });
    const one = found.get(zone.status), paint = plan.answers[zone.answer].paint;
    one.m2 += m2[i];
    one.named = one.named || !!zone.clause;
    const held = one.holders.get(zone.held_by) || { held_by: zone.held_by, paint, m2: 0 };
    held.m2 += m2[i];
    one.holders.set(zone.held_by, held);
  });
  const order = Object.keys(app.data.holders[0]);
  return plan.statuses.filter((status) => found.has(status)).map((status) => {
    const one = found.get(status);
    one.holders = Array.from(one.holders.values()).sort((a, b) => order.indexOf(a.held_by) - order.indexOf(b.held_by));
    one.range = (app.ranges(plan) || { status: {} }).status[status];
    return one;
  });
}

/* The legend in words, for the page and for the picture that is saved: what is said of each paint. */
function legend(app, plan) {
  const { words } = app;
  const holders = (one) => one.holders.map((held) =>
    ({ paint: held.paint, name: words.holder(held.held_by), figure: words.area(held.m2 / 1e6), range: [], holders: [] }));
  // Of a reference nothing would change: what there is to say is who holds what.
  if (plan.isReference) return statuses(app, plan).flatMap(holders);
  return statuses(app, plan).map((one) => {
    const row = { status: one.status, paint: one.holders[0].paint, name: words.plan(plan).status[one.status],
      holders: one.named || one.holders.length > 1 ? holders(one) : [] };
    const km2 = one.m2 / 1e6;
    if (!one.named) return { ...row, minor: true, figure: words.area(km2), range: [] };
    const key = !one.range ? "no_range" : words.number(one.range[0]) === words.number(one.range[1]) ? "same" : "range";
    return { ...row, figure: words.t("figure.about", { area: words.area(headline(km2, one.range)) }),
      range: [words.t("figure." + key)].concat(one.range ? spread(words, one.range) : []) };
  });
}

function figures(app, plan) {
  const list = make("ul");
  for (const { status, paint, name, figure, minor, range, holders } of legend(app, plan)) {
    const item = make("li", "status"), head = make("div", "head"), text = make("div");
    if (status) item.dataset.status = status;
    text.append(make("h3", "", name), make("p", minor ? "figure minor" : "figure", figure));
    if (range.length) {
      const line = make("p", "range", range[0] + " ");
      line.append(...range.slice(1).map((km2) => make("span", "km2", km2)));
      text.append(line);
    }
    head.append(swatch(paint), text);
    item.append(head);
    if (holders.length) {
      const rows = make("ul", "holders");
      for (const held of holders) {
        const row = make("li");
        row.append(swatch(held.paint), make("span", "", held.name), make("span", "km2", held.figure));
        rows.append(row);
      }
      item.append(rows);
    }
    list.append(item);
  }
  return list;
}

function renderFigures(app) {
  const { words } = app, box = byId("figures"), plans = [app.plan].concat(app.other || []);
  box.replaceChildren(make("h2", "", words.t("page.legend")), make("p", "when", app.when()));
  for (const plan of plans) {
    if (plans.length > 1) box.append(make("p", "of", words.plan(plan).title));
    box.append(figures(app, plan));
  }
}

/* What one text makes of ground, and the other, where they differ. */
function renderDiffer(app) {
  const { words, data } = app, box = byId("differ");
  box.hidden = !app.other;
  if (!app.other) return;
  const pairs = new Map();
  data.faces.forEach((_, face) => {
    const m2 = app.ground.areas[app.day.state][face + 1];
    if (!m2 || !differs(app.plan, app.other, face)) return;
    const sides = [app.plan, app.other].map((plan) => [plan, plan.zones[plan.ofFace[face]]]);
    const key = sides.map(([, zone]) => zone.answer).join();
    const pair = pairs.get(key) || { sides, m2: 0 };
    pair.m2 += m2;
    pairs.set(key, pair);
  });
  box.replaceChildren(make("h2", "", words.t("page.differ")));
  if (!pairs.size) box.append(make("p", "", words.t("page.differ_none")));
  const list = make("ul");
  for (const { sides, m2 } of Array.from(pairs.values()).sort((a, b) => b.m2 - a.m2)) {
    const item = make("li");
    const labels = sides.map(([plan, zone]) => words.plan(plan).status[zone.status]);
    const told = sides.map(([plan, zone]) => new Map(words.plan(plan).answers[zone.answer].provisions));
    // Where both are called the same, what is said of the ground is not.
    const apart = (i) => labels[0] !== labels[1] ? [] : Array.from(told[i])
      .filter(([name, text]) => told[1 - i].get(name) !== text).map(([name, value]) => words.t("join.set", { name, value }));
    sides.forEach(([plan, zone], i) => {
      const line = make("p", i ? "to" : "from");
      line.append(swatch(plan.answers[zone.answer].paint),
        make("span", "", [labels[i], ...apart(i)].join(" · ")));
      item.append(line);
    });
    item.append(make("p", "km2", words.area(m2 / 1e6)));
    list.append(item);
  }
  box.append(list);
}

/* Every zone in a real table: what the map shows, for those who cannot see it. */
function renderTable(app) {
  const { words, plan, other } = app, table = make("table"), head = make("tr");
  const columns = ["unit", "held_by", "area", "share_of_unit", "range", "clause"];
  byId("table-title").textContent = byId("skip").textContent = words.t("page.table");
  byId("hint").textContent = words.t("page.table_hint");
  table.append(make("caption", "", words.t("page.shown", { plan: words.plan(plan).title, date: app.when() })));
  const heads = columns.map((key) => [words.t("field." + key), ["area", "share_of_unit", "range"].includes(key)]);
  if (other) heads.push([words.t("page.under", { plan: words.plan(other).title }), false]);
  for (const [text, is_number] of heads) {
    const cell = make("th", is_number ? "n" : "", text);
    cell.scope = "col";
    head.append(cell);
  }
  table.append(make("thead"));
  table.tHead.append(head);
  const m2 = app.m2(plan);
  for (const one of statuses(app, plan)) table.append(tableGroup(app, one, m2, heads.length));
  const foot = make("tfoot"), total = make("tr", "group"), name = make("th", "", words.t("page.total"));
  name.scope = "row"; name.colSpan = 2;
  total.append(name, make("td", "n", words.area(m2.reduce((sum, v) => sum + v, 0) / 1e6)));
  for (let i = 3; i < heads.length; i++) total.append(make("td"));
  foot.append(total);
  table.append(foot);
  byId("rows").replaceChildren(table);
}

function tableGroup(app, one, m2, width) {
  const { words, plan, other } = app, body = make("tbody"), head = make("tr", "group"), name = make("th");
  name.scope = "rowgroup"; name.colSpan = 2;
  name.append(swatch(one.holders[0].paint), document.createTextNode(words.plan(plan).status[one.status]));
  head.append(name, make("td", "n", words.area(one.m2 / 1e6)));
  for (let i = 3; i < width; i++) head.append(make("td"));
  body.append(head);
  plan.zones.forEach((zone, i) => {
    if (zone.status !== one.status || !m2[i]) return;
    const said = zoneWords(app, plan, i), row = make("tr"), unit = make("th"), button = make("button", "", said.unit);
    unit.scope = "row";
    button.type = "button"; button.dataset.row = i; button.title = words.t("field.show");
    button.addEventListener("click", () => app.visit(plan, i, button));
    unit.append(button);
    row.append(unit, make("td", "", said.holder), make("td", "n", said.area), make("td", "n", said.share),
      make("td", "n", said.range || "–"), make("td", "", said.clause && words.plan(plan).clauses[said.clause].name || "–"));
    if (other) row.append(make("td", "", otherWords(app, plan, i)));
    body.append(row);
  });
  return body;
}

/* What the other text makes of a zone, with areas where it makes several things of it. */
function otherWords(app, plan, i) {
  const { words, other } = app, areas = app.ground.areas[app.day.state], parts = new Map();
  plan.ofFace.forEach((zone, face) => {
    if (zone !== i || !areas[face + 1]) return;
    const status = other.zones[other.ofFace[face]].status;
    parts.set(status, (parts.get(status) || 0) + areas[face + 1]);
  });
  const said = Array.from(parts, ([status, m2]) => [words.plan(other).status[status], words.area(m2 / 1e6)]);
  return said.length === 1 ? said[0][0]
    : said.map(([name, value]) => words.t("join.set", { name, value })).join(words.t("join.items"));
}

function listing(facts) {
  const list = make("dl");
  facts.forEach(([name, text]) => list.append(make("dt", "", name), make("dd", "", text)));
  return list;
}

/* Fill the panel with a zone: now, its clause, and what the clause would have. */
function renderDetails(app) {
  const box = byId("details"), { chosen, words } = app;
  byId("details-close").setAttribute("aria-label", words.t("page.close"));
  box.hidden = !chosen;
  if (!chosen) return;
  const { plan, zone } = chosen, said = zoneWords(app, plan, zone), body = byId("details-body");
  byId("details-title").textContent = said.unit;
  const label = make("p", "label");
  label.append(swatch(said.paint), make("span", "", said.label));
  body.replaceChildren(label, listing([
    [words.t("field.held_by"), said.held],
    [words.t("field.area"), words.t("figure.share", { area: said.area, share: said.share })],
    [words.t("field.range"), said.range || words.t("figure.no_range")],
  ]));
  const clause = words.plan(plan).clauses[said.clause];
  if (clause) {
    body.append(make("h3", "", clause.heading));
    clause.quotes.forEach((quote) => {
      const block = make("blockquote"), text = make("p", "", quote.text);
      text.lang = quote.lang;
      block.append(text, make("footer", "", quote.by));
      body.append(block);
    });
  }
  if (said.provisions.length) body.append(listing(said.provisions));
  if (clause && clause.readings.length) {
    const readings = make("ul", "readings");
    clause.readings.forEach((reading) => {
      const item = make("li", "", reading.text);
      item.lang = reading.lang;
      readings.append(item);
    });
    body.append(make("h3", "", words.t("field.reading")), readings);
  }
}

/* Conditions of every figure, sources, licences and what the map does not say: sentences, and files. */
function smallPrint(app) {
  const { words, data, day } = app;
  const km = (length, digits) => words.t("figure.km", { number: words.number(length, digits) });
  const ofDay = {
    line: () => words.t("footer.line", { source: words.source(day), date: words.date(day.date),
      length: km(day.length, 0), spacing: day.spacing === null ? "–" : km(day.spacing, 1) }),
    moved: () => words.t("footer.reassigned", { area: words.area(day.moved) }),
  };
  const statements = (app.other ? [app.plan, app.other] : [app.plan]).flatMap((plan) => plan.footer[words.index]);
  const said = statements.map((one) => (typeof one === "string" ? one : ofDay[one.day]()));
  return { said: Array.from(new Set(said)), files: data.attributions[words.index],
    version: words.t("footer.version", { version: data.version, date: words.date(data.made) }) };
}

const hasAdded = () => "added" in document.documentElement.dataset;

function renderAbout(app) {
  const { words, data } = app, { said, files, version } = smallPrint(app), list = make("ul");
  list.append(...files.map((text) => make("li", "", text)));
  if (data.tiles) said.unshift(words.t("page.tiles", data.tiles));
  if (hasAdded()) said.unshift(words.t("page.added"), words.t("page.added_unsaved"));
  byId("about").replaceChildren(make("h2", "", words.t("footer.heading")), ...said.map((text) => make("p", "", text)),
    make("h3", "", words.t("footer.data")), list, make("p", "", version));
}

/* An address that asked for a text or a day the map does not have; a line older than it should be. */
const asked = ({ at, words, day, plan }) =>
  (at.absent ? [words.t("page.no_plan", { asked: at.absent, plan: words.plan(plan).title })] : []).concat(at.asked ? [words.t("page.nearest_day", { asked: words.date(at.asked), date: words.date(day.date) })] : []);
const stale = ({ data, words, day }) => (day.age !== null && day.age > data.stale
  ? [words.t("map.stale", { date: words.date(day.date), age: words.days(day.age) })] : []);

/* Where each text is from, and then the line that all are laid over, once. */
function sourceLine({ words, day, plan, other }) {
  const parts = [plan].concat(other || []).map((one) => {
    const said = words.plan(one).source, before = said.slice(0, said.indexOf(SOURCE_MARK));
    const cut = Math.max(before.lastIndexOf(". "), before.lastIndexOf("。")) + 1;
    return [said.slice(0, cut), said.slice(cut)];
  });
  const said = parts.map(([text, line], i) => (i + 1 < parts.length && line === parts[i + 1][1] ? text : text + line));
  return words.of(said.join(" "), day);
}

/* Title, notice and source line: what is inside the picture. */
function renderHead(app) {
  const { words, data } = app;
  document.documentElement.lang = words.language.id;
  document.title = app.heading() + " – " + app.both("force");
  byId("heading").textContent = app.heading();
  byId("force").textContent = app.both("force");
  byId("deck").textContent = app.when();
  byId("source").textContent = sourceLine(app);
  for (const name of ["subtitle", "note", "byline"]) {
    byId(name).textContent = data.heads[name];
    byId(name).hidden = !data.heads[name];
  }
  byId("tiles").hidden = !data.tiles; // their provider is named on the map itself
  byId("tiles").textContent = data.tiles ? data.tiles.attribution : "";
  const alt = words.t("map.alt", { title: app.heading() });
  byId("picture").setAttribute("aria-label", alt);
  app.map.getContainer().setAttribute("aria-label", alt);
  byId("panel").setAttribute("aria-label", words.t("page.legend"));
  const said = asked(app).concat(stale(app)), notice = byId("notice");
  notice.hidden = !said.length;
  notice.textContent = said.join(" ");
}
