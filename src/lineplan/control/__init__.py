"""Sources of control: who is said to hold which ground, on which day."""

from __future__ import annotations

from lineplan.control.polygons import read_control
from lineplan.control.state import Control

__all__ = ["Control", "read_control"]
