"""Write beside, then rename: an older file stays as it was until the new one is complete."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from lineplan.errors import LineplanError


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Give a draft to write, which takes the place of `path` when all went well.

    Parameters
    ----------
    path : str or Path

    Yields
    ------
    Path
        In a folder of its own beside `path`, with the same ending.

    Raises
    ------
    LineplanError
        The folder does not exist, or the file cannot be written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise LineplanError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise LineplanError(f"{path}: is a folder; name a file")
    try:
        # A folder, because drivers leave journals and scratch files beside what they write.
        with TemporaryDirectory(prefix=".lineplan-", dir=path.parent) as folder:
            draft = Path(folder) / f"draft{path.suffix}"
            yield draft
            draft.replace(path)
    except OSError as fault:
        raise LineplanError(f"{path}: cannot be written ({fault.strerror or fault})") from None
