/* Files made within the page: the view as SVG, the table as CSV. */
const FONTS = "system-ui, 'Segoe UI', Roboto, 'Liberation Sans', Arial, 'Noto Sans CJK TC', sans-serif";
const PAPER = "#fffefb", INK = "#22272b", SOFT = "#5a6269";

function renderSaving(app) {
  const { words } = app, box = byId("saving");
  const button = (key, act) => {
    const made = make("button", "", words.t(key));
    made.type = "button";
    made.dataset.save = key.slice(-3);
    made.addEventListener("click", act);
    return made;
  };
  const name = () => [app.plan.id, app.day.date].filter(Boolean).join("-");
  box.replaceChildren(make("h2", "", words.t("page.save")),
    button("page.save_svg", () => save(name() + ".svg", "image/svg+xml", picture(app))),
    button("page.save_csv", () => save(name() + ".csv", "text/csv", "\ufeff" + csv(app))));
}

function save(name, type, text) {
  const link = make("a");
  link.href = URL.createObjectURL(new Blob([text], { type: type + ";charset=utf-8" }));
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/* The table with exact figures. Texts that a spreadsheet would take for a formula are quoted so. */
function csv(app) {
  const { plan, other, words, day } = app, m2 = app.m2(plan), ranges = app.ranges(plan);
  const cell = (value) => {
    const text = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? "'" + value : String(value);
    return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  };
  const rows = [["plan_id", "plan", "line_date", "line_source", "unit_id", "unit", "held_by", "holder", "status", "status_name",
    "label", "clause", "area_km2", "share_of_unit", "assessed_min_km2", "assessed_max_km2"]
    .concat(other ? ["other_plan_id", "other_plan", "under_other_plan"] : [])];
  plan.zones.forEach((zone, i) => {
    if (!m2[i]) return;
    const said = zoneWords(app, plan, i), [low, high] = (ranges && ranges.zones[i]) || ["", ""];
    rows.push([plan.id, words.plan(plan).title, day.date || "", words.source(day), app.data.units[zone.unit].id, said.unit,
      zone.held_by, said.holder, zone.status, words.plan(plan).status[zone.status], said.label, said.clause, said.km2.toFixed(6),
      (said.km2 / app.data.units[zone.unit].km2).toFixed(6), low, high]
      .concat(other ? [other.id, words.plan(other).title, otherWords(app, plan, i)] : []));
  });
  return rows.map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

/* The view as a picture of its own, light in either scheme. */
function picture(app) {
  const scheme = document.documentElement.classList;
  scheme.add("in-light");
  try {
    return drawPicture(app);
  } finally {
    scheme.remove("in-light");
  }
}

/* Title, map, legend, source line and what the text counts for, all inside. */
function drawPicture(app) {
  const { map, words } = app, size = map.getSize(), svg = drawn("svg", { xmlns: SVG });
  const write = writer(svg, size.x);
  svg.append(drawn("rect", { width: "100%", height: "100%", fill: PAPER }), byId("patterns").cloneNode(true));
  svg.querySelector("defs").removeAttribute("id");
  write(app.both("force"), { size: 12, bold: true });
  write(app.heading(), { size: 20, bold: true });
  if (app.data.heads.subtitle) write(app.data.heads.subtitle, { size: 14 });
  write(app.when(), { size: 13, fill: SOFT });
  stale(app).forEach((text) => write(text, { size: 12, bold: true }));
  if (app.other) write.y = sideNames(app, svg, size.x, write.y + 6);
  const top = write.y + 8;
  svg.append(mapPart(app, size, top));
  write.y = top + size.y + 6;
  const row = (fill, text, left, size) => {
    svg.append(drawn("rect", { x: left, y: write.y + 4, width: 22, height: 13, stroke: SOFT, "stroke-width": 0.5, ...fill }));
    write(text, { size, left: left + 30 });
  };
  const painted = (paint) => ({ fill: "url(#lp-" + paint + ")" });
  const told = ({ name, figure, range }) => words.t("join.set", { name,
    value: [figure].concat(range.length ? range.join(" ") : []).join(words.t("join.items")) });
  for (const plan of [app.plan].concat(app.other || [])) {
    if (app.other) write(words.plan(plan).title, { size: 12, bold: true });
    for (const one of legend(app, plan)) {
      row(painted(one.paint), told(one), 14, 12);
      for (const held of one.holders) row(painted(held.paint), told(held), 44, 11);
    }
  }
  if (map.hasLayer(app.veil.group)) row({ fill: PAPER, stroke: "#0b6e6e", "stroke-width": 2 }, words.t("page.veiled"), 14, 12);
  if (app.data.tiles) write(words.t("page.tiles_unsaved", app.data.tiles), { size: 11 });
  if (hasAdded()) write(words.t("page.added_unsaved"), { size: 11 });
  if (app.data.heads.note) write(app.data.heads.note, { size: 11 });
  write(byId("source").textContent, { size: 11, fill: SOFT });
  if (app.data.heads.byline) write(app.data.heads.byline, { size: 11, fill: SOFT });
  // The picture may be passed on without the page: what stands under the page goes with it.
  const { said, files, version } = smallPrint(app);
  write.y += 6;
  for (const text of [...said, ...files, version]) write(text, { size: 9, fill: SOFT });
  svg.setAttribute("width", size.x);
  svg.setAttribute("height", Math.ceil(write.y + 12));
  svg.setAttribute("viewBox", "0 0 " + size.x + " " + Math.ceil(write.y + 12));
  svg.setAttribute("font-family", FONTS);
  return new XMLSerializer().serializeToString(svg);
}

/* Text line by line down the page, wrapped to its width. */
function writer(svg, width) {
  const pen = document.createElement("canvas").getContext("2d");
  const write = (text, { size, bold, fill = INK, left = 14 }) => {
    pen.font = (bold ? "bold " : "") + size + "px " + FONTS;
    let line = "";
    const flush = () => {
      if (!line.trim()) return;
      write.y += size * 1.35;
      const element = drawn("text", { x: left, y: write.y, "font-size": size, fill });
      if (bold) element.setAttribute("font-weight", 700);
      element.textContent = line.trim();
      svg.append(element);
    };
    // Words, and single characters of scripts that put no space between them.
    for (const part of text.match(/[\u2e80-\uffef]|[^\s\u2e80-\uffef]+\s*|\s+/g) || []) {
      if (line && pen.measureText(line + part.trimEnd()).width > (width - left - 14) * 0.97) { flush(); line = ""; }
      line += part;
    }
    flush();
  };
  write.y = 6;
  return write;
}

function mapPart(app, size, top) {
  const { map } = app, origin = map.containerPointToLayerPoint([0, 0]);
  const frame = drawn("svg", { x: 0, y: top, width: size.x, height: size.y, viewBox: "0 0 " + size.x + " " + size.y });
  frame.append(drawn("rect", { width: size.x, height: size.y, fill: "#dde8ec" }));
  const share = app.other ? app.at.divider * size.x : size.x;
  for (const name of PANES) {
    const [x, width] = name === "zones" ? [0, share] : name === "others" ? [share, size.x - share] : [0, size.x];
    const part = drawn("svg", { id: "layer-" + name, x, width, height: size.y, viewBox: x + " 0 " + width + " " + size.y });
    map.getPane("lp-" + name).querySelectorAll("path").forEach((path) => part.append(plainPath(path, origin)));
    if (name === "labels") app.labels.items.forEach((item) => item.placed && part.append(...plainLabel(item)));
    if (width > 0) frame.append(part);
  }
  if (app.other) {
    frame.append(drawn("path", { d: "M" + share + " 0V" + size.y, stroke: INK, "stroke-width": 2 }));
  }
  const bar = document.querySelector(".leaflet-control-scale-line");
  const length = parseFloat(bar.style.width), y = size.y - 12;
  frame.append(drawn("path", { d: "M14 " + (y - 5) + "v5h" + length + "v-5", fill: "none", stroke: INK, "stroke-width": 1.5 }));
  const said = drawn("text", { x: 18, y: y - 4, "font-size": 11, fill: INK });
  said.textContent = bar.textContent;
  frame.append(said);
  if (app.inset.checkVisibility()) frame.append(plainInset(app));
  return frame;
}

/* The locator, where the page shows it. */
function plainInset({ inset, map }) {
  const box = inset.getBoundingClientRect(), frame = map.getContainer().getBoundingClientRect(), copy = inset.cloneNode(true);
  inset.querySelectorAll("path, rect").forEach((element, i) => {
    const style = getComputedStyle(element);
    for (const name of ["fill", "fill-opacity", "stroke", "stroke-width"]) {
      copy.querySelectorAll("path, rect")[i].setAttribute(name, style.getPropertyValue(name));
    }
  });
  copy.prepend(drawn("rect", { width: "100%", height: "100%", fill: "#dde8ec", stroke: SOFT }));
  for (const [name, value] of [["x", box.left - frame.left], ["y", box.top - frame.top], ["id", "locator"]]) copy.setAttribute(name, value);
  return copy;
}

/* A path as it is painted now: the style sheet stays behind. */
function plainPath(path, origin) {
  const style = getComputedStyle(path), plain = drawn("path", { d: path.getAttribute("d"),
    transform: "translate(" + -origin.x + " " + -origin.y + ")", "fill-rule": "evenodd" });
  const given = path.getAttribute("fill") || "";
  plain.setAttribute("fill", given.startsWith("url(") ? given : style.fill);
  for (const name of ["fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-linecap", "stroke-linejoin"]) {
    plain.setAttribute(name, style.getPropertyValue(name));
  }
  if (path.dataset.zone) plain.setAttribute("id", "zone-" + path.dataset.zone.replace(/[^\w-]/g, "-"));
  return plain;
}

function plainLabel({ placed, text, label, width, height }) {
  const style = getComputedStyle(text), size = parseFloat(style.fontSize), made = [];
  if (label.kind === "city") made.push(drawn("circle", { cx: placed.p.x, cy: placed.p.y, r: 2.7, fill: "#23282c", stroke: PAPER }));
  const lines = wrapped(text), first = placed.p.y + placed.dy + (height - lines.length * size * 1.15) / 2 + size * 0.95;
  const middle = label.kind === "unit";
  lines.forEach((line, i) => {
    const said = drawn("text", { x: placed.p.x + placed.dx + (middle ? width / 2 : 0), y: first + i * size * 1.15,
      "font-size": size, "font-weight": style.fontWeight, fill: INK, stroke: PAPER, "stroke-width": 3,
      "stroke-linejoin": "round", "paint-order": "stroke", "text-anchor": middle ? "middle" : "start" });
    said.textContent = style.textTransform === "uppercase" ? line.toUpperCase() : line;
    made.push(said);
  });
  return made;
}

/* The names of two texts above the map, each on its side; returns where they end. */
function sideNames(app, svg, width, top) {
  const sides = app.names.map((name) => wrapped(name));
  sides.forEach((lines, i) => lines.forEach((line, row) => {
    const said = drawn("text", { x: i ? width - 14 : 14, y: top + 12 + 15 * row, "font-size": 12, "font-weight": 600, fill: INK,
      "text-anchor": i ? "end" : "start" });
    said.textContent = line;
    svg.append(said);
  }));
  return top + 15 * Math.max(...sides.map((lines) => lines.length));
}

/* The lines that a label has on the screen. */
function wrapped(element) {
  const range = document.createRange(), node = element.firstChild, lines = [];
  let line = "", y = null;
  if (!node) return lines;
  for (let i = 0; i < node.length; i++) {
    range.setStart(node, i); range.setEnd(node, i + 1);
    const box = range.getBoundingClientRect();
    if (y !== null && box.top > y + 3) { lines.push(line.trim()); line = ""; }
    if (box.width) y = box.top;
    line += node.data[i];
  }
  return lines.concat(line.trim());
}
