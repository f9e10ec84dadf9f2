"""A new plan file: every key of the language, most of them commented out."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from string import Template
from textwrap import fill
from typing import get_args

from lineplan.dataset import Dataset, load_dataset
from lineplan.days import today
from lineplan.errors import LineplanError, UsageError
from lineplan.output import replacing
from lineplan.plan import STATUSES, Quote
from lineplan.plan.file import plan_schema

SCHEMA_FILE = "plan.schema.json"
SCHEMA_LINE = f"#:schema ./{SCHEMA_FILE}"
"""First line of a plan file by which editors with Taplo find the schema."""
ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def starter(plan_id: str, dataset: Dataset, *, with_schema: bool = False) -> str:
    """Content of a new plan file, which checks clean as it stands.

    Parameters
    ----------
    plan_id : str
    dataset : Dataset
        Whose units, parties and features it lists.
    with_schema : bool
        Begin with the line that points an editor to the schema.

    Returns
    -------
    str
        TOML. A ``#`` with no space after it stands before a key that can be uncommented.

    Raises
    ------
    UsageError
        The id is none.
    """
    if not ID.fullmatch(plan_id):
        raise UsageError(
            f"{plan_id!r} is no id of a plan; use letters, digits, - and _, a letter or digit first"
        )
    if plan_id in dataset.plan_ids():
        raise UsageError(f"{plan_id}: dataset {dataset.id} has a plan of this id; choose another")
    units = dataset.units()
    template = (resources.files("lineplan") / "plan" / "starter.toml").read_text(encoding="utf-8")
    text = Template(template).substitute(
        id=plan_id,
        dataset=dataset.id,
        date=today().isoformat(),
        statuses=_listed(STATUSES),
        kinds=_listed(get_args(Quote.model_fields["kind"].annotation)),
        subjects=_listed(subject.name["en"] for subject in dataset.subjects),
        units=_listed(
            f"{i} ({name})" for i, name in zip(units["unit_id"], units["name"], strict=True)
        ),
        parties=_listed(f"{party.id} ({party.name['en']})" for party in dataset.parties),
        features=_listed(dataset.feature_ids()),
        **_examples(dataset),
    )
    return f"{SCHEMA_LINE}\n{text}" if with_schema else text


def _examples(dataset: Dataset) -> dict[str, str]:
    """Names of the dataset that stand in the file; a subject that is a matter of one unit."""
    units, parties = list(dataset.units()["unit_id"]), [party.id for party in dataset.parties]
    single = [subject for subject in dataset.subjects if len(subject.units) == 1]
    unit = single[-1].units[0] if single else units[0]
    others = [u for u in units if u != unit] or units
    party = dataset.default_holder if dataset.default_holder in parties else parties[0]
    return {
        "subject": single[-1].name["en"] if single else "Subject",
        "unit": unit,
        "other_unit": others[0],
        "third_unit": others[-1],
        "party": party,
        "other_party": next((other for other in parties if other != party), party),
        "third_party": parties[-1],
        "feature": next(iter(dataset.feature_ids()), "line"),
    }


def write_new(
    plan_id: str, path: Path, *, with_schema: bool = False, dataset: Dataset | None = None
) -> None:
    """Write a new plan file, and on request the schema beside it; never over another file.

    Parameters
    ----------
    plan_id : str
    path : Path
    with_schema : bool
    dataset : Dataset, optional
        The embedded one when not given.

    Raises
    ------
    UsageError
        The id is none.
    LineplanError
        A file stands there already.
    """
    text = starter(plan_id, dataset or load_dataset(), with_schema=with_schema)
    schema = json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"
    beside = path.parent / SCHEMA_FILE
    if path.exists():
        raise LineplanError(f"{path}: stands there already; name another file with -o")
    if with_schema and not (beside.is_file() and beside.read_text(encoding="utf-8") == schema):
        if beside.exists():
            raise LineplanError(f"{beside}: stands there already, and is another; move it away")
        with replacing(beside) as draft:
            draft.write_text(schema, encoding="utf-8")
    with replacing(path) as draft:
        draft.write_text(text, encoding="utf-8")


def _listed(words: Iterable[str]) -> str:
    return fill(", ".join(words), 98, initial_indent="#   ", subsequent_indent="#   ")
