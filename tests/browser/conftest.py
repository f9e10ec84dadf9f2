"""A real browser without any network, and pages to open in it."""

import os
import shutil

import pytest

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


@pytest.fixture(scope="session")
def driver(tmp_path_factory):
    """Headless Chromium, offline, with its console and network logs kept."""
    missing = [
        name for name, path in (("chromium", CHROMIUM), ("chromedriver", DRIVER)) if not path
    ]
    if missing:
        reason = f"needs {' and '.join(missing)} on the path (Debian: chromium, chromium-driver)"
        pytest.fail(reason) if os.environ.get("LINEPLAN_NEED_BROWSER") else pytest.skip(reason)
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


@pytest.fixture
def open_map(open_file, point21, tmp_path):
    """Save a map and open it; without one, the map of Point 21 with the options given."""

    def opened(plan_map=None, *, width=1280, height=800, **options):
        plan_map = plan_map or build_map(point21, **options)
        path = tmp_path / "map.html"
        plan_map.save(path)
        return open_file(path, width, height)

    return opened
