/* What is shown, and how it changes. All text arrives as data and is set as text, never as markup. */
class App {
  constructor(map) {
    this.map = map;
    this.playing = 0;
    this.moved = false;
  }

  start(data, arcs, areas) {
    this.data = data;
    this.words = new Words(data);
    this.ground = new Ground(data, arcs, areas);
    this.at = { plan: 0, other: -1, day: data.days.dates.length - 1, divider: null, asked: "", absent: "" };
    const wanted = readAddress(this);
    for (const name of ["plan", "other", "day", "asked", "absent", "divider"]) this.at[name] = wanted[name];
    if (this.at.other === this.at.plan) this.at.other = -1;
    byId("highlight").checked = wanted.highlight;
    this.words.speak(wanted.lang);
    this.alive = this.ground.alive(this.day.state);
    this.build();
    listen(this);
    this.render({ plan: true, day: true, lang: true });
    if (wanted.view) this.view(wanted.view);
    this.labels.place();
    if (asked(this).length) this.announce();
  }

  get plan() { return this.data.plans[this.at.plan]; }
  get other() { return this.data.plans[this.at.other] || null; }

  get day() {
    const { days } = this.data, i = this.at.day;
    return { date: days.dates[i], state: days.states[i], source: days.sources[i], age: days.ages[i],
      length: days.length[i], spacing: days.spacing[i], moved: days.moved[i] };
  }

  heading() {
    return this.data.heads.title || this.both("title");
  }

  /* A text of the plan, or of both that are compared. */
  both(key) {
    const texts = [this.plan].concat(this.other || []).map((plan) => this.words.plan(plan)[key]);
    return Array.from(new Set(texts)).join(" | ");
  }

  /* Day and age of the line, as they stand beside every headline figure. */
  when() {
    const { words, day } = this, tied = (text) => text.replace(/ /g, "\u00a0");
    const said = [words.t("map.line_label", { date: tied(words.date(day.date)) })];
    if (day.age !== null) said.push(tied(words.t("figure.age", { age: words.days(day.age) })));
    return said.join("\u00a0· ");
  }

  /* Square metres of every zone of a plan on the day shown. */
  m2(plan) {
    if (plan.m2For !== this.day.state) {
      plan.m2For = this.day.state;
      plan.m2 = new Array(plan.zones.length).fill(0);
      this.ground.areas[this.day.state].forEach((m2, face) => { if (face) plan.m2[plan.ofFace[face - 1]] += m2; });
    }
    return plan.m2;
  }

  ranges(plan) {
    return plan.ranges[this.day.state] || null;
  }

  build() {
    const { data, map } = this, lines = this.lines = new Lines(this);
    const base = drawBase(map, data, data.tiles);
    this.sides = [new Side(this, "zones"), new Side(this, "others")];
    this.veil = new Veil(this);
    this.layers = { line: lines.line, units: lines.units, rivers: base.rivers, neighbours: base.neighbours,
      cities: L.layerGroup(), reassigned: L.layerGroup([lines.moved]) };
    data.points.forEach((point) => { this.layers["point" + point.number] = pointLayer(point, data.step); });
    // The recognised border is at least as heavy as the line of contact and has no switch.
    lines.border.addTo(map);
    this.shown = new Set(["line"].concat(data.layers.filter((name) => this.layers[name] && name !== "reassigned")));
    this.shown.forEach((name) => this.layers[name].addTo(map));
    this.labels = new Labels(this);
    addFurniture(this);
    this.missing = daysMissing(data.days.dates);
    drawGaps(this);
  }

  view([lat, lon, zoom]) {
    this.moved = true;
    this.map.setView([lat, lon], zoom, { animate: false });
  }

  /* Change what is shown: plan, other, day, lang, view, divider, highlight. */
  go(wanted) {
    const { at, data } = this, before = { ...at }, lang = this.words.language.id;
    if ("day" in wanted) {
      at.day = Math.min(Math.max(wanted.day, 0), data.days.dates.length - 1);
      at.asked = wanted.asked || "";
    }
    if ("divider" in wanted) at.divider = wanted.divider;
    if ("highlight" in wanted) byId("highlight").checked = wanted.highlight;
    if ("other" in wanted) at.other = wanted.other;
    if ("plan" in wanted) at.plan = wanted.plan;
    if ("plan" in wanted || "other" in wanted) at.absent = wanted.absent || "";
    if (at.other === at.plan) at.other = !("other" in wanted) && before.plan !== at.plan && before.other === at.plan ? before.plan : -1;
    if (wanted.lang) this.words.speak(wanted.lang);
    const changed = { plan: at.plan !== before.plan || at.other !== before.other, day: at.day !== before.day,
      lang: this.words.language.id !== lang };
    if ("view" in wanted) this.moved = !!wanted.view; // before the titles ask for another frame
    if (wanted.view === null) this.frame = null; // of an address that leaves the view to the page
    this.render(changed, data.days.states[before.day], !!wanted.view);
    if (wanted.view) this.view(wanted.view);
    if (!this.frame) this.reframe();
    if (changed.lang) byId("live").textContent = ""; // it was said in another language
    if ((changed.plan || changed.day || changed.lang || asked(this).length) && !this.playing) this.announce();
  }

  render(changed, before, isPlaced) {
    const { day, plan, other, lines, sides } = this;
    if (changed.day) {
      // Lives that began or ended; null where everything is new.
      const moves = before === undefined ? null : this.ground.changed(before, day.state);
      this.alive = this.ground.alive(day.state);
      lines.draw(moves);
      this.labels.follow(lines.traced);
      if (moves) sides.forEach((side) => side.plan && side.draw(moves));
    }
    if (changed.plan || before === undefined) {
      sides[0].show(plan);
      if (other) sides[1].show(other); else sides[1].clear();
    } else if (changed.lang) {
      sides.forEach((side) => side.plan && side.describe());
    }
    this.compare();
    if (changed.plan) this.keepChosen();
    this.surround();
    this.order();
    renderHead(this); renderTime(this);
    this.labels.speak();
    if (changed.lang || changed.plan) {
      renderPlans(this); renderSaving(this); renderKey(this); renderLanguages(this); renderFurniture(this);
      if (changed.plan && !isPlaced && !stillFits(this)) {
        this.moved = false;
        this.frame = null;
      }
      this.reframe();
    }
    this.labels.place();
    dateKey(this); renderFigures(this); renderDiffer(this); renderDetails(this);
    // What stands below the map follows in a task of its own: a day must not wait for it.
    clearTimeout(this.below);
    const below = () => { renderTable(this); renderAbout(this); if (before !== undefined) writeAddress(this); };
    if (changed.plan || changed.lang) below(); else this.below = setTimeout(below, 0);
  }

  /* Titles of another length leave the map another frame. */
  reframe() {
    if (!this.moved) home(this);
  }

  compare() {
    const { map, other, veil } = this, on = other && byId("highlight").checked;
    byId("picture").classList.toggle("comparing", !!other);
    if (on) { veil.draw(this.plan, other); veil.group.addTo(map); } else veil.group.remove();
    if (other && this.at.divider === null) this.at.divider = middle(this);
    clip(this);
    this.stops();
  }

  stops() {
    if (this.other) this.sides.forEach((side) => side.stops());
  }

  toggle(layer, on) {
    if (on) this.shown.add(layer); else this.shown.delete(layer);
    if (on) this.layers[layer].addTo(this.map); else this.layers[layer].remove();
    this.order();
    this.labels.place();
  }

  order() { // drawn from below to above, whatever was switched on last
    const { layers, lines, map, data } = this;
    const points = data.points.map((point) => "point" + point.number);
    for (const name of ["rivers", "units", "reassigned", "line", ...points]) {
      const layer = layers[name];
      if (layer && map.hasLayer(layer)) (layer.getLayers ? layer.getLayers() : [layer]).forEach((l) => l.bringToFront());
    }
    lines.border.bringToFront();
    if (this.outline) this.outline.eachLayer((l) => l.bringToFront());
  }

  /* Outline a zone, cased, so that it is seen on every colour and is not taken for a border. */
  surround(plan, zone) {
    if (this.outline) this.outline.remove();
    this.outline = null;
    if (!plan && this.chosen) ({ plan, zone } = this.chosen);
    if (!plan) return;
    const found = rings(this.alive, [undefined].concat(plan.ofFace)).get(zone) || [];
    this.outline = L.layerGroup([["lp-casing", 6], ["lp-chosen", 2.5]].map(([className, weight]) =>
      area(found, "lines", { fill: false, weight, className }))).addTo(this.map);
  }

  select(plan, zone, from) {
    this.cameFrom = from || null;
    this.chosen = { plan, zone };
    renderDetails(this);
    const box = byId("details");
    box.scrollTop = box.parentElement.scrollTop = 0;
    this.surround();
    this.bringIntoSight(box);
    if (from) box.focus({ preventScroll: true });
  }

  /* In the phone layout the panel covers the foot of the map: what was chosen stays in sight. */
  bringIntoSight(box) {
    if (getComputedStyle(box).position !== "fixed") return;
    (covered().apart ? this.map.getContainer() : byId("picture")).scrollIntoView({ block: "start" });
    const under = this.map.getContainer().getBoundingClientRect().bottom - box.getBoundingClientRect().top;
    if (under <= 0) return;
    this.map.panInside(this.bounds(this.chosen).getCenter(), { animate: !STILL,
      paddingTopLeft: [30, covered().height + 30], paddingBottomRight: [30, under + 30] });
  }

  bounds({ plan, zone }) {
    return this.sides.find((side) => side.plan === plan).layers[zone].getBounds();
  }

  visit(plan, zone, from) {
    (covered().apart ? this.map.getContainer() : byId("picture")).scrollIntoView({ block: "start" });
    this.moved = true;
    this.map.fitBounds(this.bounds({ plan, zone }), { padding: [60, 60], maxZoom: 9, animate: false });
    this.select(plan, zone, from);
  }

  close() {
    this.chosen = null;
    renderDetails(this);
    this.surround();
    if (this.cameFrom && this.cameFrom.isConnected) this.cameFrom.focus();
    this.cameFrom = null;
  }

  /* Another plan: the same ground of the same holder stays chosen. */
  keepChosen() {
    if (!this.chosen || this.sides.some((side) => side.plan === this.chosen.plan)) return;
    const { unit, held_by } = this.chosen.plan.zones[this.chosen.zone], m2 = this.m2(this.plan);
    const same = this.plan.zones.findIndex((zone, i) => zone.unit === unit && zone.held_by === held_by && m2[i]);
    this.chosen = same < 0 ? null : { plan: this.plan, zone: same };
  }

  /* Say what is shown to those who cannot see it change, once it stands still. */
  announce() {
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      const shown = this.words.t("page.shown", { plan: this.words.plan(this.plan).title, date: this.when() });
      byId("live").textContent = asked(this).concat(shown).join(" ");
    }, 400);
  }
}

function pointLayer(point, step) {
  const group = L.layerGroup();
  point.lines.forEach((text) => group.addLayer(
    stroke([decodeLine(text, step)], "points", { weight: 4, opacity: 0.75, className: "lp-course" })));
  point.places.forEach((p) => group.addLayer(L.circleMarker([p.lat, p.lon], Object.assign({
    pane: "lp-points", radius: 7, weight: 2, fillOpacity: 1, className: "lp-site" }, PLAIN))));
  return group;
}

const app = new App(makeMap(byId("map_lineplan")));
window.lineplan = { map: app.map, app, given: window.lineplan };
app.start(lineplan.given.data, lineplan.given.arcs, lineplan.given.areas);
delete lineplan.given;
