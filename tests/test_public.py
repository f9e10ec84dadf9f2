"""The public face: small, documented, quick to import, and in layers."""

import inspect
import json
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from conftest import ROOT

import lineplan as lp
from lineplan.partition import partition


def test_names_are_few_and_sorted() -> None:
    assert lp.__all__ == sorted(lp.__all__)
    assert len(lp.__all__) <= 32


@pytest.mark.parametrize("name", lp.__all__)
def test_every_name_is_importable_and_documented(name: str) -> None:
    thing = getattr(lp, name)
    assert thing is getattr(lp, name)
    if not name.startswith("__"):
        words = inspect.getdoc(thing)
        assert words
        assert not words.startswith(f"{name}(")  # what dataclasses write by themselves


@pytest.mark.parametrize("name", [n for n in lp.__all__ if inspect.isroutine(getattr(lp, n))])
def test_functions_describe_their_parameters(name: str) -> None:
    function = getattr(lp, name)
    words = inspect.getdoc(function) or ""
    for parameter in inspect.signature(function).parameters:
        assert parameter in words
    positional = [
        p
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.POSITIONAL_OR_KEYWORD
    ]
    assert len(positional) <= 4


def test_no_public_function_bears_a_modules_name() -> None:
    """Importing the module would put it in the function's place."""
    modules = {path.stem for path in Path(lp.__file__).parent.iterdir()}
    assert modules & set(lp.__all__) == set()


def test_a_name_survives_the_import_of_every_module() -> None:
    before = {name: getattr(lp, name) for name in lp.__all__}
    for path in Path(lp.__file__).parent.glob("*.py"):
        if path.stem not in ("__init__", "__main__"):
            import_module(f"lineplan.{path.stem}")
    assert {name: getattr(lp, name) for name in lp.__all__} == before


def test_unknown_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'atlantis'"):
        _ = lp.atlantis
    assert set(lp.__all__) <= set(dir(lp))


def loaded_by(code: str) -> set[str]:
    """Modules that a new interpreter has after running `code`."""
    program = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_importing_is_quick_because_it_imports_nothing() -> None:
    heavy = {"geopandas", "pandas", "numpy", "shapely", "pyproj", "pydantic", "fiona", "folium"}
    assert loaded_by("import lineplan; lineplan.__version__, dir(lineplan)") & heavy == set()
    assert "geopandas" in loaded_by("import lineplan; lineplan.arrange")


def test_everything_can_be_imported_at_once() -> None:
    names: dict[str, object] = {}
    exec("from lineplan import *", names)
    assert set(lp.__all__) <= set(names)


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert lp.__version__ == project["version"]


@pytest.mark.parametrize(
    "name", [n for n in lp.__all__ if inspect.isclass(getattr(lp, n)) and n.endswith("Error")]
)
def test_errors_are_of_one_family(name: str) -> None:
    assert issubclass(getattr(lp, name), lp.LineplanError)


def test_a_module_imports_only_from_those_above_it() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 kept, 0 broken" in done.stdout


def two_calls(folder: Path) -> dict[str, object]:
    """How each public function, and each method of an arrangement, is called."""
    ukraine = lp.load_dataset()
    a = lp.arrange()
    units = ukraine.path("units")
    control = lp.read_control(None, ukraine)
    daily = folder / "daily"
    daily.mkdir()
    control.claims.to_file(daily / "line_20251120.geojson")
    days = folder / "days"
    days.mkdir()
    embedded = ukraine.path("control").read_bytes()
    (days / "day_20251120.geojson").write_bytes(embedded)
    parted = partition(ukraine.units(), control.claims, default_holder=ukraine.default_holder)
    plan = lp.load_plan("point21", ukraine).choose()
    return {
        "apply": lambda: lp.apply(plan, parted).to_json(),
        "arrange": lambda: lp.arrange().zones.to_json(),
        "atlas": lambda: lp.atlas(["point21", "as_held"], control=days).html(),
        "compare": lambda: lp.compare("point21", "as_held").control().to_json(),
        "list_datasets": lp.list_datasets,
        "load_dataset": lambda: lp.load_dataset().manifest,
        "load_plan": lambda: lp.load_plan("point21", ukraine),
        "open_archive": lambda: lp.open_archive(daily, ukraine).store.grounds,
        "plan_schema": lp.plan_schema,
        "read_control": lambda: lp.read_control(None, ukraine).claims.to_json(),
        "read_report": lambda: lp.read_report(units, "unit_id").frame.to_json(),
        "read_units": lambda: lp.read_units(units, ukraine).frame.to_json(),
        "timeline": lambda: lp.timeline("point21", control=days).areas.to_csv(),
        "areas": lambda: a.areas(["status", "unit"]).to_json(),
        "figure": lambda: a.figure(folder / "x.svg").read_bytes(),
        "headline": lambda: a.headline("demilitarized_buffer"),
        "locate": lambda: a.locate(37.57, 48.73).to_json(),
        "for_others": lambda: a.for_others().conditions,
        "map": lambda: a.map().html(),
        "places": lambda: a.places(status="demilitarized_buffer").to_json(),
        "report": lambda: a.report(folder / "x.html").read_bytes(),
        "write": lambda: a.write(folder / "x.geojson").read_bytes(),
    }


def test_every_public_function_gives_the_same_when_called_twice(tmp_path: Path) -> None:
    calls = two_calls(tmp_path)
    functions = {n for n in lp.__all__ if inspect.isroutine(getattr(lp, n))}
    methods = {n for n, _ in inspect.getmembers(lp.Arrangement, inspect.isfunction) if n[0] != "_"}
    assert functions | methods == set(calls)
    for name, call in calls.items():
        assert call() == call(), name
