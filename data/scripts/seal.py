"""Write the sha256 and row count of every file into a dataset.toml, after a deliberate change.

    python data/scripts/seal.py data/ukraine

Only these two values of each ``[[file]]`` are touched; everything else a person writes.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from lineplan.dataset import count_rows
from lineplan.features import sha256_of


def seal(folder: Path) -> None:
    """Bring `folder`/dataset.toml up to date with the files beside it."""
    manifest = folder / "dataset.toml"
    head, *tables = manifest.read_text(encoding="utf-8").split("[[file]]\n")
    sealed = [head]
    for table in tables:
        found = re.search(r'^path = "(.+)"$', table, flags=re.MULTILINE)
        if found is None:
            sys.exit(f"{manifest}: a [[file]] has no path")
        path = folder / found[1]
        digest, rows = sha256_of(path), count_rows(path)
        table = re.sub(r'^sha256 = ".*"$', f'sha256 = "{digest}"', table, count=1, flags=re.M)
        sealed.append(re.sub(r"^rows = \d+$", f"rows = {rows}", table, count=1, flags=re.M))
    manifest.write_text("[[file]]\n".join(sealed), encoding="utf-8")


if __name__ == "__main__":
    for argument in sys.argv[1:] or sys.exit(__doc__):
        seal(Path(argument))
