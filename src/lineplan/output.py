"""Write beside, then rename: an older file stays as it was until the new one is complete.

And date what GDAL writes, so that two runs give the same file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
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
        The folder does not exist, or the file cannot be written or is a device or a pipe.
    """
    path = Path(path)
    check_replaceable(path)
    target = path.resolve()  # what a link points to is replaced, not the link
    try:
        # A folder, because drivers leave journals and scratch files beside what they write.
        with TemporaryDirectory(prefix=".lineplan-", dir=target.parent) as folder:
            draft = Path(folder) / f"draft{path.suffix}"
            yield draft
            if target.exists():
                shutil.copymode(target, draft)
            draft.replace(target)
    except OSError as fault:
        raise LineplanError(f"{path}: cannot be written ({fault.strerror or fault})") from None


@contextmanager
def replacing_all(paths: Iterable[str | Path]) -> Iterator[list[Path]]:
    """Give a draft for each of several files, which take their places once all are written.

    Parameters
    ----------
    paths : iterable of str or Path
        The last is the first to be replaced.

    Yields
    ------
    list of Path
        As `replacing`, in the order of `paths`.

    Raises
    ------
    LineplanError
        As `replacing`.
    """
    with ExitStack() as stack:
        yield [stack.enter_context(replacing(path)) for path in paths]


def check_replaceable(path: Path) -> None:
    """Raise LineplanError where `replacing` could not put a file: to be said before the work."""
    if not path.parent.is_dir():
        raise LineplanError(f"{path}: there is no folder {path.parent}; make it first")
    target = path.resolve()
    if target.exists() and not target.is_file():
        kind = "a folder" if target.is_dir() else "a device or a pipe"
        raise LineplanError(f"{path}: is {kind}, which must not be replaced; name a file")


@contextmanager
def dated(day: str) -> Iterator[None]:
    """Let GDAL write `day` as the time of the last change, so that two runs give the same file."""
    import pyogrio

    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": f"{day}T00:00:00.000Z"})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
