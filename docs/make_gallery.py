"""Take the pictures of docs/gallery.md and docs/print.md, pages in Debian's Chromium.

python docs/make_gallery.py          needs selenium, Pillow, chromium(-driver), poppler-utils
python docs/make_gallery.py print    what is made for print alone
"""

import base64
import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from selenium import webdriver

import lineplan as lp

HERE = Path(__file__).parent
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
)
WIDE, PHONE = (1280, 800), (390, 844)
SHOTS: list[tuple[str, tuple[int, int], str, dict[str, str]]] = [
    ("atlas-desktop", WIDE, "", {}),
    ("atlas-two-texts", WIDE, "#plan=point21&with=plan20", {}),
    ("atlas-dark", WIDE, "#lang=uk", {"prefers-color-scheme": "dark"}),
    ("atlas-phone", PHONE, "#lang=zh-Hant", {}),
    ("atlas-deuteranopia", WIDE, "", {"vision": "deuteranopia"}),
    ("atlas-print", (794, 1123), "", {"print": "yes"}),
]
FIGURES = {
    "print-a4": {"size": "a4", "dpi": 110},
    "print-column": {"size": "column", "dpi": 110},
    "print-16x9-uk": {"size": "16:9", "dpi": 90, "lang": "uk"},
}
PAGE_PX = (716, 1011)


def main() -> None:
    """Take every picture."""
    arrangement = lp.arrange("point21")
    for name, how in FIGURES.items():
        with tempfile.TemporaryDirectory() as folder:
            drawn = arrangement.figure(Path(folder) / "figure.png", **how)
            _keep(name, drawn.read_bytes())
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "atlas.html"
        report = arrangement.report(Path(folder) / "report.html")
        lp.atlas(["point21", "plan20", "as_held"]).save(page)
        for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
            options.add_argument(flag)
        service = webdriver.ChromeService(shutil.which("chromedriver") or "")
        driver = webdriver.Chrome(options=options, service=service)
        try:
            _keep("report", _printed(driver, report))
            for name, size, address, how in SHOTS if "print" not in sys.argv else ():
                _keep(name, _shot(driver, page, size, address, how))
        finally:
            driver.quit()


def _shot(
    driver: Any, page: Path, size: tuple[int, int], address: str, how: dict[str, str]
) -> bytes:
    metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    scheme = {"name": "prefers-color-scheme", "value": how.get("prefers-color-scheme", "light")}
    media = {"features": [scheme], "media": "print" if "print" in how else ""}
    driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    vision = {"type": how.get("vision", "none")}
    driver.execute_cdp_cmd("Emulation.setEmulatedVisionDeficiency", vision)
    driver.get("about:blank")
    driver.get(page.as_uri() + address)
    if "print" in how:
        driver.execute_script("window.dispatchEvent(new Event('beforeprint'))")
    driver.execute_async_script("setTimeout(arguments[0], 400)")
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
    return base64.b64decode(shot["data"])


def _printed(driver: Any, page: Path) -> bytes:
    """Print a page; its first two sheets side by side."""
    driver.get(page.as_uri())
    how = {"preferCSSPageSize": True, "printBackground": True}
    pdf = page.with_suffix(".pdf")
    pdf.write_bytes(base64.b64decode(driver.execute_cdp_cmd("Page.printToPDF", how)["data"]))
    width, height = PAGE_PX
    scale = ("-scale-to-x", str(width), "-scale-to-y", str(height))
    command = ["pdftoppm", "-png", *scale, pdf, page.with_suffix("")]
    subprocess.run(command, check=True)  # noqa: S603
    both = Image.new("RGB", (2 * width, height))
    for at, sheet in enumerate(sorted(page.parent.glob("report-*.png"))[:2]):
        both.paste(Image.open(sheet), (at * width, 0))
    kept = io.BytesIO()
    both.save(kept, "png")
    return kept.getvalue()


def _keep(name: str, png: bytes) -> None:
    image = Image.open(io.BytesIO(png)).convert("RGB").quantize(256, kmeans=4)
    image.save(HERE / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
