"""Plans through time: figures for every day of an archive of control."""

from __future__ import annotations

from lineplan.chronology.series import Timeline, timeline

__all__ = ["Timeline", "timeline"]
