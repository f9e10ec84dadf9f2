"""Fetching registered sources, from a web server on this machine that also fails."""

import datetime as dt
import hashlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import toyland
from conftest import one_line_of
from feedserver import Feed, contents, serving
from shapely.geometry import box

import lineplan as lp
from lineplan.control.fetched import INDEX, read_index
from lineplan.control.fetching import days_to_fetch, fetch, latest_days
from lineplan.control.registry import RegisteredSource, load_registry, registered

DAYS = ["2025-11-17", "2025-11-18", "2025-11-20"]
SPAN = ("--from", "2025-11-17", "--to", "2025-11-20")
REGISTRY = """[[source]]
name = "made"
title = "A made source"
url = "{base}/day/made_%Y%m%d.geojson"
first = 2025-11-01
licence = "Made for a test; not to be passed on"
attribution = "The makers"
redistribution = "{redistribution}"
{more}
"""


def day_file(day: str, west: float) -> bytes:
    claims = toyland.claims(("bora", box(west, -1.5, 32.5, 1.5)))
    return claims.to_json(drop_id=True).encode()


def path_of(day: str) -> str:
    return f"/day/made_{day.replace('-', '')}.geojson"


def name_of(day: str) -> str:
    return path_of(day).rpartition("/")[2]


@pytest.fixture
def feed() -> Iterator[Feed]:
    files = {path_of(day): day_file(day, 31.5 + n / 10) for n, day in enumerate(DAYS)}
    with serving(files) as found:
        yield found


@pytest.fixture
def get(line: Any, feed: Feed, tmp_path: Path) -> Callable[..., Any]:
    """`lineplan data fetch made` into the folder `got`."""
    write_registry(feed, tmp_path)

    def call(*arguments: object, folder: str = "got") -> Any:
        return line(
            *("data", "fetch", "made", "--registry", "registry.toml", "-o", folder, *arguments)
        )

    return call


def write_registry(
    feed: Feed, folder: Path, redistribution: str = "forbidden", more: str = ""
) -> None:
    text = REGISTRY.format(base=feed.base, redistribution=redistribution, more=more)
    (folder / "registry.toml").write_text(text)


def source_of(folder: Path) -> RegisteredSource:
    return load_registry(folder / "registry.toml")["made"]


# What is fetched


def test_days_become_a_folder_that_control_reads(
    get: Any, feed: Feed, tmp_path: Path, line: Any, toy: lp.Dataset
) -> None:
    said = get(*SPAN)
    assert said.status == 0
    assert said.out == "got\n", "so that it can be given to --control"
    got = contents(tmp_path / "got")
    assert set(got) == {INDEX, *map(name_of, DAYS)}, "nothing else, hidden or not"
    assert all(got[name_of(day)] == feed.files[path_of(day)] for day in DAYS)
    assert f"note: 1 file(s) are not there: {name_of('2025-11-19')}" in said.err
    assert "3 file(s) in got, 3 of them fetched now" in said.err
    assert "A made source: its terms do not allow its geometry to be passed on" in said.err
    assert "\x1b" not in said.err, "no bar where there is no terminal"
    archive = lp.open_archive(tmp_path / "got", toy)
    assert [f"{day}" for day in archive.days] == DAYS
    assert archive.notes == (), "the index is no source, and needs no word"
    control = archive.control(dt.date(2025, 11, 18))
    assert control.attribution == "The makers"
    assert control.licence == "Made for a test; not to be passed on"
    assert control.redistribution == "forbidden"
    assert control.source == f"A made source ({name_of('2025-11-18')})"
    alone = lp.read_control(tmp_path / "got" / name_of("2025-11-20"), toy)
    assert alone.redistribution == "forbidden", "one file of the folder has its papers too"


def test_nothing_more_is_said_than_that(get: Any, feed: Feed, tmp_path: Path) -> None:
    """By a process of its own, whose streams no library has seen before."""
    call = ["data", "fetch", "made", "--registry", "registry.toml", "-o", "got", *SPAN]
    done = subprocess.run(
        [sys.executable, "-m", "lineplan", *call],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "got\n"
    size = sum(map(len, feed.files.values()))
    assert done.stderr.splitlines() == [
        f"note: 1 file(s) are not there: {name_of('2025-11-19')}",
        f"3 file(s) in got, 3 of them fetched now ({size:,} bytes); {name_of(DAYS[0])} to "
        f"{name_of(DAYS[2])}",
        "note: A made source: its terms do not allow its geometry to be passed on: Made for a "
        "test; not to be passed on",
    ]


def test_the_index_says_where_each_file_is_from(get: Any, feed: Feed, tmp_path: Path) -> None:
    before = dt.datetime.now(dt.UTC).replace(microsecond=0)
    get(*SPAN)
    index = json.loads((tmp_path / "got" / INDEX).read_text())
    assert list(index["files"]) == [name_of(day) for day in DAYS]
    content = feed.files[path_of(DAYS[0])]
    entry = index["files"][name_of(DAYS[0])]
    assert entry["url"] == feed.url(path_of(DAYS[0]))
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["bytes"] == len(content)
    assert entry["etag"] == f'"{hashlib.md5(content).hexdigest()}"'
    assert entry["last_modified"].endswith("GMT")
    assert before <= dt.datetime.fromisoformat(entry["fetched_at"]) <= dt.datetime.now(dt.UTC)


def test_what_is_complete_is_checked_and_not_asked_for_again(
    get: Any, feed: Feed, tmp_path: Path
) -> None:
    get(*SPAN)
    before = contents(tmp_path / "got")
    feed.asked.clear()
    said = get(*SPAN)
    assert feed.names() == [path_of("2025-11-19")], "only what was not there before"
    assert "3 file(s) in got, 0 of them fetched now (0 bytes)" in said.err
    assert contents(tmp_path / "got") == before


def test_the_latest_day_where_no_date_is_given(
    get: Any, feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noon = dt.datetime(2025, 11, 22, 12, tzinfo=dt.UTC)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{noon.timestamp():.0f}")
    said = get()
    assert feed.names() == [path_of(day) for day in ("2025-11-22", "2025-11-21", "2025-11-20")]
    assert said.out == f"got/{name_of('2025-11-20')}\n"
    assert set(contents(tmp_path / "got")) == {INDEX, name_of("2025-11-20")}
    monkeypatch.setenv("SOURCE_DATE_EPOCH", f"{(noon + dt.timedelta(days=60)).timestamp():.0f}")
    assert "none of 15 file(s) asked for is there" in one_line_of(get())


def test_one_day(get: Any, feed: Feed) -> None:
    assert get("--date", "2025-11-18").out == f"got/{name_of('2025-11-18')}\n"
    assert feed.names() == [path_of("2025-11-18")]


def test_a_source_of_one_file(line: Any, feed: Feed, tmp_path: Path, toy: lp.Dataset) -> None:
    """All days in one file; the registry says how its dates are called."""
    rows = [("bora", box(31.5 + n / 10, -1.5, 32.5, 1.5)) for n in range(3)]
    feed.files["/all.geojson"] = toyland.claims(*rows).assign(day=DAYS).to_json().encode()
    (tmp_path / "r.toml").write_text(
        f'[[source]]\nname = "all"\ntitle = "All days"\nurl = "{feed.base}/all.geojson"\n'
        'licence = "CC0"\nattribution = "Us"\nredistribution = "allowed"\n'
        'columns = { date = "day" }\n'
    )
    said = line("data", "fetch", "all", "--registry", "r.toml", "-o", "got")
    assert said.out == "got/all.geojson\n"
    assert "All days: its geometry may be passed on under its terms: CC0" in said.err
    archive = lp.open_archive(tmp_path / "got" / "all.geojson", toy)
    assert [f"{day}" for day in archive.days] == DAYS
    assert archive.control(archive.days[0]).redistribution == "allowed"
    assert line("data", "fetch", "all", "--registry", "r.toml", "--date", DAYS[0]).status == 2


def test_packed_keeps_the_papers(get: Any, line: Any, tmp_path: Path, toy: lp.Dataset) -> None:
    get(*SPAN)
    said = line("data", "pack", "got", "-o", "a.parquet", "--dataset", toyland.FOLDER)
    assert "note: a working copy of your own: A made source: its terms do not allow" in said.err
    control = lp.read_control(tmp_path / "a.parquet", toy)
    assert (control.redistribution, control.attribution) == ("forbidden", "The makers")


def test_terms_are_those_registered_last(get: Any, feed: Feed, tmp_path: Path) -> None:
    get("--date", DAYS[0])
    write_registry(feed, tmp_path, "allowed")
    feed.asked.clear()
    get("--date", DAYS[0])
    assert feed.asked == []
    index = read_index(tmp_path / "got")
    assert index is not None
    assert index.source.redistribution == "allowed"


# Faults of the feed


def test_nothing_is_there(get: Any, tmp_path: Path) -> None:
    said = one_line_of(get("--from", "2025-11-02", "--to", "2025-11-05"))
    assert "made: none of 4 file(s) asked for is there (made_20251102.geojson to " in said
    assert not (tmp_path / "got").exists(), "no empty folder is left"


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_server_that_refuses(status: int, get: Any, feed: Feed, tmp_path: Path) -> None:
    feed.status[path_of(DAYS[1])] = status
    said = one_line_of(get(*SPAN))
    assert f"{path_of(DAYS[1])}: answers {status}" in said
    assert said.endswith("1 file(s) are complete, and the same command goes on")
    assert set(contents(tmp_path / "got")) == {INDEX, name_of(DAYS[0])}
    feed.status.clear()
    feed.asked.clear()
    assert get(*SPAN).status == 0
    assert path_of(DAYS[0]) not in feed.names()


def test_no_server(line: Any, tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        feed = Feed(base=f"http://127.0.0.1:{free.getsockname()[1]}")
    write_registry(feed, tmp_path)
    said = one_line_of(
        line("data", "fetch", "made", "--registry", "registry.toml", *SPAN, "-o", "g")
    )
    assert "cannot be reached (Connection refused)" in said
    feed.base = "http://no-such-host.invalid"
    write_registry(feed, tmp_path)
    said = one_line_of(
        line("data", "fetch", "made", "--registry", "registry.toml", *SPAN, "-o", "g")
    )
    assert "no-such-host.invalid" in said
    assert "cannot be reached (" in said


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_transfer_that_breaks_off_is_gone_on_with(
    is_chunked: bool, get: Any, feed: Feed, tmp_path: Path
) -> None:
    whole = bytes(range(256)) * 4000
    feed.files[path_of(DAYS[0])] = whole
    feed.is_chunked = is_chunked
    feed.cut[path_of(DAYS[0])] = 400_000
    said = one_line_of(get("--date", DAYS[0]))
    assert "broke off after" in said
    assert not (tmp_path / "got" / name_of(DAYS[0])).exists(), "nothing half-written"
    feed.asked.clear()
    said = get("--date", DAYS[0])
    ((_, span),) = feed.asked
    begun = int(span.removeprefix("bytes=").removesuffix("-"))
    assert 300_000 < begun <= 400_000
    assert f"{name_of(DAYS[0])}: gone on with at byte {begun:,}" in said.err
    assert feed.sent[-1][1:] == (206, len(whole) - begun)
    assert (tmp_path / "got" / name_of(DAYS[0])).read_bytes() == whole
    assert set(contents(tmp_path / "got")) == {INDEX, name_of(DAYS[0])}


def test_a_short_answer_is_no_file(
    get: Any, feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every version of the library below notices."""
    whole = requests.Response.iter_content

    def short(answer: requests.Response, size: int) -> Iterator[bytes]:
        yield next(whole(answer, size))[:100]

    monkeypatch.setattr(requests.Response, "iter_content", short)
    size = len(feed.files[path_of(DAYS[0])])
    said = one_line_of(get("--date", DAYS[0]))
    assert f"{name_of(DAYS[0])}: broke off after 100 of {size:,} bytes" in said
    assert not (tmp_path / "got" / name_of(DAYS[0])).exists()


def begin(get: Any, feed: Feed) -> bytes:
    """Leave a file of a million bytes begun."""
    whole = bytes(range(256)) * 4000
    feed.files[path_of(DAYS[0])] = whole
    feed.cut[path_of(DAYS[0])] = 400_000
    assert get("--date", DAYS[0]).status == 1
    return whole


@pytest.mark.parametrize("how", ["no ranges", "changed", "shorter", "no validators"])
def test_what_cannot_be_gone_on_with_is_begun_anew(
    how: str, get: Any, feed: Feed, tmp_path: Path
) -> None:
    feed.has_validators = how != "no validators"
    whole = begin(get, feed)
    if how == "no ranges":
        feed.has_ranges = False
    if how == "changed":
        whole = whole[::-1]
    if how == "shorter":
        whole = whole[:1000]
    feed.files[path_of(DAYS[0])] = whole
    said = get("--date", DAYS[0])
    assert said.status == 0
    assert "begun anew" in said.err if how == "no validators" else "from the start" in said.err
    assert (tmp_path / "got" / name_of(DAYS[0])).read_bytes() == whole


def test_a_file_that_had_come_whole_is_not_asked_for_again(
    get: Any, feed: Feed, tmp_path: Path
) -> None:
    """Killed after the last byte, before it was moved: the server has nothing more to give."""
    whole = begin(get, feed)
    (tmp_path / "got" / ".lineplan-fetch" / f"{name_of(DAYS[0])}.part").write_bytes(whole)
    assert get("--date", DAYS[0]).status == 0
    assert feed.sent[-1][1:] == (416, 0)
    assert (tmp_path / "got" / name_of(DAYS[0])).read_bytes() == whole


def test_a_server_that_falls_silent(feed: Feed, tmp_path: Path) -> None:
    write_registry(feed, tmp_path)
    feed.files[path_of(DAYS[0])] = bytes(300_000)
    feed.stall[path_of(DAYS[0])] = 100_000
    day = dt.date.fromisoformat(DAYS[0])
    began = time.monotonic()
    with pytest.raises(lp.LineplanError, match=r"no answer for 0\.3 s after .* bytes; 0 file"):
        fetch(source_of(tmp_path), tmp_path / "got", [day], timeout_s=0.3)
    assert time.monotonic() - began < 10
    report = fetch(source_of(tmp_path), tmp_path / "got", [day], timeout_s=10)
    assert (tmp_path / "got" / name_of(DAYS[0])).stat().st_size == 300_000
    assert "gone on with" in report.notes[0]


# Trust on first use


def test_other_bytes_than_at_first_are_refused(get: Any, feed: Feed, tmp_path: Path) -> None:
    get(*SPAN)
    index = (tmp_path / "got" / INDEX).read_bytes()
    first = feed.files[path_of(DAYS[1])]
    (tmp_path / "got" / name_of(DAYS[1])).unlink()
    feed.files[path_of(DAYS[1])] = day_file(DAYS[1], 31.9)
    said = one_line_of(get(*SPAN))
    assert f"{feed.url(path_of(DAYS[1]))}: gives other bytes than on " in said
    assert hashlib.sha256(first).hexdigest() in said
    assert "--refresh takes what it gives now" in said
    assert (tmp_path / "got" / INDEX).read_bytes() == index
    assert not (tmp_path / "got" / name_of(DAYS[1])).exists()
    said = get(*SPAN, "--refresh")
    assert f"{name_of(DAYS[1])}: replaced; what was fetched on " in said.err
    assert "3 file(s) in got, 1 of them fetched now" in said.err, "the others gave the same bytes"
    assert (tmp_path / "got" / name_of(DAYS[1])).read_bytes() == day_file(DAYS[1], 31.9)
    feed.asked.clear()
    assert get("--date", DAYS[1]).status == 0
    assert feed.asked == []


def test_a_file_changed_here_is_refused(get: Any, feed: Feed, tmp_path: Path) -> None:
    get(*SPAN)
    (tmp_path / "got" / name_of(DAYS[1])).write_bytes(b"{}")
    said = one_line_of(get(*SPAN))
    assert f"{name_of(DAYS[1])}: is not what was fetched" in said
    assert get(*SPAN, "--refresh").status == 0
    assert (tmp_path / "got" / name_of(DAYS[1])).read_bytes() == feed.files[path_of(DAYS[1])]


def test_a_file_of_ones_own_is_never_replaced(get: Any, tmp_path: Path) -> None:
    mine = tmp_path / "got" / name_of(DAYS[1])
    mine.parent.mkdir()
    mine.write_text("mine")
    for more in ((), ("--refresh",)):
        assert "lies there and was not fetched" in one_line_of(get(*SPAN, *more))
        assert mine.read_text() == "mine"


def test_published_checksums_count(get: Any, feed: Feed, tmp_path: Path) -> None:
    right = hashlib.sha256(feed.files[path_of(DAYS[0])]).hexdigest()
    write_registry(feed, tmp_path, more=f'sha256 = {{ "{name_of(DAYS[0])}" = "{right}" }}')
    assert get("--date", DAYS[0]).status == 0
    write_registry(feed, tmp_path, more=f'sha256 = {{ "{name_of(DAYS[1])}" = "{"0" * 64}" }}')
    for more in ((), ("--refresh",)):
        said = one_line_of(get("--date", DAYS[1], *more))
        assert "gives other bytes than the registry's sha256 0000" in said
        assert not (tmp_path / "got" / name_of(DAYS[1])).exists()


def test_a_folder_belongs_to_one_source(get: Any, feed: Feed, tmp_path: Path) -> None:
    get("--date", DAYS[0])
    text = (tmp_path / "registry.toml").read_text().replace('"made"', '"other"')
    (tmp_path / "registry.toml").write_text(text)
    other = load_registry(tmp_path / "registry.toml")["other"]
    with pytest.raises(lp.ControlError, match="holds files of made, not of other"):
        fetch(other, tmp_path / "got", [dt.date.fromisoformat(DAYS[0])])


def test_a_damaged_index_is_told(get: Any, tmp_path: Path, toy: lp.Dataset) -> None:
    get(*SPAN)
    (tmp_path / "got" / INDEX).write_text("{broken")
    assert f"{INDEX}: is damaged" in one_line_of(get(*SPAN))
    with pytest.raises(lp.ControlError, match="delete it, and fetch the files again"):
        lp.open_archive(tmp_path / "got", toy)


# Killed

KILLED = {
    "before the index": """
from lineplan.control import fetching
def die(job): os.kill(os.getpid(), signal.SIGKILL)
fetching._Job._write_index = die
""",
    "after the index": """
from lineplan.control import fetching
whole = fetching._Job._write_index
def die(job):
    whole(job)
    if len(job.index.files) >= 2:
        os.kill(os.getpid(), signal.SIGKILL)
fetching._Job._write_index = die
""",
}


def kill(when: str, folder: Path, *more: str) -> None:
    """Fetch into `got` by a process that kills itself."""
    call = ["data", "fetch", "made", "--registry", "registry.toml", "-o", "got", *SPAN, *more]
    code = f"import os, signal, sys\n{KILLED[when]}\nfrom lineplan.cli import run"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nrun(sys.argv[1:])", *call], cwd=folder, check=False
    )
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("when", KILLED)
def test_killed_between_two_steps(
    when: str, get: Any, feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert get(*SPAN, folder="whole").status == 0
    kill(when, tmp_path)
    assert_whole_files_only(tmp_path / "got", feed)
    assert get(*SPAN).status == 0
    assert_equal_folders(tmp_path / "got", tmp_path / "whole")


def test_killed_while_replacing(get: Any, feed: Feed, tmp_path: Path) -> None:
    """The index already has what is new, the folder still what is old."""
    get(*SPAN)
    feed.files[path_of(DAYS[0])] = day_file(DAYS[0], 31.9)
    kill("after the index", tmp_path, "--refresh")
    said = get(*SPAN)
    assert said.status == 0
    assert (tmp_path / "got" / name_of(DAYS[0])).read_bytes() == day_file(DAYS[0], 31.9)


def test_refresh_takes_nothing_that_lay_about(get: Any, feed: Feed, tmp_path: Path) -> None:
    kill("before the index", tmp_path)
    feed.files[path_of(DAYS[0])] = day_file(DAYS[0], 31.9)
    assert get(*SPAN, "--refresh").status == 0
    assert (tmp_path / "got" / name_of(DAYS[0])).read_bytes() == day_file(DAYS[0], 31.9)


def test_killed_in_the_middle_of_a_transfer(get: Any, feed: Feed, tmp_path: Path) -> None:
    large = os.urandom(3_000_000)
    feed.files[path_of(DAYS[1])] = large
    assert get(*SPAN, folder="whole").status == 0
    feed.stall[path_of(DAYS[1])] = 1_200_000
    call = ["data", "fetch", "made", "--registry", "registry.toml", "-o", "got", *SPAN]
    process = subprocess.Popen(
        [sys.executable, "-m", "lineplan", *call], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    part = tmp_path / "got" / ".lineplan-fetch" / f"{name_of(DAYS[1])}.part"
    until = time.monotonic() + 60
    while not (part.exists() and part.stat().st_size > 1_000_000):
        assert time.monotonic() < until, "the transfer never came that far"
        assert process.poll() is None
        time.sleep(0.02)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert_whole_files_only(tmp_path / "got", feed)
    begun = part.stat().st_size
    feed.asked.clear()
    said = get(*SPAN)
    assert said.status == 0
    assert (path_of(DAYS[1]), f"bytes={begun}-") in feed.asked
    assert path_of(DAYS[0]) not in feed.names(), "what is complete is not fetched again"
    assert f"gone on with at byte {begun:,} of 3,000,000" in said.err
    assert (tmp_path / "got" / name_of(DAYS[1])).read_bytes() == large
    assert_equal_folders(tmp_path / "got", tmp_path / "whole")


def assert_whole_files_only(folder: Path, feed: Feed) -> None:
    for path in folder.glob("*.geojson"):
        assert path.read_bytes() == feed.files[f"/day/{path.name}"], "nothing half-written"


def assert_equal_folders(one: Path, other: Path) -> None:
    ours, theirs = contents(one), contents(other)
    indexes = [json.loads(found.pop(INDEX)) for found in (ours, theirs)]
    for index in indexes:
        for entry in index["files"].values():
            entry.pop("fetched_at")
    assert ours == theirs
    assert indexes[0] == indexes[1]


def test_two_at_once_do_not_mix(feed: Feed, tmp_path: Path, get: Any) -> None:
    feed.files[path_of(DAYS[0])] = bytes(300_000)
    feed.stall[path_of(DAYS[0])] = 100_000
    call = ["data", "fetch", "made", "--registry", "registry.toml", "-o", "got", *SPAN]
    process = subprocess.Popen(
        [sys.executable, "-m", "lineplan", *call], cwd=tmp_path, stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + 60
    while path_of(DAYS[0]) not in feed.names():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert "got: another lineplan is fetching into it; wait" in one_line_of(get(*SPAN))
    process.kill()
    process.wait()


# Registries


def test_the_dataset_s_registry(ukraine: lp.Dataset, line: Any) -> None:
    sources = registered(ukraine)
    assert set(sources) == {"deepstate", "deepstate-all", "nzz", "mapsite", "viina"}
    day = dt.date(2025, 11, 18)
    assert sources["deepstate"].url_of(day).endswith("/data/deepstatemap_data_20251118.geojson")
    assert sources["mapsite"].url_of(day).endswith("/ControlZones/Control_25_11_18.kml")
    assert {name: source.redistribution for name, source in sources.items()} == {
        "deepstate": "forbidden",
        "deepstate-all": "forbidden",
        "nzz": "not stated",
        "mapsite": "not stated",
        "viina": "not stated",
    }
    said = line("data", "fetch")
    assert said.status == 0
    for source in sources.values():
        assert f"{source.name}: {source.title}\n" in said.out
        assert source.licence in said.out
    assert said.out.count("passing on  forbidden") == 2


def test_years_share_a_file(ukraine: lp.Dataset) -> None:
    viina = registered(ukraine)["viina"]
    days, _ = days_to_fetch(viina, dt.date(2024, 12, 30), dt.date(2025, 1, 2), dt.date(2026, 1, 1))
    assert [viina.file_of(d) for d in days] == [
        "control_latest_2024.zip",
        "control_latest_2025.zip",
    ]
    assert [viina.file_of(d) for d in latest_days(viina, dt.date(2026, 1, 5))] == [
        "control_latest_2026.zip",
        "control_latest_2025.zip",
    ]


FAULTY = """colour = "blue"
[[source]]
name = "Bad Name"
title = "x"
url = "ftp://example.org/%Y%m%d.json"
licence = "not stated"
attribution = "x"
redistribution = "perhaps"
[[source]]
name = "same-name-every-day"
title = "x"
url = "https://example.org/%Y/%m/%d/day.json"
licence = "not stated"
attribution = "x"
redistribution = "allowed"
[[source]]
name = "elsewhere"
title = "x"
url = "https://example.org/%H/x.json"
file = "../x.json"
licence = "not stated"
attribution = "x"
redistribution = "allowed"
kind = "oracle"
"""


def test_faults_of_a_registry_are_told_at_once(line: Any, tmp_path: Path) -> None:
    (tmp_path / "r.toml").write_text(FAULTY)
    said = line("data", "fetch", "--registry", "r.toml")
    assert (said.status, said.out) == (1, "")
    lines = said.err.splitlines()
    assert all(text.startswith("lineplan: r.toml: ") for text in lines)
    for words in (
        "colour: unknown",
        "source 1 (Bad Name): name: ",
        "source 1 (Bad Name): url: 'ftp://example.org/%Y%m%d.json' is no address that begins",
        "source 1 (Bad Name): redistribution: ",
        "source 2 (same-name-every-day): file: 'day.json' does not tell the day and month and year",
        "source 3 (elsewhere): url: 'https://example.org/%H/x.json' has %H; known are %Y",
        "source 3 (elsewhere): kind: ",
    ):
        assert any(words in text for text in lines), words


@pytest.mark.parametrize("name", ["../x.json", ".hidden", "a/b.json", "x:y", "C:\\x"])
def test_names_stay_in_the_folder(name: str) -> None:
    given = {"name": "x", "title": "x", "licence": "x", "attribution": "x"}
    given |= {"redistribution": "allowed", "url": "https://example.org/a/", "file": name}
    with pytest.raises(ValueError, match="is no plain file name"):
        RegisteredSource.model_validate(given)


def test_an_address_may_end_without_a_name() -> None:
    given = {"name": "x", "title": "x", "licence": "x", "attribution": "x"}
    given |= {"redistribution": "allowed", "url": "https://example.org/"}
    with pytest.raises(ValueError, match="is no plain file name"):
        RegisteredSource.model_validate(given)
    assert RegisteredSource.model_validate({**given, "file": "x.json"}).file_pattern == "x.json"


def test_what_is_no_registry(line: Any, tmp_path: Path, toy: lp.Dataset) -> None:
    (tmp_path / "r.toml").write_text("= no toml")
    assert "cannot be read as a registry" in one_line_of(
        line("data", "fetch", "--registry", "r.toml")
    )
    (tmp_path / "r.toml").write_text("")
    assert "names no source" in one_line_of(line("data", "fetch", "--registry", "r.toml"))
    said = one_line_of(line("data", "fetch", "--dataset", toyland.FOLDER))
    assert "names no file with role 'registry'" in said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nobody",), "no registered source 'nobody'; there are made"),
        (("made", "--date", "2025-11-18", "--to", "2025-11-19"), "--date is one day"),
        (("made", "--date", "soon"), "is not a date"),
        (("made", "--from", "2025-11-19", "--to", "2025-11-18"), "has no day from"),
        (("made", "--to", "2999-01-01"), "lies in the future"),
        (("--date", "2025-11-18"), "name the source to fetch"),
    ],
)
def test_usage(
    arguments: tuple[str, ...], words: str, line: Any, feed: Feed, tmp_path: Path
) -> None:
    write_registry(feed, tmp_path)
    said = line("data", "fetch", "--registry", "registry.toml", "-o", "got", *arguments)
    assert said.status == 2
    assert words in said.err
    assert feed.asked == []
    assert not (tmp_path / "got").exists()


def test_days_before_the_first_are_not_asked_for(get: Any, feed: Feed) -> None:
    said = get("--from", "2025-10-20", "--to", "2025-11-17")
    assert "note: made begins on 2025-11-01; nothing before it is asked for" in said.err
    assert len(feed.asked) == 17


def test_the_cache_is_the_place_where_none_is_named(
    line: Any, feed: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    write_registry(feed, tmp_path)
    said = line("data", "fetch", "made", "--registry", "registry.toml", *SPAN)
    folder = Path(said.out.strip())
    assert folder.name == "made"
    if sys.platform == "linux":
        assert folder == tmp_path / "cache" / "lineplan" / "sources" / "made"
    assert (folder / INDEX).exists()


def test_nothing_else_asks_a_network(
    line: Any, tmp_path: Path, get: Any, monkeypatch: pytest.MonkeyPatch, toy: lp.Dataset
) -> None:
    get(*SPAN)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a command other than data fetch opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    on = ("--control", "got", "--dataset", toyland.FOLDER)
    assert lp.open_archive(tmp_path / "got", toy).control(dt.date(2025, 11, 18)).as_of
    for call in (
        ("data", "fetch"),
        ("data", "inspect", "got", "--dataset", toyland.FOLDER),
        ("data", "pack", "got", "-o", "a.parquet", "--dataset", toyland.FOLDER),
        ("data", "verify"),
        ("map", "-o", "x.html"),
        ("areas",),
        ("export", "-o", "x.gpkg"),
    ):
        assert line(*call).status == 0, call
    assert line("areas", "as_held", *on).status in (0, 1)


# Real files


@pytest.mark.realdata
def test_real_days_end_to_end(line: Any, real_data: Path, tmp_path: Path) -> None:
    """The dataset's own entry, its address led to this machine."""
    daily = real_data / "deepstate_daily"
    files = {
        f"/data/{path.name}": path.read_bytes() for path in daily.glob("*_2025111[0-9].geojson")
    }
    entry = registered(lp.load_dataset())["deepstate"]
    with serving(files) as feed:
        given = entry.model_dump(mode="json", exclude_defaults=True)
        given["url"] = feed.url("/data/deepstatemap_data_%Y%m%d.geojson")
        given["first"] = entry.first
        rows = [
            f"{k} = {v}" if k == "first" else f"{k} = {json.dumps(v)}" for k, v in given.items()
        ]
        (tmp_path / "r.toml").write_text("[[source]]\n" + "\n".join(rows))
        call = ("data", "fetch", "deepstate", "--registry", "r.toml", "-o", "got")
        feed.cut["/data/deepstatemap_data_20251112.geojson"] = 50_000
        span = ("--from", "2025-11-10", "--to", "2025-11-19")
        assert "broke off after" in one_line_of(line(*call, *span))
        said = line(*call, *span)
        assert said.status == 0
        assert "20251112.geojson: gone on with at byte" in said.err
    got = contents(tmp_path / "got")
    assert {f"/data/{name}": content for name, content in got.items() if name != INDEX} == files
    for file in sorted(files)[:1] + sorted(files)[-1:]:
        name = Path(file).name
        day = f"{name[-16:-12]}-{name[-12:-10]}-{name[-10:-8]}"
        ours = line("areas", "--control", "got", "--as-of", day, "--format", "json").document
        plain = line("areas", "--control", daily / name, "--format", "json").document
        assert ours["rows"] == plain["rows"]
    refused = one_line_of(line("map", "-o", "x.html", "--control", "got"))
    assert "its terms do not allow its geometry to be passed on" in refused
    permitted = line("map", "-o", "x.html", "--control", "got", "--i-have-permission")
    assert permitted.status == 0
