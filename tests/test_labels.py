"""The words people see: complete, conditional, and overridable by house style."""

import datetime as dt
import re
import tomllib
from pathlib import Path

import pytest
from library import plan_ids

import lineplan as lp
from lineplan import footnotes
from lineplan.labels import LANGUAGES, catalogue

DAY = dt.date(2025, 11, 20)
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.fixture(scope="module")
def dataset():
    return lp.load_dataset("ukraine")


def label(status, dataset, lang="en", **set_by_text):
    terms = {
        "held_by": "ru",
        "to_be_held_by": "unspecified",
        "recognized_as": "unspecified",
        "recognition": "unspecified",
        "recognized_by": "unspecified",
    }
    return catalogue(lang).status_label(
        status, **{**terms, **set_by_text}, dataset=dataset, date=DAY, plan_title="Plan X"
    )


def interface(messages):
    """Keys of the page's own words; English needs no translation of the data's texts."""
    return {key for key in messages if not key.startswith("data.")}


IN_FULL = ("point21", "plan20", "as_held", "borders1991")
"""Plans of which every reading is there in every language."""
LIBRARY = plan_ids(lp.load_dataset("ukraine"))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_key_is_translated_with_the_same_placeholders(lang):
    english, words = catalogue("en").messages, catalogue(lang).messages
    assert interface(words) == interface(english)
    for key in interface(words):
        text = words[key]
        assert text.strip(), key
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(english[key])), key


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_catalogue_files_hold_every_key_themselves(lang):
    # Without this, a key missing in one language would silently show in English.
    from lineplan.labels import _read_catalogue

    own = _read_catalogue(lang)
    assert interface(own) == interface(catalogue("en").messages)
    assert all(own.values())


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
def test_every_sentence_of_the_data_that_a_page_shows_is_translated(lang, dataset):
    shown = []
    for plan in (lp.load_plan(plan_id, dataset=dataset) for plan_id in LIBRARY):
        assert lang in plan.title, plan.id
        shown += [source.name for source in plan.source]
        shown += [catalogue(lang).name(parameter.text) for parameter in plan.parameters.values()]
        for clause in plan.clause:
            for reading in clause.reading:
                # One that can be chosen stands among the conditions of every figure.
                if reading.set or plan.id in IN_FULL:
                    assert lang in reading.text, (plan.id, clause.id, reading.id)
    for file in dataset.files:
        if file.role in ("units", "control", "assessments", "places", "context"):
            shown += [file.title, file.attribution, file.licence]
    left = [text for text in shown if catalogue(lang).data(text) == text]
    assert set(left) <= {"CC-BY-4.0"}
    assert catalogue(lang).data("not known") == "not known"


def test_no_translation_of_the_data_is_left_over(dataset):
    files = "\n".join(str(file) for file in dataset.files)
    plan = "".join(str(lp.load_plan(plan_id, dataset=dataset)) for plan_id in LIBRARY)
    for lang in LANGUAGES:
        for key in catalogue(lang).messages:
            if key.startswith("data."):
                assert repr(key.removeprefix("data."))[1:-1] in files + plan, key


FOREIGN = re.compile(r"[a-z]{2,}(?: [a-z]{2,}){2}")
"""Three English words in a row: of no publisher's name."""


@pytest.mark.parametrize("lang", ["uk", "ru", "zh-Hant"])
@pytest.mark.parametrize("plan_id", LIBRARY)
def test_conditions_of_every_plan_keep_no_english_words(plan_id, lang, dataset):
    words, plan = catalogue(lang), lp.load_plan(plan_id, dataset=dataset)
    chosen = [f"{c.id}={r.id}" for c in plan.clause for r in c.reading if r.set]
    said = " ".join(
        [
            footnotes.texts(plan, words),
            footnotes.readings(plan, chosen, words),
            footnotes.parameters(plan, plan.parameter_values, dataset, words),
        ]
    )
    assert not FOREIGN.findall(said)
    assert not re.search(r"[a-z]_[a-z]|unspecified|as_held", said)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("plan_id", LIBRARY)
def test_readings_name_no_parameter_by_its_key(plan_id, lang, dataset):
    plan = lp.load_plan(plan_id, dataset=dataset)
    said = " ".join(r.text.get(lang, "") for c in plan.clause for r in c.reading)
    assert not [name for name in plan.parameters if name in said]


@pytest.mark.parametrize(
    ("lang", "value", "expected"),
    [
        ("en", 2, ": 2 km"),
        ("uk", 2.5, ": 2,5 км"),
        ("ru", 2.0, ": 2 км"),
        ("zh-Hant", 12.25, "：12.25公里"),
    ],
)
def test_a_length_among_the_conditions_has_its_unit(lang, value, expected, dataset):
    plan = lp.load_plan("april2025_us", dataset=dataset)
    said = footnotes.parameter_words(plan, dataset, catalogue(lang), "plant_km", value)
    assert said.endswith(expected)


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "Would be recognised as Russian [kind not stated; by the United States]"),
        (
            "uk",
            "Передбачено визнання російською територією [вид не визначено; Сполученими Штатами]",
        ),
        (
            "ru",
            "Предусмотрено признание российской территорией [вид не определён; "
            "Соединёнными Штатами]",
        ),
        ("zh-Hant", "草案擬承認為俄羅斯所有〔性質未載明；承認方：美國〕"),
    ],
)
def test_recognition_says_kind_and_by_whom(lang, expected, dataset):
    terms = {"recognized_as": "ru", "recognized_by": "us"}
    assert label("recognized", dataset, lang, **terms) == expected


def test_recognised_ground_held_by_another_says_that_withdrawal_is_not_stated(dataset):
    terms = {"recognized_as": "ru", "recognized_by": "us", "recognition": "de facto"}
    assert label("recognized", dataset, held_by="ua", **terms) == (
        "Would be recognised as Russian [de facto; by the United States]; withdrawal not stated"
    )
    stated = label("recognized", dataset, held_by="ua", to_be_held_by="none", **terms)
    assert "withdrawal" not in stated


def test_no_party_is_assumed_where_the_text_names_none(dataset):
    assert label("demilitarized_buffer", dataset) == "Proposed demilitarised buffer"
    assert label("recognized", dataset) == (
        "Would be recognised [kind not stated; by whom not stated]"
    )
    assert label("relinquished", dataset, held_by="contested") == "Control would be given up"


def test_ground_left_as_it_is_held_is_the_situation_of_the_day(dataset):
    assert label("unaffected", dataset, to_be_held_by="ru") == "Situation on 20 November 2025"
    assert label("unaffected", dataset) == "No change stated in Plan X"


def test_the_default_holder_is_never_said_to_control(dataset):
    assert label("frozen_at_line", dataset, held_by="ru") == (
        "Line to be frozen; controlled by Russia on 20 November 2025"
    )
    assert label("frozen_at_line", dataset, held_by="ua") == (
        "Line to be frozen; not mapped as held by Russian forces on 20 November 2025"
    )
    for lang in LANGUAGES:
        words = catalogue(lang)
        said = words.holder_label("ua", dataset=dataset, date=DAY, source="X")
        assert said == words.text(
            "holder.default",
            forces=dataset.party("ru").forces[lang],
            date=words.date(DAY),
            source="X",
        )


@pytest.mark.parametrize("lang", LANGUAGES)
def test_labels_avoid_words_that_take_a_side(lang):
    banned = {
        "en": r"\bceded?\b|\bgains?\b|\bloss(es)?\b|\bprize\b|counter-proposal|\bliberat|\bUN\b",
        "uk": r"звільнен|поступ|втрат",
        "ru": r"освобожд|уступ|потер",
        "zh-Hant": r"割讓|解放|收復",
    }[lang]
    texts = {k: t for k, t in catalogue(lang).messages.items() if not k.endswith(".terms")}
    assert [k for k, t in texts.items() if re.search(banned, t)] == []


@pytest.mark.parametrize(
    ("lang", "area", "headline", "date", "days"),
    [
        ("en", "5,865 km²", "about 5,900 km²", "20 November 2025", "5 days"),
        ("uk", "5 865 км²", "близько 5 900 км²", "20 листопада 2025 р.", "5 днів"),
        ("ru", "5 865 км²", "около 5 900 км²", "20 ноября 2025 г.", "5 дней"),
        ("zh-Hant", "5,865平方公里", "約5,900平方公里", "2025年11月20日", "5天"),
    ],
)
def test_figures_and_dates_follow_the_language(lang, area, headline, date, days):
    def plain(text):
        return re.sub(r"\s", " ", text)

    words = catalogue(lang)
    assert plain(words.area(5864.53)) == area
    assert plain(words.headline(5900.0)) == headline
    assert plain(words.date(DAY)) == date
    assert plain(words.days(5)) == days
    percent = {"en": "22.0%", "uk": "22,0%", "ru": "22,0 %", "zh-Hant": "22.0%"}
    assert plain(words.percent(0.2204)) == percent[lang]
    assert plain(words.percent(1, 0)) == percent[lang].replace("22.0", "100").replace("22,0", "100")


@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (0.00749, "0.8%"),
        (0.007, "0.7%"),
        (0.0070001, "0.8%"),
        (0.00101, "0.2%"),
        (0.00042, "0.05%"),
        (0.00003, "0.01%"),
    ],
)
def test_a_bound_is_rounded_up(drift, said):
    assert f"by up to {said};" in catalogue("en").accuracy(drift)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_not_simplified_has_no_bound_of_nothing(lang):
    assert catalogue(lang).accuracy(1e-14) == catalogue(lang).text("footer.accuracy_full")
    assert "0" not in catalogue(lang).accuracy(0)


def test_a_date_that_ends_in_a_stop_is_not_followed_by_another():
    words = catalogue("uk")
    said = words.text("map.source", text="A", text_date="1 р.", line="B", line_date="2 р.")
    assert ".." not in said


def test_terms_replace_labels_for_all_or_one_language(tmp_path, dataset):
    terms = tmp_path / "style.toml"
    terms.write_text('status.unaffected = "{plan}: unchanged"\n[uk]\n"map.rivers" = "Ріки"\n')
    english, ukrainian = catalogue("en", terms), catalogue("uk", terms)
    assert english.text("status.unaffected", plan="P") == "P: unchanged"
    assert english.text("map.rivers") == "Rivers"
    assert ukrainian.text("map.rivers") == "Ріки"
    assert ukrainian.overridden == ("status.unaffected", "map.rivers")
    assert catalogue("en").text("status.unaffected", plan="P") != "P: unchanged"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('"status.relinquishd" = "x"', "did you mean status.relinquished"),
        ('"map.rivers" = 3', "must be a text"),
        ('"map.rivers" = "{party}"', "no placeholder {party}"),
        ("not toml", "cannot be read"),
        ('[uk]\n"map.riverz" = "x"', "did you mean map.rivers"),
    ],
)
def test_faulty_terms_are_one_clear_line(tmp_path, content, expected):
    terms = tmp_path / "style.toml"
    terms.write_text(content)
    with pytest.raises(lp.UsageError, match=re.escape(expected)) as caught:
        catalogue("en", terms)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_terms_cannot_reach_into_values(tmp_path):
    terms = tmp_path / "style.toml"
    terms.write_text('"map.rivers" = "{x.__class__} {0}"')
    with pytest.raises(lp.UsageError):
        catalogue("en", terms)


def test_unknown_language_and_key():
    with pytest.raises(lp.UsageError, match="choose from en, uk, ru, zh-Hant"):
        catalogue("de")
    with pytest.raises(KeyError):
        catalogue("en").text("no.such.key")


def test_a_catalogue_is_loaded_once():
    assert catalogue("en") is catalogue("en")


def test_every_key_used_in_the_source_exists():
    keys = catalogue("en").messages
    source = Path(lp.__file__).parent
    used = set()
    for path in source.rglob("*.py"):
        used |= set(
            re.findall(r"""\btext\(\s*["']([a-z_]+\.[a-z_]+)["']""", path.read_text("utf-8"))
        )
    assert used
    assert used - keys.keys() == set()


def test_terms_are_toml_as_documented():
    assert tomllib.loads('"status.relinquished" = "x"\n[uk]\n"map.rivers" = "y"')


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "<0.01%"), ("uk", "<0,01%"), ("ru", "<0,01\N{NO-BREAK SPACE}%"), ("zh-Hant", "<0.01%")],
)
def test_a_share_that_is_not_zero_is_never_said_to_be(lang: str, said: str) -> None:
    words = catalogue(lang)
    for digits in (1, 2):
        assert words.share(12.9 / 599_094, digits) == said
        assert "<" not in words.share(0.0, digits)
    assert [words.share(share) for share in (442 / 599_094, 0.0027, 1.0)] == [
        words.percent(442 / 599_094, 2), words.percent(0.0027), words.percent(1.0),
    ]  # fmt: skip
