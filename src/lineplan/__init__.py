"""lineplan: turn the territorial words of a peace proposal into a map that can be checked.

>>> import lineplan as lp
>>> a = lp.arrange("point21")
>>> a.areas("status")
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from lineplan.arrangement import Arrangement, arrange
    from lineplan.chronology import Timeline, timeline
    from lineplan.comparison import Comparison, compare
    from lineplan.control import Archive, Control, open_archive, read_control
    from lineplan.dataset import Dataset, list_datasets, load_dataset
    from lineplan.errors import (
        ConflictError,
        ControlError,
        DatasetError,
        GeometryError,
        LineplanError,
        LineplanWarning,
        PartitionError,
        PlanError,
        UsageError,
    )
    from lineplan.partition import Partition
    from lineplan.plan import Plan
    from lineplan.plan.file import load_plan, plan_schema
    from lineplan.reporting import ReportAreas, read_report
    from lineplan.units import read_units
    from lineplan.webmap import atlas
    from lineplan.zoning import apply

_HOME = {
    "Archive": "control",
    "Arrangement": "arrangement",
    "Comparison": "comparison",
    "ConflictError": "errors",
    "Control": "control",
    "ControlError": "errors",
    "Dataset": "dataset",
    "DatasetError": "errors",
    "GeometryError": "errors",
    "LineplanError": "errors",
    "LineplanWarning": "errors",
    "Partition": "partition",
    "PartitionError": "errors",
    "Plan": "plan",
    "PlanError": "errors",
    "ReportAreas": "reporting",
    "Timeline": "chronology",
    "UsageError": "errors",
    "apply": "zoning",
    "arrange": "arrangement",
    "atlas": "webmap",
    "compare": "comparison",
    "list_datasets": "dataset",
    "load_dataset": "dataset",
    "load_plan": "plan.file",
    "open_archive": "control",
    "plan_schema": "plan.file",
    "read_control": "control",
    "read_report": "reporting",
    "read_units": "units",
    "timeline": "chronology",
}

__all__ = [
    "Archive",
    "Arrangement",
    "Comparison",
    "ConflictError",
    "Control",
    "ControlError",
    "Dataset",
    "DatasetError",
    "GeometryError",
    "LineplanError",
    "LineplanWarning",
    "Partition",
    "PartitionError",
    "Plan",
    "PlanError",
    "ReportAreas",
    "Timeline",
    "UsageError",
    "__version__",
    "apply",
    "arrange",
    "atlas",
    "compare",
    "list_datasets",
    "load_dataset",
    "load_plan",
    "open_archive",
    "plan_schema",
    "read_control",
    "read_report",
    "read_units",
    "timeline",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that importing lineplan is quick."""
    if name not in _HOME:
        raise AttributeError(f"module 'lineplan' has no attribute {name!r}")
    value = getattr(import_module(f"lineplan.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
