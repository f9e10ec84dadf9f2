"""The index of a folder of fetched files: where each comes from, and the papers of their source.

What is fetched carries its papers: a file that an index beside it lists is read with them.
"""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from lineplan.control.registry import RegisteredSource
from lineplan.control.sourcefile import SourceFile
from lineplan.errors import ControlError

INDEX = "lineplan-index.json"
"""Beside the files that it lists."""
FORMAT: Literal["lineplan index of fetched files"] = "lineplan index of fetched files"


class FetchedFile(BaseModel):
    """Where a file comes from, and what it was when it was fetched first.

    Attributes
    ----------
    url, sha256 : str
    bytes : int
    fetched_at : datetime
        With its time zone.
    etag, last_modified : str
        As the server gave them; "" where it did not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: str
    sha256: str
    bytes: int
    fetched_at: datetime
    etag: str = ""
    last_modified: str = ""


class Index(BaseModel):
    """What was fetched into a folder.

    Attributes
    ----------
    source : RegisteredSource
        As it was registered when it was last fetched.
    files : dict of FetchedFile
        By file name.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["lineplan index of fetched files"] = FORMAT
    version: Literal[1] = 1
    source: RegisteredSource
    files: dict[str, FetchedFile] = {}

    def with_file(self, name: str, file: FetchedFile) -> Index:
        """The index with one more file."""
        return self.model_copy(update={"files": dict(sorted({**self.files, name: file}.items()))})

    def text(self) -> str:
        """As it is written."""
        content = self.model_dump(mode="json", exclude={"source": {"sha256"}})
        return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_index(folder: Path) -> Index | None:
    """The index of a folder, None where it has none; ControlError for a damaged one."""
    path = folder / INDEX
    try:
        state = path.stat()
    except OSError:
        return None
    return _read(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=8)
def _read(path: Path, mtime_ns: int, size: int) -> Index:
    """Read once for all the files of a folder, until it changes."""
    try:
        return Index.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as fault:
        why = fault.errors()[0]["msg"] if isinstance(fault, ValidationError) else fault
        raise ControlError(
            f"{path}: is damaged ({why}); delete it, and fetch the files again"
        ) from None


def papers_beside(path: Path) -> SourceFile:
    """Papers of a fetched file, or of a folder of them; none for others.

    Parameters
    ----------
    path : Path
        Of a file or a folder.

    Returns
    -------
    SourceFile

    Raises
    ------
    ControlError
        The index beside it is damaged.
    """
    index = read_index(path if path.is_dir() else path.parent)
    if index is None or not (path.is_dir() or path.name in index.files):
        return SourceFile()
    return index.source.papers()
