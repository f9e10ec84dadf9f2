"""The atlas of many days and plans: its bytes, and what a browser needs to draw and to move it."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import folium
from inputs import Inputs
from measure import Row

import lineplan as lp

PLANS = ["point21", "plan20", "as_held"]
DAYS = 500
BYTES_BOUND = 450_000
DRAWN_S, CHANGE_MS = 0.5, 50
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


def rows(inputs: Inputs, arrangement: lp.Arrangement, runs: int, limit: int) -> list[Row]:
    with tempfile.TemporaryDirectory() as folder, _browser(Path(folder)) as driver:
        found = [_one_day(arrangement, driver, Path(folder), runs)]
        return [*found, *_many_days(inputs, driver, Path(folder), limit)]


def _one_day(arrangement: lp.Arrangement, driver: Any, folder: Path, runs: int) -> Row:
    what = "one-day HTML map drawn headless, without a network"
    if driver is None:
        return Row(what, "no Chromium, chromedriver and selenium here", reach=f"≤ {DRAWN_S} s")
    pages = {"ours": arrangement.map().html(), "folium.GeoJson": _plain_folium(arrangement)}
    with suppress(ImportError):  # maps.py says that it is not installed
        pages["geopandas .explore()"] = arrangement.zones.explore().get_root().render()
    seconds, shapes = 0.0, {}
    for name, page in pages.items():
        path = folder / "page.html"
        path.write_text(page, encoding="utf-8")
        times = []
        for _ in range(runs if name == "ours" else 1):
            driver.get("about:blank")
            driver.get(path.as_uri())
            if name == "ours":
                times.append(_painted_s(driver))
        seconds = statistics.median(times) if times else seconds
        shapes[name] = driver.execute_script(
            "return [...document.querySelectorAll('path')].filter((p) => p.closest('.leaflet-pane')"
            " && p.getAttribute('d').length > 9).length"
        )
    peers = [name for name in pages if name != "ours"]
    return Row(
        what,
        f"{seconds:.2f} s, {shapes['ours']} shapes",
        "; ".join(f"{name} draws {shapes[name]} shapes" for name in peers),
        "-",
        f"≤ {DRAWN_S} s",
        seconds <= DRAWN_S,
        f"{shapes['ours']} shapes of {len(arrangement.zones)} zones and lines",
        shapes["ours"] >= len(arrangement.zones),
    )


def _many_days(inputs: Inputs, driver: Any, folder: Path, limit: int) -> list[Row]:
    what = f"{DAYS}-day, {len(PLANS)}-plan atlas"
    if not inputs.days:
        return [Row(what, "needs real daily files", reach="≤ 450 kB; a date change ≤ 50 ms")]
    chosen = folder / "days"
    chosen.mkdir()
    for path in inputs.days[-limit:]:
        (chosen / path.name).symlink_to(path)
    raw_bytes = sum(path.stat().st_size for path in inputs.days[-limit:])
    page = folder / "atlas.html"
    # A page of our own, deleted when it is measured: it is passed on to nobody.
    lp.atlas(PLANS, control=chosen, has_permission=True).save(page)
    size = page.stat().st_size
    found = [
        Row(
            f"{limit}-day, {len(PLANS)}-plan atlas, bytes",
            f"{size / 1000:,.0f} kB",
            f"the daily files alone {raw_bytes / 1e6:,.1f} MB",
            f"{raw_bytes / size:.2g}x",
            "≤ 450 kB",
            size <= BYTES_BOUND,
        )
    ]
    if driver is not None:
        driver.get(page.as_uri())
        ms = driver.execute_script(
            "const { app } = lineplan, last = app.at.day, spent = [];"
            "for (let day = last - 1; day > Math.max(0, last - 60); day--) {"
            "  const start = performance.now(); app.go({ day }); document.body.offsetHeight;"
            "  spent.push(performance.now() - start); }"
            "return spent;"
        )
        median, worst = statistics.median(ms), max(ms)
        found.append(
            Row(
                "a date change in it: script and layout, median of 59",
                f"{median:.0f} ms (worst {worst:.0f})",
                reach=f"≤ {CHANGE_MS} ms",
                reached=median <= CHANGE_MS,
            )
        )
    return found


def _painted_s(driver: Any) -> float:
    """Until the first paint, which follows the script that draws."""
    painted = driver.execute_async_script(
        "const done = arguments[0], look = () => {"
        "  const [paint] = performance.getEntriesByName('first-contentful-paint');"
        "  if (paint) done(paint.startTime); else setTimeout(look, 10); }; look();"
    )
    return float(painted) / 1000


def _plain_folium(arrangement: lp.Arrangement) -> str:
    page = folium.Map(location=[48, 37], zoom_start=6)
    folium.GeoJson(arrangement.zones).add_to(page)
    return str(page.get_root().render())


@contextmanager
def _browser(folder: Path) -> Iterator[Any]:
    """Headless Chromium without a network; None where there is none."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    chromedriver = shutil.which("chromedriver")
    try:
        from selenium import webdriver
    except ImportError:
        chromium = None
    if not chromium or not chromedriver:
        yield None
        return
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, "--window-size=1280,800", f"--user-data-dir={folder / 'profile'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    try:
        yield driver
    finally:
        driver.quit()
