/* The map of one arrangement. All text arrives as data and is set as text, never as markup. */
(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("lineplan-data").textContent);
  const words = data.words;
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const byId = (id) => document.getElementById(id);

  function make(tag, className, text) {
    const element = document.createElement(tag);
    if (className) element.className = className;
    if (text !== undefined) element.textContent = text;
    return element;
  }

  // --- geometry: arcs on a grid, stored as steps, five bits a character ----------------------
  function decode(text) {
    const line = [], at = [0, 0];
    let axis = 0, value = 0, shift = 0;
    for (let i = 0; i < text.length; i++) {
      const bits = text.charCodeAt(i) - 63;
      value |= (bits & 31) << shift;
      shift += 5;
      if (bits & 32) continue;
      at[axis] += value & 1 ? ~(value >> 1) : value >> 1;
      if (axis) line.push([at[1] * data.step, at[0] * data.step]);
      axis ^= 1; value = shift = 0;
    }
    return line;
  }
  const arcs = data.arcs.map(decode);
  function join(numbers) {
    let line = [];
    for (const n of numbers) {
      const arc = n >= 0 ? arcs[n] : arcs[~n].slice().reverse();
      line = line.concat(line.length ? arc.slice(1) : arc);
    }
    return line;
  }
  const shape = (polygons) => polygons.map((rings) => rings.map(join));

  // --- the map ----------------------------------------------------------------------------
  const limits = L.latLngBounds(data.limits);
  const map = L.map("map_lineplan", {
    attributionControl: false, zoomControl: false, zoomSnap: 0.25, zoomDelta: 0.5,
    wheelPxPerZoomLevel: 120, maxZoom: 10.5, // the data are good to about 1 km
    maxBoundsViscosity: 0.8,
    // Some open ground below, so that the south can stand clear of the source line.
    maxBounds: L.latLngBounds([limits.getSouth() - 1.5, limits.getWest()], limits.getNorthEast()),
    zoomAnimation: !still, fadeAnimation: !still, markerZoomAnimation: !still, inertia: !still,
  });
  map.setView(L.latLngBounds(data.view).getCenter(), 6); // paths exist only once there is a view
  map.getContainer().setAttribute("role", "group");
  map.getContainer().setAttribute("aria-label", words.alt);
  ["base", "zones", "lines", "points", "labels"].forEach((name, i) => {
    const pane = map.createPane("lp-" + name);
    pane.style.zIndex = 300 + 10 * i;
    if (name !== "zones") pane.style.pointerEvents = "none";
  });
  // Smoothing would simplify two sides of one edge differently and open gaps between zones.
  const plain = { interactive: false, smoothFactor: 0, noClip: true };
  const line = (lines, pane, style) =>
    L.polyline(lines, Object.assign({ pane: "lp-" + pane, fill: false }, plain, style));

  L.polygon(data.land.map((ring) => [decode(ring)]), Object.assign({
    pane: "lp-base", stroke: false, fillColor: "#ece8de", fillOpacity: 1 }, plain)).addTo(map);
  const [south, west, north, east] = data.limits.flat(); // beyond is not sea: nothing is drawn there
  L.polygon([[[-85, -180], [85, -180], [85, 180], [-85, 180]],
    [[south, west], [north, west], [north, east], [south, east]]], Object.assign({
    pane: "lp-base", stroke: false, fillColor: "#f3f1ea", fillOpacity: 1 }, plain)).addTo(map);
  line(data.neighbours.map(decode), "base", { color: "#a39d8e", weight: 1 }).addTo(map);

  const zones = data.zones.map((zone) => {
    const layer = L.polygon(shape(zone.polygons), {
      pane: "lp-zones", className: "lp-zone", smoothFactor: 0, noClip: true,
      stroke: true, opacity: 0, weight: 1, fillColor: "url(#lp-" + zone.paint + ")", fillOpacity: 1,
    });
    layer.bindTooltip(() => tip(zone), { sticky: true, className: "lp-tip", opacity: 1 });
    layer.on("click", () => select(zone));
    zone.layer = layer;
    return layer;
  });
  const zoneGroup = L.layerGroup(zones).addTo(map);

  const strokes = {};
  for (const name in data.lines) strokes[name] = data.lines[name].map(join);
  const layers = {
    zones: zoneGroup,
    rivers: line(data.rivers.map(decode), "lines", { color: "#8fb3c4", weight: 1.1 }),
    units: line(strokes.units, "lines", { color: "#6f6a60", weight: 0.9 }),
    cities: L.layerGroup(), reassigned: L.layerGroup(),
    line: L.layerGroup([
      line(strokes.line, "lines", { color: "#fffefb", weight: 4.2, opacity: 0.85 }),
      line(strokes.line, "lines", {
        color: "#17191b", weight: 2, dashArray: "7 4", lineCap: "butt", className: "lp-contact" }),
    ]),
  };
  // The recognised border is at least as heavy as the line of contact and has no switch.
  const border = line(strokes.border, "lines", {
    color: "#3b3f43", weight: 2.5, className: "lp-border" });
  data.reassigned.forEach((ring) => layers.reassigned.addLayer(L.polygon([decode(ring)], Object.assign({
    pane: "lp-lines", color: "#7a2f6b", weight: 1.2, fillColor: "#7a2f6b", fillOpacity: 0.5 }, plain))));
  data.points.forEach((point) => {
    const group = layers["point" + point.number] = L.layerGroup();
    point.lines.map(decode).forEach((p) => group.addLayer(
      line([p], "points", { color: "#0b6e6e", weight: 4, opacity: 0.75 })));
    point.places.forEach((p) => group.addLayer(L.circleMarker([p.lat, p.lon], Object.assign({
      pane: "lp-points", radius: 7, color: "#fffefb", weight: 2, fillColor: "#0b6e6e", fillOpacity: 1 }, plain))));
  });
  let outline = null;
  const drawn = ["rivers", "units", "line", "reassigned"].concat(data.points.map((p) => "point" + p.number));
  function order() { // drawn from below to above, whatever was switched on last
    drawn.forEach((name) => layers[name].eachLayer
      ? layers[name].eachLayer((l) => l._map && l.bringToFront()) : layers[name]._map && layers[name].bringToFront());
    border.bringToFront();
    if (outline) outline.eachLayer((l) => l.bringToFront());
  }

  // --- labels: by rank, none over another ---------------------------------------------------
  const labels = data.labels.map((label) => {
    const holder = make("div", "lp-label lp-" + label.kind + (label.size ? " " + label.size : ""));
    const text = make("span", "lp-text", label.text);
    holder.append(text);
    const spots = label.at.map((at) => L.latLng(at));
    const marker = L.marker(spots[0], { interactive: false, keyboard: false, pane: "lp-labels",
      icon: L.divIcon({ html: holder, className: "lp-anchor", iconSize: [0, 0] }) });
    return { label, holder, text, spots, marker, group: label.layer };
  });
  // How much of each cell of the screen is line: words stand beside lines, not on them.
  const CELL = 6, CONTACT = 100;
  function inked(size) {
    const columns = Math.ceil(size.x / CELL), cells = new Uint8Array(columns * Math.ceil(size.y / CELL));
    const mark = (lines, weight) => lines.forEach((points) => {
      let before = null;
      for (const at of points) {
        const p = map.latLngToContainerPoint(at);
        const beyond = before && (Math.max(p.x, before.x) < 0 || Math.min(p.x, before.x) > size.x ||
          Math.max(p.y, before.y) < 0 || Math.min(p.y, before.y) > size.y);
        const steps = before && !beyond ? Math.ceil(before.distanceTo(p) / CELL) : 1;
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
    mark(strokes.units, 1);
    mark(strokes.border, 2);
    if (map.hasLayer(layers.line)) mark(strokes.line, CONTACT);
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
  function place() {
    const size = map.getSize(), zoom = map.getZoom(), frame = map.getContainer().getBoundingClientRect();
    const taken = Array.from(document.querySelectorAll(".map .leaflet-control")).map((element) => {
      const box = element.getBoundingClientRect();
      return [box.left - frame.left, box.top - frame.top, box.right - frame.left, box.bottom - frame.top];
    });
    const free = (b) => b[0] > 2 && b[1] > 2 && b[2] < size.x - 2 && b[3] < size.y - 2 &&
      !taken.some((t) => b[0] < t[2] && b[2] > t[0] && b[1] < t[3] && b[3] > t[1]);
    const ink = inked(size);
    for (const item of labels) {
      item.holder.classList.remove("shown");
      if (zoom < item.label.zoom || (item.group && !map.hasLayer(layers[item.group]))) continue;
      const w = item.text.offsetWidth, h = item.text.offsetHeight, kind = item.label.kind;
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
          if (!best || cost < best.cost) best = { cost, box, dot, spot, dx, dy, side: j };
        });
      });
      if (!best) continue;
      taken.push(best.box);
      if (kind === "city" || kind === "point") taken.push(best.dot);
      item.marker.setLatLng(best.spot);
      item.holder.dataset.side = best.side;
      item.text.style.transform = "translate(" + Math.round(best.dx) + "px," + Math.round(best.dy) + "px)";
      item.holder.classList.add("shown");
    }
  }
  labels.forEach((item) => item.marker.addTo(map));

  // --- a zone in words ----------------------------------------------------------------------
  function tip(zone) {
    const box = make("div");
    box.append(make("b", "", zone.unit), make("div", "", zone.label),
      make("span", "", zone.holder), make("span", "", zone.area));
    return box;
  }
  function swatch(paint) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    svg.setAttribute("class", "swatch"); svg.setAttribute("aria-hidden", "true");
    rect.setAttribute("width", "100%"); rect.setAttribute("height", "100%");
    rect.setAttribute("fill", "url(#lp-" + paint + ")");
    svg.append(rect);
    return svg;
  }
  function listing(facts) {
    const list = make("dl");
    facts.forEach(([name, text]) => list.append(make("dt", "", name), make("dd", "", text)));
    return list;
  }
  const details = byId("details"), body = byId("details-body");
  let cameFrom = null, chosen = null;
  function surround(zone) { // cased, so that it is seen on every colour and is not taken for a border
    if (outline) outline.remove();
    outline = zone && L.layerGroup([["#fffefb", 6], ["#17191b", 2.5]].map(([color, weight]) =>
      L.polygon(shape(zone.polygons), Object.assign({ pane: "lp-lines", fill: false, color, weight }, plain)))).addTo(map);
  }
  function select(zone, from) {
    cameFrom = from || null;
    byId("details-title").textContent = zone.unit;
    const label = make("p", "label");
    label.append(swatch(zone.paint), make("span", "", zone.label));
    body.replaceChildren(label, listing(zone.facts));
    const clause = data.clauses[zone.clause];
    if (clause) {
      body.append(make("h3", "", words.clause + " " + zone.clause));
      clause.quotes.forEach((quote) => {
        const block = make("blockquote");
        const text = make("p", "", quote.text);
        text.lang = quote.lang;
        block.append(text, make("footer", "", quote.by));
        body.append(block);
      });
    }
    if (zone.provisions.length) body.append(listing(zone.provisions));
    if (clause && clause.readings.length) {
      const readings = make("ul", "readings");
      clause.readings.forEach((reading) => {
        const item = make("li", "", reading.text);
        item.lang = reading.lang;
        readings.append(item);
      });
      body.append(make("h3", "", words.readings), readings);
    }
    details.hidden = false;
    details.scrollTop = 0;
    details.parentElement.scrollTop = 0;
    chosen = zone;
    surround(zone);
    const covered = map.getContainer().getBoundingClientRect().bottom - details.getBoundingClientRect().top;
    if (getComputedStyle(details).position === "fixed" && covered > 0) { // the sheet of the phone layout
      map.panInside(zone.layer.getBounds().getCenter(), { animate: !still,
        paddingTopLeft: [30, byId("cartouche").offsetHeight + 30], paddingBottomRight: [30, covered + 30] });
    }
    if (from) details.focus({ preventScroll: true });
  }
  function close() {
    details.hidden = true;
    surround(chosen = null);
    if (cameFrom) cameFrom.focus();
    cameFrom = null;
  }
  byId("details-close").addEventListener("click", close);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !details.hidden) close();
  });
  zones.forEach((layer, i) => {
    const zone = data.zones[i], path = layer.getElement();
    path.setAttribute("data-zone", zone.id);
    path.setAttribute("data-status", zone.status);
    path.setAttribute("tabindex", "-1");
    if (!zone.clause) return; // ground no clause speaks of is reached through the table
    path.setAttribute("tabindex", "0");
    path.setAttribute("role", "button");
    path.setAttribute("aria-label", [zone.unit, zone.label, zone.area].join(", "));
    path.addEventListener("focus", () => { if (path.matches(":focus-visible")) surround(zone); });
    path.addEventListener("blur", () => surround(chosen));
    path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      select(zone, path);
    });
  });
  document.querySelectorAll("button[data-row]").forEach((button) => {
    button.addEventListener("click", () => {
      const zone = data.zones[Number(button.dataset.row)];
      document.querySelector(".picture").scrollIntoView({ block: "start" });
      map.fitBounds(zone.layer.getBounds(), { padding: [60, 60], maxZoom: 9, animate: false });
      select(zone, button);
    });
  });

  // --- controls: title and source line belong to the picture ----------------------------------
  function corner(position, id, className) {
    const control = L.control({ position });
    control.onAdd = () => {
      const box = make("div", className);
      box.append(byId(id));
      L.DomEvent.disableClickPropagation(box);
      return box;
    };
    return control.addTo(map);
  }
  corner("topleft", "cartouche", "lp-title");
  corner("bottomleft", "sourceline", "lp-foot");
  L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(map);
  const scale = L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" });
  scale._updateScale = (element, text, ratio) => {
    element.style.width = Math.round(scale.options.maxWidth * ratio) + "px";
    element.textContent = (text.endsWith("km") ? words.km : words.m).replace("{number}", parseFloat(text));
  };
  scale.addTo(map);
  const zoom = L.control.zoom({ position: "topright", zoomInTitle: words.zoomIn, zoomOutTitle: words.zoomOut }).addTo(map);
  const back = make("a", "lp-home");
  back.href = "#"; back.title = words.home; back.setAttribute("role", "button");
  back.setAttribute("aria-label", words.home); back.textContent = "⌂";
  L.DomEvent.disableClickPropagation(back);
  back.addEventListener("click", (event) => { event.preventDefault(); home(); });
  zoom.getContainer().append(back);

  document.querySelectorAll("input[data-layer]").forEach((input) => {
    const toggle = () => {
      const layer = layers[input.dataset.layer];
      if (input.checked) layer.addTo(map); else layer.remove();
      order(); place();
    };
    input.addEventListener("change", toggle);
    toggle();
  });
  border.addTo(map);

  // --- view -----------------------------------------------------------------------------------
  // Whether the title stands on ground that the first view is meant to show.
  function titleCovers() {
    const title = byId("cartouche"), view = L.latLngBounds(data.view);
    const frame = map.getContainer().getBoundingClientRect(), box = title.getBoundingClientRect();
    const right = box.right - frame.left, bottom = box.bottom - frame.top;
    const covers = (at) => {
      const p = map.latLngToContainerPoint(at);
      return view.contains(at) && p.x < right && p.y < bottom;
    };
    return data.zones.some((zone) => zone.clause &&
      zone.layer.getLatLngs().flat(2).some(covers));
  }
  function home() {
    map.invalidateSize({ pan: false });
    const title = byId("cartouche"), foot = byId("sourceline").offsetHeight;
    const narrow = title.offsetWidth > map.getSize().x * 0.75; // the title stands across the whole top
    map.getContainer().style.setProperty("--below-title", title.offsetHeight + "px");
    const after = L.point(narrow ? 14 : 50, foot + 24);
    const below = L.point(14, title.offsetHeight + (narrow ? 14 : 24));
    const beside = L.point(title.offsetWidth + 24, 22);
    map.options.zoomSnap = 0; // the first view uses all the room there is
    map.options.minZoom = 0; // not setMinZoom: its own zoom would outlive the fit
    const zoomOf = (before) => map.getBoundsZoom(data.view, false, before.add(after));
    const fit = (before) => map.fitBounds(data.view,
      { animate: false, paddingTopLeft: before, paddingBottomRight: after });
    fit(narrow ? below : L.point(14, 22));
    if (!narrow && titleCovers()) fit(zoomOf(below) > zoomOf(beside) ? below : beside);
    map.options.minZoom = Math.min(map.getBoundsZoom(limits, true), map.getZoom());
    map.options.zoomSnap = 0.25;
    map.fire("zoomlevelschange");
  }
  let moved = false;
  map.on("zoomstart", () => map.getContainer().classList.add("zooming"));
  map.on("zoomend", () => map.getContainer().classList.remove("zooming"));
  map.on("zoomend moveend resize", place);
  map.on("dragstart", () => { moved = true; });
  map.getContainer().addEventListener("wheel", () => { moved = true; }, { passive: true });
  home(); order(); place();
  if (window.ResizeObserver) {
    new ResizeObserver(() => { if (sheet.contains("on-paper")) return;
      if (moved) map.invalidateSize(); else home(); }).observe(map.getContainer());
  }
  const sheet = document.documentElement.classList; // of paper: laid out before the browser does
  window.addEventListener("beforeprint", () => { sheet.add("on-paper"); home(); place(); });
  window.addEventListener("afterprint", () => { sheet.remove("on-paper"); home(); });
  window.lineplan = { map, layers, select, zones: data.zones };
})();
