/* The map: panes, the base under the ground, the ground itself and its lines. */
const STILL = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
const PANES = ["base", "zones", "others", "veil", "lines", "points", "labels"];
const PLAIN = { interactive: false, smoothFactor: 0, noClip: true };
const byId = (id) => document.getElementById(id);

function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text !== undefined) element.textContent = text;
  return element;
}

function makeMap(element) {
  const limits = L.latLngBounds(JSON.parse(element.dataset.limits));
  const map = L.map(element, {
    attributionControl: false, zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.5,
    wheelPxPerZoomLevel: 120, maxZoom: 10.5, // the data are good to about 1 km
    maxBoundsViscosity: 0.8,
    // Some open ground below, so that the south can stand clear of the source line.
    maxBounds: L.latLngBounds([limits.getSouth() - 1.5, limits.getWest()], limits.getNorthEast()),
    zoomAnimation: !STILL, fadeAnimation: !STILL, markerZoomAnimation: !STILL, inertia: !STILL,
  });
  // Paths exist only once there is a view.
  map.setView(L.latLngBounds(JSON.parse(element.dataset.view)).getCenter(), 6);
  element.setAttribute("role", "group");
  PANES.forEach((name, i) => {
    const pane = map.createPane("lp-" + name);
    pane.style.zIndex = 300 + 10 * i;
    if (name !== "zones" && name !== "others") pane.style.pointerEvents = "none";
  });
  return map;
}

/* Smoothing would simplify two sides of one edge differently and open gaps: there is none. */
const stroke = (lines, pane, style) =>
  L.polyline(lines, Object.assign({ pane: "lp-" + pane, fill: false }, PLAIN, style));
const area = (lines, pane, style) => L.polygon(lines, Object.assign({ pane: "lp-" + pane }, PLAIN, style));

/* Colours are the style sheet's, by class, so that the dark scheme can change them. */
function drawBase(map, data, tiles) {
  const lines = (encoded) => encoded.map((text) => decodeLine(text, data.step));
  if (tiles) {
    L.tileLayer(tiles.url, Object.assign({ pane: "lp-base", crossOrigin: false, referrerPolicy: "no-referrer" },
      tiles.options)).addTo(map);
  } else {
    area(lines(data.land).map((ring) => [ring]), "base", {
      stroke: false, fillOpacity: 1, className: "lp-land" }).addTo(map);
    const [[south, west], [north, east]] = data.limits; // beyond is not sea: nothing is drawn there
    area([[[-85, -180], [85, -180], [85, 180], [-85, 180]],
      [[south, west], [north, west], [north, east], [south, east]]], "base", {
      stroke: false, fillOpacity: 1, className: "lp-beyond" }).addTo(map);
  }
  return {
    neighbours: stroke(lines(data.neighbours), "base", { weight: 1, className: "lp-neighbours" }),
    rivers: stroke(lines(data.rivers), "lines", { weight: 1.1, className: "lp-rivers" }),
  };
}

/* One plan, drawn in one pane: a path for each of its zones. */
class Side {
  constructor(app, pane) {
    this.app = app;
    this.pane = pane;
    this.layers = [];
  }

  clear() {
    this.layers.forEach((layer) => layer.remove());
    this.layers = [];
    this.plan = null;
  }

  show(plan) {
    this.clear();
    this.plan = plan;
    this.groupOf = [undefined].concat(plan.ofFace);
    this.layers = plan.zones.map((zone, i) => this.path(zone, i));
    this.draw(null);
  }

  path(zone, i) {
    const answer = this.plan.answers[zone.answer];
    const layer = L.polygon([], {
      pane: "lp-" + this.pane, className: "lp-zone", smoothFactor: 0, noClip: true,
      stroke: true, opacity: 0, weight: 1, fillColor: "url(#lp-" + answer.paint + ")",
      fillOpacity: this.app.data.tiles ? 0.72 : 1, // tiles show through
    });
    layer.bindTooltip(() => tip(this.app, this.plan, i), { sticky: true, className: "lp-tip", opacity: 1 });
    // What is chosen is told beside the map, or over its foot: not once more on the ground.
    layer.on("click", () => { layer.closeTooltip(); this.app.select(this.plan, i); });
    layer.addTo(this.app.map);
    const path = layer.getElement();
    path.dataset.zone = zone.id;
    path.dataset.status = zone.status;
    path.tabIndex = -1;
    if (zone.clause) { // ground no clause speaks of is reached through the table
      path.setAttribute("role", "button");
      path.addEventListener("focus", () => { if (path.matches(":focus-visible")) this.app.surround(this.plan, i); });
      path.addEventListener("blur", () => this.app.surround());
      path.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation();
        this.app.select(this.plan, i, path);
      });
    }
    return layer;
  }

  /* Draw a state; only zones beside what changed, where that is known. */
  draw(changed) {
    const found = rings(this.app.alive, this.groupOf);
    const touched = changed && new Set(changed.flatMap(({ left, right }) => [this.groupOf[left], this.groupOf[right]]));
    this.layers.forEach((layer, i) => {
      if (!touched || touched.has(i)) layer.setLatLngs(found.get(i) || []);
    });
    this.describe();
  }

  /* What a reader who cannot see the path hears. */
  describe() {
    this.layers.forEach((layer, i) => {
      if (!this.plan.zones[i].clause) return;
      const said = zoneWords(this.app, this.plan, i), of = this.app.other ? [this.app.words.plan(this.plan).title] : [];
      layer.getElement().setAttribute("aria-label", [said.unit, said.label, said.area, ...of].join(", "));
    });
    this.stops();
  }

  /* Zones that are there, and not wholly on the other text's side of the divider, are stops of the Tab key. */
  stops() {
    const { map, other, at } = this.app, cut = other ? at.divider * map.getSize().x : null;
    const x = (lng) => map.latLngToContainerPoint([0, lng]).x;
    const cutAway = (box) => (this.pane === "zones" ? x(box.getWest()) >= cut : x(box.getEast()) <= cut);
    this.layers.forEach((layer, i) => {
      if (!this.plan.zones[i].clause) return;
      const here = this.app.m2(this.plan)[i] > 0 && !(cut !== null && cutAway(layer.getBounds()));
      layer.getElement().setAttribute("tabindex", here ? "0" : "-1");
      layer.getElement().setAttribute("aria-hidden", String(!here));
    });
  }
}

/* Lines that follow from the faces beside an arc. */
class Lines {
  constructor(app) {
    const contact = (style) => stroke([], "lines", style);
    this.app = app;
    this.border = stroke([], "lines", { weight: 2.5, className: "lp-border" });
    this.units = stroke([], "lines", { weight: 0.9, className: "lp-units" });
    this.casing = contact({ weight: 4.2, opacity: 0.85, className: "lp-casing" });
    this.contact = contact({ weight: 2, dashArray: "7 4", lineCap: "butt", className: "lp-contact" });
    this.line = L.layerGroup([this.casing, this.contact]);
    this.moved = area([], "lines", { weight: 1.2, fillOpacity: 0.5, className: "lp-moved" });
  }

  /* Trace what changed anew; everything where that is not known. */
  draw(changed) {
    const { alive, data } = this.app, any = (test) => !changed || changed.some(test);
    const unit = (face) => (face ? data.faces[face - 1][0] : -1);
    const holder = (face) => (face ? data.faces[face - 1][1] : "");
    const inside = (a) => a.left && a.right;
    const isBorder = (a) => !a.left !== !a.right;
    const isUnits = (a) => inside(a) && unit(a.left) !== unit(a.right);
    const isLine = (a) => inside(a) && holder(a.left) !== holder(a.right);
    if (any(isBorder)) this.border.setLatLngs(chains(alive, isBorder));
    if (any(isUnits)) this.units.setLatLngs(chains(alive, isUnits));
    if (any(isLine)) {
      this.traced = chains(alive, isLine);
      this.casing.setLatLngs(this.traced);
      this.contact.setLatLngs(this.traced);
    }
    const moved = [undefined].concat(data.faces.map((face) => (face[2] ? 1 : undefined)));
    if (any((a) => moved[a.left] !== moved[a.right])) this.moved.setLatLngs(rings(alive, moved).get(1) || []);
  }
}

/* Where two plans say the same, and the edge of where they differ. */
class Veil {
  constructor(app) {
    this.app = app;
    this.same = area([], "veil", { stroke: false, fillOpacity: 0.72, className: "lp-veil" });
    this.edge = stroke([], "veil", { weight: 2.2, className: "lp-differ" });
    this.group = L.layerGroup([this.same, this.edge]);
  }

  draw(one, other) {
    const { alive, data } = this.app;
    const differ = data.faces.map((_, i) => differs(one, other, i));
    const same = [undefined].concat(differ.map((d) => (d ? undefined : 1)));
    this.same.setLatLngs(rings(alive, same).get(1) || []);
    const beside = (face) => face > 0 && differ[face - 1];
    this.edge.setLatLngs(chains(alive, (a) => beside(a.left) !== beside(a.right)));
  }
}

/* Whether two plans say different things of a face. */
function differs(one, other, face) {
  const a = one.zones[one.ofFace[face]], b = other.zones[other.ofFace[face]];
  if (!a.clause && !b.clause) return false;
  if (a.status !== b.status) return true;
  if (a.status === "unaffected") return false;
  const [said, told] = [one.answers[a.answer].terms, other.answers[b.answer].terms];
  return said.some((term, i) => term !== told[i]);
}
