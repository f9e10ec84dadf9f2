"""What can go wrong, in one line each: file, feature, place, and what to do about it."""

from __future__ import annotations


class LineplanError(Exception):
    """Base of every error that lineplan raises on purpose.

    The message is one clear line for the person who gave the input. The command line prints it
    and exits with status 1.
    """


class UsageError(LineplanError):
    """An option or argument does not fit the others; the command line exits with status 2."""


class DatasetError(LineplanError):
    """A dataset, or one of its files, is missing, damaged or contradicts itself."""


class GeometryError(LineplanError):
    """A vector file or one of its features cannot be used."""


class ControlError(LineplanError):
    """A source of control cannot be read as who holds which ground."""


class PlanError(LineplanError):
    """A plan file breaks the rules of the plan language.

    Parameters
    ----------
    source : str
        File or id of the plan.
    faults : list of str
        Every fault found, each with the clause it stands in.

    Attributes
    ----------
    faults : tuple of str
    """

    def __init__(self, source: str, faults: list[str]) -> None:
        self.source = source
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{source}: {fault}" for fault in faults))


class ConflictError(LineplanError):
    """Two clauses of a plan, or two claims of a source, speak of the same ground."""


class PartitionError(LineplanError):
    """The partition failed its own proof: a gap, an overlap, or ground gained or lost."""


class LineplanWarning(UserWarning):
    """Something a careful reader should know before using a figure.

    Silence it with ``warnings.simplefilter("ignore", lineplan.LineplanWarning)``; what it said
    stays in ``Arrangement.conditions["notes"]``.
    """
