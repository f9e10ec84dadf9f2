/* Controls: texts, days, language, layers; and the address that keeps the view. */
const STROKES = {
  border: ["path", { d: "M0 6H30", class: "lp-border", "stroke-width": 2.4 }],
  line: ["path", { d: "M0 6H30", class: "lp-contact", "stroke-width": 2, "stroke-dasharray": "7 4" }],
  neighbours: ["path", { d: "M0 6H30", class: "lp-neighbours", "stroke-width": 1.2 }],
  units: ["path", { d: "M0 6H30", class: "lp-units", "stroke-width": 1 }],
  rivers: ["path", { d: "M0 6H30", class: "lp-rivers", "stroke-width": 1.4 }],
  cities: ["circle", { cx: 15, cy: 6, r: 3, class: "lp-dot" }],
  reassigned: ["rect", { x: 4, y: 1, width: 22, height: 10, class: "lp-moved", "fill-opacity": 0.5 }],
  site: ["circle", { cx: 15, cy: 6, r: 5, class: "lp-site" }],
  course: ["path", { d: "M0 6H30", class: "lp-course", "stroke-width": 4, opacity: 0.75 }],
};

function renderKey(app) {
  const { words, data } = app, box = byId("key"), list = make("ul");
  const row = (kind, label, layer, note) => {
    const item = make("li"), line = make(layer ? "label" : "div", layer ? "" : "fixed");
    const picture = drawn("svg", { viewBox: "0 0 30 12", "aria-hidden": "true" });
    picture.append(drawn(...STROKES[kind]));
    if (layer) {
      const input = make("input");
      input.type = "checkbox";
      input.dataset.layer = layer;
      input.checked = app.shown.has(layer);
      input.addEventListener("change", () => app.toggle(layer, input.checked));
      line.append(input);
    } else {
      line.append(make("span"));
    }
    line.append(picture, make("span", "", label));
    if (note) line.append(make("span", "summary", note));
    item.append(line);
    list.append(item);
  };
  const has = (layer) => data.layers.includes(layer);
  row("border", words.t("map.border"));
  row("line", "", "line");
  if (has("neighbours")) row("neighbours", words.t("map.neighbour_border"), "neighbours");
  if (has("units")) row("units", words.t("map.unit_boundary"), "units");
  if (has("rivers")) row("rivers", words.t("map.rivers"), "rivers");
  if (has("cities")) row("cities", words.t("map.cities"), "cities");
  if (has("reassigned") && data.days.moved.some((km2) => km2 > 0)) row("reassigned", words.t("map.reassigned"), "reassigned");
  const points = data.points.filter((point) => point.plans.includes(app.plan.id));
  if (points.length) list.append(make("li", "group", words.t("page.layers_context")));
  points.forEach((point) => row(point.places.length ? "site" : "course",
    words.t("map.point", { number: point.number }), "point" + point.number, point.summary[words.index]));
  box.replaceChildren(make("h2", "", words.t("page.layers")), list);
  dateKey(app);
}

function dateKey({ words, day }) {
  const row = byId("key").querySelector("[data-layer=line]").parentElement;
  row.lastElementChild.textContent = words.t("map.line_label", { date: words.date(day.date) });
}

const MOST_TABS = 6; // of more texts one is chosen from a list, which takes a line however many there are

function buildPlans(app) {
  const { data } = app, box = byId("plans");
  if (data.plans.length <= MOST_TABS) {
    box.append(make("legend", "unseen"), ...data.plans.map((plan, i) => {
      const tab = make("label", "tab"), input = make("input");
      input.type = "radio"; input.name = "plan"; input.value = plan.id;
      input.addEventListener("change", () => app.go({ plan: i }));
      tab.append(input, make("span"));
      return tab;
    }));
    return;
  }
  const label = make("label"), list = make("select");
  label.htmlFor = list.id = "plan";
  list.append(...data.plans.map((_, i) => option(i)));
  list.addEventListener("change", () => app.go({ plan: Number(list.value) }));
  box.classList.add("listed");
  box.append(label, list);
}

function option(value, text) {
  const made = make("option", "", text);
  made.value = value;
  return made;
}

/* Texts and choice are set anew; the controls stay, and with them the focus. */
function renderPlans(app) {
  const { words, data, at } = app, box = byId("plans"), other = byId("other");
  byId("bar").hidden = data.plans.length < 2;
  if (!box.firstElementChild) buildPlans(app);
  box.firstElementChild.textContent = words.t("page.plan");
  const list = byId("plan");
  box.querySelectorAll(list ? "option" : ".tab span").forEach((name, i) => { name.textContent = words.plan(data.plans[i]).title; });
  if (list) list.value = at.plan; else box.querySelectorAll("input")[at.plan].checked = true;
  byId("with").firstElementChild.textContent = words.t("page.compare");
  const choices = data.plans.map((plan, i) => [i, words.plan(plan).title]).filter(([i]) => i !== at.plan);
  other.replaceChildren(...[[-1, words.t("page.compare_none")], ...choices].map(([value, text]) => option(value, text)));
  other.value = at.other;
  byId("highlighting").hidden = at.other < 0;
  byId("highlighting").querySelector("span").textContent = words.t("page.highlight");
}

function renderTime(app) {
  const { words, data, at } = app, slider = byId("day"), total = data.days.dates.length;
  byId("time").hidden = total < 2;
  slider.max = total - 1;
  slider.value = at.day;
  const said = words.date(app.day.date);
  slider.setAttribute("aria-label", words.t("page.days"));
  const before = app.missing.get(at.day), number = words.t("page.day_of", { date: said, number: at.day + 1, total });
  slider.setAttribute("aria-valuetext", before ? words.t("page.days_missing", { day: number, days: words.days(before) }) : number);
  slider.title = data.days.none[words.index]; // without a name of its own this describes it
  byId("day-said").textContent = said;
  byId("earlier").disabled = at.day === 0;
  byId("later").disabled = at.day === total - 1;
  for (const [id, key] of [["play", app.playing ? "page.pause" : "page.play"], ["earlier", "page.earlier"], ["later", "page.later"]]) {
    byId(id).title = words.t(key);
    byId(id).setAttribute("aria-label", words.t(key));
  }
  byId("play").textContent = app.playing ? "❚❚" : "▶";
}

/* How many days the archive has no state of, before each day where there are such. */
function daysMissing(dates) {
  const times = dates.map((date) => Date.parse(date + "T00:00Z"));
  const found = dates.map((_, i) => [i, i ? Math.round((times[i] - times[i - 1]) / 864e5) - 1 : 0]);
  return new Map(found.filter(([, days]) => days > 0));
}

/* A tick under the slider between two days that others should stand between. */
function drawGaps(app) {
  const last = app.data.days.dates.length - 1, ticks = Array.from(app.missing.keys(), (day) => "M" + (day - 0.5) + " 0V1");
  byId("gaps").setAttribute("viewBox", "0 0 " + Math.max(last, 1) + " 1");
  byId("gaps").firstElementChild.setAttribute("d", ticks.join(""));
}

function renderLanguages(app) {
  const { words, data } = app, choice = byId("language");
  byId("speaking").hidden = data.languages.length < 2;
  byId("speaking").firstElementChild.textContent = words.t("page.language");
  if (!choice.options.length) {
    for (const language of data.languages) {
      const option = make("option", "", language.name);
      option.value = option.lang = language.id;
      choice.append(option);
    }
  }
  choice.value = words.language.id;
}

/* Play: a step a few times a second; calmer where less motion is asked for. */
function play(app, on) {
  clearTimeout(app.playing);
  app.playing = 0;
  const last = app.data.days.dates.length - 1;
  const step = () => {
    if (app.at.day >= last) return play(app, false);
    app.playing = setTimeout(step, STILL ? 1000 : 120);
    return app.go({ day: app.at.day + 1 });
  };
  if (on) {
    app.playing = setTimeout(step, STILL ? 1000 : 120);
    if (app.at.day >= last) app.go({ day: 0 });
  }
  renderTime(app);
  if (!on) app.announce();
}

function listen(app) {
  const slider = byId("day");
  slider.addEventListener("input", () => app.go({ day: Number(slider.value) }));
  byId("time").addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.tagName === "BUTTON") return;
    event.preventDefault();
    play(app, !app.playing);
  });
  for (const form of [byId("time"), byId("bar")]) form.addEventListener("submit", (event) => event.preventDefault());
  byId("play").addEventListener("click", () => play(app, !app.playing));
  byId("earlier").addEventListener("click", () => app.go({ day: app.at.day - 1 }));
  byId("later").addEventListener("click", () => app.go({ day: app.at.day + 1 }));
  byId("other").addEventListener("change", () => app.go({ other: Number(byId("other").value) }));
  byId("highlight").addEventListener("change", () => app.go({}));
  byId("language").addEventListener("change", () => app.go({ lang: byId("language").value }));
  byId("details-close").addEventListener("click", () => app.close());
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && app.chosen) app.close();
  });
  window.addEventListener("hashchange", () => {
    if (!location.hash || location.hash.includes("=")) app.go(readAddress(app)); // not a place on the page, such as #table
  });
}

/* The address: #plan=..&with=..&divider=..&highlight=off&day=..&lang=..&at=lat,lon,zoom
   What it does not name is as the page opens without it. */
function readAddress(app) {
  const given = new URLSearchParams(location.hash.slice(1)), { data, map } = app;
  const plan = (id) => data.plans.findIndex((one) => one.id === id), within = (v, low, high) => Math.min(Math.max(v, low), high);
  const share = given.has("divider") ? Number(given.get("divider")) : NaN, lang = given.get("lang");
  const at = (given.get("at") || "").split(",").map(Number);
  const [[south, west], [north, east]] = data.limits;
  return {
    absent: ["plan", "with"].map((name) => given.get(name)).filter((id) => id && plan(id) < 0).join(", ").slice(0, 60),
    plan: Math.max(plan(given.get("plan")), 0), other: plan(given.get("with")), ...dayNear(data.days.dates, given.get("day")),
    divider: Number.isFinite(share) ? within(share, 0, 1) : null, highlight: given.get("highlight") !== "off",
    lang: app.words.number_of.has(lang) ? lang : data.lang,
    view: at.length === 3 && at.every(Number.isFinite)
      ? [within(at[0], south, north), within(at[1], west, east), within(at[2], map.getMinZoom(), map.getMaxZoom())] : null,
  };
}

/* The number of a day; of the nearest, and what was asked for, where there is no such day. */
function dayNear(dates, wanted) {
  const found = dates.indexOf(wanted), time = (iso) => Date.parse(iso + "T00:00Z");
  if (found >= 0) return { day: found, asked: "" };
  const last = dates.length - 1;
  if (!/^\d{4}-\d\d-\d\d$/.test(wanted) || isNaN(time(wanted)) || !dates.every(Boolean)) return { day: last, asked: "" };
  const far = dates.map((date) => Math.abs(time(date) - time(wanted)));
  return { day: far.indexOf(Math.min(...far)), asked: wanted };
}

function writeAddress(app) {
  const { data, at, map, words } = app, said = new URLSearchParams();
  if (data.plans.length > 1) said.set("plan", app.plan.id);
  if (app.other) {
    said.set("with", app.other.id);
    said.set("divider", at.divider.toFixed(3));
    if (!byId("highlight").checked) said.set("highlight", "off");
  }
  if (data.days.dates.length > 1) said.set("day", app.day.date);
  if (data.languages.length > 1) said.set("lang", words.language.id);
  if (app.moved) said.set("at", [map.getCenter().lat.toFixed(3), map.getCenter().lng.toFixed(3), map.getZoom().toFixed(2)].join());
  const text = said.toString().replace(/%2C/g, ",");
  try { // a frame without an address of its own may not
    if (text) history.replaceState(null, "", "#" + text);
  } catch (refused) { at.address = text; }
}
