"""Sources of control: who is said to hold which ground, on which day."""

from __future__ import annotations

from lineplan.control.archive import Archive, open_archive
from lineplan.control.packing import pack
from lineplan.control.read import read_control
from lineplan.control.sourcefile import SourceFile, load_source_file
from lineplan.control.state import Control

__all__ = [
    "Archive",
    "Control",
    "SourceFile",
    "load_source_file",
    "open_archive",
    "pack",
    "read_control",
]
