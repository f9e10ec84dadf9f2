/* Words: texts, dates and numbers of the language chosen. */
const DATE_MARK = "\ue000", SOURCE_MARK = "\ue001";
const DOUBLE_STOP = /(^|[^.])\.\.(?!\.)/g; // a date may end in a full stop of its own

function fill(text, fields) {
  const filled = text.replace(/\{(\w+)\}/g, (all, name) => (name in fields ? fields[name] : all));
  return filled.replace(DOUBLE_STOP, "$1.");
}

class Words {
  constructor(data) {
    this.data = data;
    this.number_of = new Map(data.languages.map((language, i) => [language.id, i]));
    this.speak(data.lang);
  }

  speak(id) {
    this.index = this.number_of.get(id);
    this.language = this.data.languages[this.index];
    this.plurals = new Intl.PluralRules(id);
  }

  /* The text of a key, with its placeholders filled. */
  t(key, fields = {}) {
    return fill(this.language.texts[key], fields);
  }

  number(value, digits = 0) {
    const [whole, rest] = Math.abs(value).toFixed(digits).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, this.language.group);
    const sign = value < 0 && Number(whole + "." + (rest || 0)) > 0 ? "-" : "";
    return sign + grouped + (rest ? this.language.decimal + rest : "");
  }

  area(km2) {
    return this.t("figure.area", { number: this.number(km2) });
  }

  /* A share that is not zero is never said to be zero. */
  percent(share) {
    const n = share > 0 && share < 0.0005 ? "<" + this.number(0.1, 1) : this.number(100 * share, 1);
    return fill(this.language.percent, { n });
  }

  date(iso) {
    if (!iso) return this.t("date.unknown");
    const [year, month, day] = iso.split("-").map(Number);
    return fill(this.language.months[month - 1], { y: year, d: day });
  }

  days(count) {
    const forms = this.language.days;
    return fill(forms[this.plurals.select(count)] || forms.other, { n: this.number(count) });
  }

  /* A text of the plan, with the day and source of the line in place of their marks. */
  of(text, day) {
    const said = text.split(DATE_MARK).join(this.date(day.date)).split(SOURCE_MARK).join(this.source(day));
    return said.replace(DOUBLE_STOP, "$1.");
  }

  source(day) {
    return this.data.sources[day.source][this.index];
  }

  unit(number) {
    return this.data.units[number].name[this.index];
  }

  holder(held_by) {
    return this.data.holders[this.index][held_by];
  }

  plan(plan) {
    return plan.texts[this.index];
  }
}
