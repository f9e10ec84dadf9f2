"""A real browser without any network, and pages to open in it."""

import json
import os
import shutil
from importlib import metadata

import pytest

import lineplan as lp
from lineplan.webmap import build_map

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


PLANS = ["point21", "plan20", "as_held"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Where a browser must be ($LINEPLAN_NEED_BROWSER), what would be skipped fails instead."""
    report = yield
    if report.skipped and os.environ.get("LINEPLAN_NEED_BROWSER"):
        report.outcome = "failed"
        report.longrepr = f"skipped, with LINEPLAN_NEED_BROWSER set: {call.excinfo.value}"
    return report


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """Headless Chromium, offline, with its console and network logs kept."""
    missing = [
        name for name, path in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if not path
    ]
    if missing:
        pytest.skip(
            f"needs {' and '.join(missing)} on the path (Debian: chromium, chromium-driver)"
        )
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    chrome.execute_cdp_cmd("Network.enable", {})
    chrome.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    yield chrome
    chrome.quit()


@pytest.fixture
def open_file(driver):
    """Open a file at a window size, with the logs emptied first."""

    def opened(path, width=1280, height=800, address=""):
        for log in ("browser", "performance"):
            driver.get_log(log)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        driver.get("about:blank")  # a new address alone would not open the page anew
        driver.get(path.as_uri() + address)
        return driver

    return opened


@pytest.fixture(scope="session")
def axe():
    """axe-core, as the package axe-playwright-python carries it."""
    try:
        files = metadata.files("axe-playwright-python") or []
    except metadata.PackageNotFoundError:
        pytest.skip("needs axe-playwright-python (make browser installs it)")
    source = next(f for f in files if f.name == "axe.min.js").read_text(encoding="utf-8")

    def violations(driver):
        """What axe finds on the page that is open: rule, and the elements."""
        if not driver.execute_script("return !!window.axe"):
            driver.execute_script(source)
        found = driver.execute_async_script(
            """
            const [rules, done] = arguments;
            axe.run({ runOnly: rules }).then(({ violations, passes }) => done([passes.length,
              violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) =>
                n.html.slice(0, 160) + (n.any[0] ? " " + n.any[0].message : ""))])]));
            """,
            RULES,
        )
        passed, violated = found
        assert passed > 10  # it has looked
        return json.dumps(violated, ensure_ascii=False, indent=1) if violated else ""

    return violations


@pytest.fixture
def scheme(driver):
    """Ask for the light or the dark scheme until the test is over."""

    def asked(name):
        media = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)

    yield asked
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


@pytest.fixture
def open_map(open_file, point21, tmp_path):
    """Save a map and open it; without one, the map of Point 21 with the options given."""

    def opened(plan_map=None, *, width=1280, height=800, **options):
        plan_map = plan_map or build_map(point21, **options)
        path = tmp_path / "map.html"
        plan_map.save(path)
        return open_file(path, width, height)

    return opened


@pytest.fixture(scope="session")
def atlas_file(days, tmp_path_factory):
    """Several plans on several days."""
    path = tmp_path_factory.mktemp("atlas") / "map.html"
    lp.atlas(PLANS, control=days, byline="A. Reader").save(path)
    return path


@pytest.fixture
def page(open_file, atlas_file):
    """The atlas, opened anew."""

    def opened(address="", width=1280, height=800):
        driver = open_file(atlas_file, width, height, address)
        settled(driver)
        return driver

    return opened


def settled(driver):
    """Wait until what follows a change of day in a task of its own has been done."""
    driver.execute_async_script("setTimeout(arguments[0], 30)")
