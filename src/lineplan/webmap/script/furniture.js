/* What stands on the map: title, source line, scale bar, zoom, locator, the divider of two texts. */

function addFurniture(app) {
  const { map } = app;
  app.corners = [corner(map, "topleft", byId("cartouche"), "lp-title"), corner(map, "bottomleft", byId("sourceline"), "lp-foot")];
  L.control.attribution({ prefix: false, position: "bottomleft" }).addTo(map);
  const scale = L.control.scale({ imperial: false, maxWidth: 140, position: "bottomleft" });
  scale._updateScale = (element, text, ratio) => {
    element.style.width = Math.round(scale.options.maxWidth * ratio) + "px";
    const key = text.endsWith("km") ? "figure.km" : "figure.m";
    element.textContent = app.words.t(key, { number: app.words.number(parseFloat(text)) });
  };
  app.scale = scale.addTo(map);
  app.zoom = L.control.zoom({ position: "topright", zoomInTitle: "", zoomOutTitle: "" }).addTo(map);
  const back = app.back = make("a", "lp-home", "⌂");
  back.href = "#";
  back.setAttribute("role", "button");
  L.DomEvent.disableClickPropagation(back);
  back.addEventListener("click", (event) => { event.preventDefault(); app.moved = false; app.frame = null; home(app); app.labels.place(); });
  app.zoom.getContainer().append(back);
  addInset(app);
  addDivider(app);
  map.on("zoomstart", () => map.getContainer().classList.add("zooming"));
  map.on("zoomend", () => map.getContainer().classList.remove("zooming"));
  map.on("zoomend moveend resize", () => { app.labels.place(); app.stops(); drawInset(app); if (app.moved) writeAddress(app); });
  map.on("move zoom viewreset", () => clip(app));
  map.on("dragstart", () => { app.moved = true; });
  map.getContainer().addEventListener("wheel", () => { app.moved = true; }, { passive: true });
  app.zoom.getContainer().addEventListener("click", (event) => { if (event.target !== back) app.moved = true; });
  map.getContainer().addEventListener("keydown", (event) => {
    if (/^(Arrow|[-+=_]$)/.test(event.key) && event.target === map.getContainer()) app.moved = true;
  });
  keepSize(app);
}

/* In a small window title and source line stand above and below the map, else on it. */
const SMALL = window.matchMedia("screen and (max-width: 760px), screen and (max-height: 480px)");
function setTitle(app) {
  const small = SMALL.matches && !document.documentElement.classList.contains("on-paper"), box = byId("picture");
  if (small === box.classList.contains("apart")) return;
  box.classList.toggle("apart", small);
  const title = byId("cartouche"), foot = byId("sourceline");
  if (small) {
    app.map.getContainer().before(title);
    app.map.getContainer().after(foot);
  } else {
    [title, foot].forEach((element, i) => app.corners[i].getContainer().append(element));
  }
}

/* How much of the map title and source line cover. */
function covered() {
  const apart = byId("picture").classList.contains("apart"), title = byId("cartouche");
  return apart ? { width: 0, height: 0, foot: 0, apart }
    : { width: title.offsetWidth, height: title.offsetHeight, foot: byId("sourceline").offsetHeight, apart };
}

/* What stands at the edges of the map keeps clear of both. */
function leaveRoom(app) {
  const { height, foot } = covered(), style = app.map.getContainer().style;
  style.setProperty("--below-title", height + "px");
  style.setProperty("--foot", foot + "px");
}

function corner(map, position, element, className) {
  const control = L.control({ position });
  control.onAdd = () => {
    const box = make("div", className);
    box.append(element);
    L.DomEvent.disableClickPropagation(box);
    return box;
  };
  return control.addTo(map);
}

function renderFurniture(app) {
  const { words } = app, label = (element, key) => {
    element.title = words.t(key);
    element.setAttribute("aria-label", words.t(key));
  };
  label(app.zoom._zoomInButton, "page.zoom_in");
  label(app.zoom._zoomOutButton, "page.zoom_out");
  label(app.back, "page.home");
  app.inset.querySelector("title").textContent = words.t("page.inset");
  app.divider.setAttribute("aria-label", words.t("page.divider"));
  app.divider.hidden = !app.other;
  byId("sides").hidden = !app.other;
  [app.plan, app.other].forEach((plan, i) => { app.names[i].textContent = app.other ? words.plan(plan).title : ""; });
  leaveRoom(app);
  app.scale._update();
}

/* --- the locator: the part shown within the whole --------------------------------------------- */
function addInset(app) {
  const { inset, step } = app.data, [[south, west], [north, east]] = inset.bounds;
  const flat = Math.cos((south + north) / 2 * Math.PI / 180), width = 104, scale = width / ((east - west) * flat);
  const height = Math.round((north - south) * scale);
  app.insetAt = ([lat, lon]) => [(lon - west) * flat * scale, (north - lat) * scale];
  const svg = app.inset = drawn("svg", { class: "lp-inset", width, height, viewBox: "0 0 " + width + " " + height, role: "img" });
  const shape = (texts) => texts.map((text) =>
    "M" + decodeLine(text, step).map((at) => app.insetAt(at).map((v) => v.toFixed(1)).join(" ")).join("L") + "Z").join("");
  svg.append(drawn("title", {}), drawn("path", { class: "lp-land", d: shape(inset.land) }),
    drawn("path", { class: "lp-inset-units", d: shape(inset.units) }), drawn("rect", { class: "lp-inset-view" }));
  corner(app.map, "bottomright", svg, "lp-locator");
}

function drawInset(app) {
  const view = app.map.getBounds(), box = app.inset.querySelector("rect");
  const [x, y] = app.insetAt([view.getNorth(), view.getWest()]), [right, bottom] = app.insetAt([view.getSouth(), view.getEast()]);
  const width = Number(app.inset.getAttribute("width")), height = Number(app.inset.getAttribute("height"));
  const [x0, y0, x1, y1] = [Math.max(x, 1), Math.max(y, 1), Math.min(right, width - 1), Math.min(bottom, height - 1)];
  for (const [name, value] of [["x", x0], ["y", y0], ["width", Math.max(0, x1 - x0)], ["height", Math.max(0, y1 - y0)]]) {
    box.setAttribute(name, value.toFixed(1));
  }
  // A view of the whole needs no locator.
  app.inset.classList.toggle("needless", (x1 - x0) * (y1 - y0) > 0.7 * width * height);
}

/* --- two texts side by side: one map, one text on each side of a divider ---------------------- */
function addDivider(app) {
  const bar = app.divider = make("div", "lp-divider");
  bar.setAttribute("role", "slider");
  bar.tabIndex = 0;
  for (const [name, value] of [["valuemin", 0], ["valuemax", 100], ["orientation", "horizontal"]]) bar.setAttribute("aria-" + name, value);
  app.names = Array.from(byId("sides").children);
  bar.append(make("span", "lp-grip", "⇔"));
  app.map.getContainer().append(bar);
  L.DomEvent.disableClickPropagation(bar);
  const move = (share) => {
    app.at.divider = Math.min(Math.max(share, 0), 1);
    clip(app);
    app.stops();
    app.labels.place();
    clearTimeout(app.dividing); // browsers refuse an address that changes many times a second
    app.dividing = setTimeout(() => writeAddress(app), 150);
  };
  bar.addEventListener("pointerdown", (event) => { bar.setPointerCapture(event.pointerId); event.preventDefault(); bar.focus({ preventScroll: true }); });
  bar.addEventListener("pointermove", (event) => {
    if (!bar.hasPointerCapture(event.pointerId)) return;
    const frame = byId("picture").getBoundingClientRect();
    move((event.clientX - frame.left) / frame.width);
  });
  const steps = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
  bar.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(app.at.divider + steps[event.key]);
  });
}

/* Where the ground that the texts speak of has its middle, as a share of the width. */
function middle(app) {
  const { map } = app, x = map.latLngToContainerPoint(spokenOf(app).getCenter()).x / map.getSize().x;
  return x > 0.15 && x < 0.85 ? x : 0.5;
}

function clip(app) {
  const { map, at, other, divider } = app, size = map.getSize(), panes = ["zones", "others"].map((name) => map.getPane("lp-" + name));
  if (!other) return panes.forEach((pane) => { pane.style.clipPath = ""; });
  const [left, top] = ((p) => [p.x, p.y])(map.containerPointToLayerPoint([0, 0]));
  const x = at.divider * size.x;
  divider.style.left = x + "px";
  divider.setAttribute("aria-valuenow", Math.round(at.divider * 100));
  const box = (from, to) => "polygon(" + [[from, 0], [to, 0], [to, size.y], [from, size.y]]
    .map(([px, py]) => (px + left) + "px " + (py + top) + "px").join(",") + ")";
  panes[0].style.clipPath = box(0, x);
  panes[1].style.clipPath = box(x, size.x);
  return undefined;
}

/* --- the first view: as much of the map as title and source line leave -------------------------- */
function titleCovers(app, view) {
  const { map } = app, frame = map.getContainer().getBoundingClientRect(), box = byId("cartouche").getBoundingClientRect();
  const right = box.right - frame.left, bottom = box.bottom - frame.top;
  const covers = (at) => {
    const p = map.latLngToContainerPoint(at);
    return view.contains(at) && p.x < right && p.y < bottom;
  };
  const side = app.sides[0];
  return side.plan.zones.some((zone, i) => zone.clause && side.layers[i].getLatLngs().flat(2).some(covers));
}

/* The ground that the texts shown speak of; what the page was made to show comes before it. */
function spokenOf({ plan, other, data }) {
  return [plan].concat(other || []).reduce((all, { view }) => all.extend(view || data.view), L.latLngBounds([]));
}

/* Whether another text can be read in the view there is: its ground is in it, and is not a speck there. */
function stillFits(app) {
  const { map, moved, frame, plan } = app, ground = spokenOf(app), view = moved ? map.getBounds() : frame;
  if (!plan.view) return true; // the page was made to show one place, whatever the text
  if (!view || !(moved ? view.intersects(ground) : view.contains(ground))) return false;
  const span = (box) => Math.max(box.getNorth() - box.getSouth(), (box.getEast() - box.getWest()) * 0.66);
  return span(ground) > span(view) / 4;
}

/* The view of the page that nobody has moved: kept over texts as long as their ground is in it. */
function home(app) {
  const { map, data } = app, view = app.frame = app.frame || spokenOf(app), limits = L.latLngBounds(data.limits);
  setTitle(app);
  map.invalidateSize({ pan: false });
  const { width, height, foot, apart } = covered();
  const narrow = apart || width > map.getSize().x * 0.75; // the title stands across the whole top
  leaveRoom(app);
  const after = L.point(narrow ? 14 : 50, foot + 24);
  const below = L.point(14, height + (narrow ? 14 : 24)), beside = L.point(width + 24, 22);
  map.options.zoomSnap = 0; // the first view uses all the room there is
  map.options.minZoom = 0; // not setMinZoom: its own zoom would outlive the fit
  const zoomOf = (before) => map.getBoundsZoom(view, false, before.add(after));
  const fit = (before) => map.fitBounds(view, { animate: false, paddingTopLeft: before, paddingBottomRight: after });
  fit(narrow ? below : L.point(14, 22));
  if (!narrow && titleCovers(app, view)) fit(zoomOf(below) > zoomOf(beside) ? below : beside);
  map.options.minZoom = Math.min(map.getBoundsZoom(limits, true), map.getZoom());
  map.options.zoomSnap = 0.25;
  map.fire("zoomlevelschange");
}

function keepSize(app) {
  const sheet = document.documentElement.classList; // of paper: laid out before the browser does
  if (window.ResizeObserver) {
    new ResizeObserver(() => {
      if (sheet.contains("on-paper")) return;
      setTitle(app);
      if (app.moved) app.map.invalidateSize(); else home(app);
    }).observe(app.map.getContainer());
  }
  SMALL.addEventListener("change", () => setTitle(app));
  const { map } = app;
  let kept = null; // the view on the screen, which paper must not change
  window.addEventListener("beforeprint", () => {
    if (kept) return;
    const { minZoom, zoomSnap } = map.options, seen = map.getBounds();
    kept = { moved: app.moved, view: [map.getCenter(), map.getZoom()], options: { minZoom, zoomSnap } };
    app.moved = false; // nor the address
    sheet.add("on-paper");
    home(app);
    if (kept.moved) {
      Object.assign(map.options, { minZoom: 0, zoomSnap: 0 });
      map.fitBounds(seen, { animate: false });
    }
    app.labels.place();
  });
  window.addEventListener("afterprint", () => {
    if (!kept) return;
    sheet.remove("on-paper");
    home(app);
    if (kept.moved) {
      Object.assign(map.options, kept.options);
      map.setView(...kept.view, { animate: false });
    }
    app.moved = kept.moved;
    kept = null;
    app.labels.place();
  });
}
