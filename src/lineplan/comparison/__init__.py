"""Comparison: several plans on the same ground, as figures, text and one page of HTML."""

from __future__ import annotations

from lineplan.comparison.comparing import compare
from lineplan.comparison.figures import CHANGES, Comparison

__all__ = ["CHANGES", "Comparison", "compare"]
