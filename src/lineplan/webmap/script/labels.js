/* Labels on the map: by rank, none over another, beside lines and not on them. */
const CELL = 6, CONTACT = 100;
const SPREAD = [0.5, 0.4, 0.6, 0.3, 0.7, 0.2, 0.8, 0.1, 0.9, 0.45, 0.55, 0.35, 0.65, 0.25, 0.75];

class Labels {
  constructor(app) {
    this.app = app;
    const line = { kind: "line", layer: "line", zoom: 0, rank: 1.5, at: [] };
    const sites = app.data.points.flatMap((point) => point.places.map((site) => ({
      kind: "point", layer: "point" + point.number, zoom: 0, rank: 0, at: [[site.lat, site.lon]], text: site.name })));
    const given = app.data.labels.map((label) =>
      Object.assign({ layer: label.kind === "city" ? "cities" : "units" }, label));
    this.items = [line, ...sites, ...given].map((label) => this.item(label));
  }

  item(label) {
    const holder = make("div"), text = make("span", "lp-text");
    holder.append(text);
    const spots = label.at.map((at) => L.latLng(at));
    const marker = L.marker(spots[0] || [0, 0], { interactive: false, keyboard: false, pane: "lp-labels",
      icon: L.divIcon({ html: holder, className: "lp-anchor", iconSize: [0, 0] }) });
    marker.addTo(this.app.map);
    return { label, holder, text, spots, marker, rank: label.rank, zoom: label.zoom };
  }

  /* Texts, ranks and sizes that hang on language, plan and day. */
  speak() {
    const { words, data, at } = this.app, plan = data.plans[at.plan];
    const named = new Set(plan.zones.filter((zone) => zone.clause).map((zone) => zone.unit));
    for (const item of this.items) {
      const { label } = item;
      const before = item.text.textContent + item.holder.className;
      let size = label.size || "";
      if (label.kind === "unit") {
        const is = named.has(label.unit);
        size = is ? "named" : "";
        item.rank = is ? 2 : 4;
        item.zoom = label.small ? 8.5 : is ? 5.5 : 6.75;
        item.text.textContent = words.unit(label.unit);
      } else if (label.kind === "line") {
        item.text.textContent = words.t("map.line_label", { date: words.date(this.app.day.date).replace(/ /g, "\u00a0") });
      } else {
        item.text.textContent = label.text[words.index];
      }
      const shown = item.holder.classList.contains("shown") ? " shown" : "";
      item.holder.className = "lp-label lp-" + label.kind + (size ? " " + size : "") + shown;
      if (before !== item.text.textContent + item.holder.className) item.width = 0; // measured when it is placed
    }
    this.items.sort((a, b) => a.rank - b.rank);
  }

  /* Where the name of the line can stand: along its longest piece, from the middle outwards. */
  follow(lines) {
    const length = (points) => points.slice(1).reduce((sum, p, i) => sum + span(p, points[i]), 0);
    const item = this.items.find(({ label }) => label.kind === "line");
    const longest = lines.map((points) => [length(points), points]).sort((a, b) => b[0] - a[0])[0];
    item.spots = longest ? SPREAD.map((share) => along(longest[1], share * longest[0])) : [];
  }

  place() {
    const { map, layers } = this.app, size = map.getSize(), zoom = map.getZoom();
    const frame = map.getContainer().getBoundingClientRect();
    const taken = Array.from(map.getContainer().querySelectorAll(".leaflet-control")).map((element) => {
      const box = element.getBoundingClientRect();
      return [box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top];
    });
    if (this.app.other) { // names are not cut by the divider
      const box = this.app.divider.getBoundingClientRect();
      taken.push([box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top]);
    }
    const free = (b) => b[0] > 2 && b[1] > 2 && b[2] < size.x - 2 && b[3] < size.y - 2 &&
      !taken.some((t) => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1]);
    const ink = inked(this.app, size);
    const shown = this.items.filter((item) => zoom >= item.zoom && item.text.textContent &&
      (item.label.layer === "units" || map.hasLayer(layers[item.label.layer])));
    // All sizes are read before anything is moved, so that the page is laid out once.
    for (const item of shown) if (!item.width) [item.width, item.height] = [item.text.offsetWidth, item.text.offsetHeight];
    const placed = new Map();
    for (const item of shown) {
      const best = bestSpot(item, map, free, ink);
      if (!best) continue;
      taken.push(best.box);
      if (item.label.kind === "city" || item.label.kind === "point") taken.push(best.dot);
      placed.set(item, best);
    }
    for (const item of this.items) {
      const best = item.placed = placed.get(item);
      item.holder.classList.toggle("shown", !!best);
      if (!best) continue;
      item.marker.setLatLng(best.spot);
      item.holder.dataset.side = best.side;
      item.text.style.transform = "translate(" + Math.round(best.dx) + "px," + Math.round(best.dy) + "px)";
    }
  }
}

function bestSpot(item, map, free, ink) {
  const w = item.width, h = item.height, kind = item.label.kind;
  const gap = kind === "line" ? 15 : kind === "point" ? 11 : 7;
  const offsets = kind === "unit" ? [[-w / 2, -h / 2]]
    : [[gap, -h / 2], [-w - gap, -h / 2], [-w / 2, -h - gap + 2], [-w / 2, gap - 2]];
  let best = null;
  item.spots.forEach((spot, i) => {
    const p = map.latLngToContainerPoint(spot), dot = [p.x - 4, p.y - 4, p.x + 4, p.y + 4];
    if ((kind === "city" || kind === "point") && !free(dot)) return;
    offsets.forEach(([dx, dy], j) => {
      const box = [p.x + dx - 2, p.y + dy - 1, p.x + dx + w + 2, p.y + dy + h + 1];
      if (!free(box)) return;
      const covered = ink(box), cost = 3 * covered + (kind === "line" ? i + 2 * j : 10 * (i + j));
      // The line's own name and those of regions stand clear of the line.
      if ((kind === "line" || kind === "unit") && covered >= CONTACT) return;
      if (!best || cost < best.cost) best = { cost, box, dot, spot, p, dx, dy, side: j };
    });
  });
  return best;
}

/* How much of each cell of the screen is line. */
function inked(app, size) {
  const { map, lines } = app, origin = map.containerPointToLayerPoint([0, 0]);
  const columns = Math.ceil(size.x / CELL), cells = new Uint8Array(columns * Math.ceil(size.y / CELL));
  // Leaflet has projected these points when it drew them.
  const mark = (layer, weight) => map.hasLayer(layer) && layer._rings.forEach((points) => {
    let before = null;
    for (const at of points) {
      const p = at.subtract(origin);
      const beyond = before && (Math.max(p.x, before.x) < 0 || Math.min(p.x, before.x) > size.x ||
        Math.max(p.y, before.y) < 0 || Math.min(p.y, before.y) > size.y);
      const steps = before && !beyond ? Math.max(1, Math.ceil(before.distanceTo(p) / CELL)) : 1;
      for (let i = 1; i <= steps; i++) {
        const x = before ? before.x + (p.x - before.x) * i / steps : p.x;
        const y = before ? before.y + (p.y - before.y) * i / steps : p.y;
        if (x < 0 || y < 0 || x >= size.x || y >= size.y) continue;
        const cell = Math.floor(y / CELL) * columns + Math.floor(x / CELL);
        cells[cell] = Math.max(cells[cell], weight);
      }
      before = p;
    }
  });
  mark(lines.units, 1);
  mark(lines.border, 2);
  mark(lines.contact, CONTACT);
  return (box) => {
    let sum = 0;
    for (let y = Math.max(0, Math.floor(box[1] / CELL)); y * CELL < Math.min(box[3], size.y); y++) {
      for (let x = Math.max(0, Math.floor(box[0] / CELL)); x * CELL < Math.min(box[2], size.x); x++) {
        sum += cells[y * columns + x];
      }
    }
    return sum;
  };
}

const span = (p, q) => Math.hypot(p.lat - q.lat, p.lng - q.lng);

function along(points, distance) {
  for (let i = 1; i < points.length; i++) {
    const step = span(points[i], points[i - 1]);
    if (distance <= step) {
      const part = step ? distance / step : 0, [p, q] = [points[i - 1], points[i]];
      return L.latLng(p.lat + part * (q.lat - p.lat), p.lng + part * (q.lng - p.lng));
    }
    distance -= step;
  }
  return points[points.length - 1];
}
