"""Scripts run by the Python that QGIS brings, and what they saw."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def python_of_qgis() -> str | None:
    """A Python that has QGIS: Debian's python3-qgis serves the system's own."""
    for python in ("/usr/bin/python3", shutil.which("python3")):
        if python and Path(python).exists() and python != sys.executable:
            tried = subprocess.run([python, "-c", "import qgis.core"], capture_output=True)
            if tried.returncode == 0:
                return python
    return None


def run(python: str, script: str, home: Path, *arguments: object, given: object = None) -> str:
    """What a script of this folder prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("GDAL_", "PROJ_", "PYTHON"))}
    # A home of its own: no style of the user's, no plugin.
    own = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "XDG_RUNTIME_DIR": str(home)}
    ran = subprocess.run(
        [python, str(HERE / script), *map(str, arguments)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        env=clean | own,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return ran.stdout


def look(
    python: str,
    package: Path,
    folder: Path,
    layers: Sequence[str],
    pictures: list[dict[str, Any]],
) -> Any:
    """What `render.py` saw; its pictures are in the folder."""
    with closing(sqlite3.connect(package)) as database:
        sld = database.execute(
            "SELECT f_table_name, styleSLD FROM layer_styles WHERE f_geometry_column <> ''"
        ).fetchall()
    styles = {name: text for name, text in sld if name in layers}
    wanted = {"layers": layers, "pictures": pictures, "sld": styles}
    run(python, "render.py", folder, package, folder, given=wanted)
    return json.loads((folder / "seen.json").read_text(encoding="utf-8"))
