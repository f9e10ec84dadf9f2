"""Datasets: a folder of units, control, places, context and plans, each file with its papers."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import pandas as pd
import shapely
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from lineplan.errors import DatasetError, LineplanError
from lineplan.features import read_features, sha256_of
from lineplan.output import replacing

ROLES = (
    *("units", "control", "assessments", "places", "context", "codes", "register"),
    *("plan", "feature", "source", "registry"),
)
Redistribution = Literal["allowed", "forbidden", "not stated"]
"""Whether the terms of a source let its geometry be passed on."""
_PACKAGED = Path(__file__).parent / "data"
_CHECKOUT = Path(__file__).parents[2] / "data"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Party(_Strict):
    """A party to the conflict: data, never code.

    Attributes
    ----------
    id : str
        Short key used in plans and sources of control, e.g. ``ua``.
    name, forces, territory, by : dict of str
        By language: the name ("Russia"), the genitive of its forces ("Russian forces"), the
        adjective that goes with territory ("Russian") and the form after "recognised by" ("the
        United States").
    """

    id: str
    name: dict[str, str]
    forces: dict[str, str] = {}
    territory: dict[str, str] = {}
    by: dict[str, str] = {}


class Subject(_Strict):
    """What texts speak of, so that clauses of several plans can be set side by side.

    Attributes
    ----------
    name : dict of str
        By language; clauses name it in English.
    units, not_units : tuple of str
        Where it is a matter of units: on whose ground clauses are compared.
    """

    name: dict[str, str]
    units: tuple[str, ...] = ()
    not_units: tuple[str, ...] = ()


class DerivedFrom(_Strict):
    """A source that a file of the dataset was compiled from."""

    name: str
    date: date
    terms: str
    viewpoint: str = ""
    url: str = ""


class DataFile(_Strict):
    """What one file of the dataset is and where it comes from."""

    path: str
    role: Literal[ROLES]  # type: ignore[valid-type]
    title: str
    description: str
    licence: str
    attribution: str
    viewpoint: str
    as_of: date
    sha256: str = ""
    rows: int = 0
    control_class: str = "not stated"
    redistribution: Redistribution = "not stated"
    package: str = ""
    url: str = ""
    derived_from: tuple[DerivedFrom, ...] = ()


class PointOfInterest(_Strict):
    """A bridge, dam, port or power plant that the texts speak of or that readers ask for."""

    id: str
    kind: str
    lon: float
    lat: float
    name: dict[str, str]
    note: str = ""
    source: str = ""
    point: int | None = None


class RegisterPoint(_Strict):
    """One numbered point of the text that a plan is taken from."""

    number: int
    summary: dict[str, str]
    quote: str
    spatial: bool
    touches: str = ""
    geometry: str = ""
    feature: str = ""
    plan: str = ""
    mapped: bool = False
    why: str = ""
    note: str = ""


class _Manifest(_Strict):
    id: str
    title: dict[str, str]
    country: dict[str, str]
    default_holder: str
    claimant: str = "unknown"
    border_tolerance_km: float = Field(ge=0)
    legal_baseline: str
    party: tuple[Party, ...]
    file: tuple[DataFile, ...]
    subject: tuple[Subject, ...] = ()
    point_of_interest: tuple[PointOfInterest, ...] = ()


@dataclass(frozen=True)
class Dataset:
    """A folder with `dataset.toml` and the files it describes.

    Attributes
    ----------
    folder : Path
    manifest : pydantic model
        The parsed `dataset.toml`.
    given_units : GeoDataFrame or None
        Units in place of its own (`on_units`).
    """

    folder: Path
    manifest: _Manifest
    given_units: gpd.GeoDataFrame | None = field(default=None, repr=False, compare=False)

    def __getstate__(self) -> dict[str, Any]:
        """Without what it has read, and with a folder that another process finds.

        An embedded dataset lies in every installation, wherever that is.
        """
        folder = self.folder.name if self.is_embedded else self.folder.absolute()
        return {"folder": folder, "manifest": self.manifest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        folder = state["folder"]
        self.__dict__.update(
            state, folder=folder if isinstance(folder, Path) else data_folder() / folder
        )

    @property
    def is_embedded(self) -> bool:
        """Whether it comes with every installation of lineplan."""
        return self.folder.parent == data_folder()

    @property
    def id(self) -> str:
        """Identifier, e.g. ``ukraine``."""
        return self.manifest.id

    @property
    def title(self) -> dict[str, str]:
        """Title by language."""
        return self.manifest.title

    @property
    def country(self) -> dict[str, str]:
        """Name by language of the country whose internationally recognised borders these are."""
        return self.manifest.country

    @property
    def default_holder(self) -> str:
        """Who holds what no polygon of a source claims."""
        return self.manifest.default_holder

    @property
    def claimant(self) -> str:
        """Whose ground it is that a source without a holder column draws."""
        return self.manifest.claimant

    @property
    def border_tolerance_km(self) -> float:
        """How far inland a mismatch between a source and the units' outer boundary reaches."""
        return self.manifest.border_tolerance_km

    @property
    def parties(self) -> tuple[Party, ...]:
        """All parties."""
        return self.manifest.party

    @property
    def files(self) -> tuple[DataFile, ...]:
        """All files, with licence, date and checksum."""
        return self.manifest.file

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """What texts speak of, in the order in which it is compared."""
        return self.manifest.subject

    @property
    def points_of_interest(self) -> tuple[PointOfInterest, ...]:
        """Bridges, dams, ports and power plants."""
        return self.manifest.point_of_interest

    def party(self, party_id: str) -> Party:
        """Party with this id; DatasetError when there is none."""
        for party in self.parties:
            if party.id == party_id:
                return party
        known = ", ".join(p.id for p in self.parties)
        raise DatasetError(f"{self.id}: no party {party_id!r}; the dataset declares {known}")

    def file(self, role: str) -> DataFile:
        """The latest file with this role; DatasetError when there is none."""
        files = [f for f in self.files if f.role == role]
        if not files:
            raise DatasetError(f"{self.folder / 'dataset.toml'}: names no file with role {role!r}")
        return max(files, key=lambda f: f.as_of)

    def path(self, role: str) -> Path:
        """Where the latest file with this role lies."""
        return self.folder / self.file(role).path

    @cached_property
    def _units(self) -> gpd.GeoDataFrame:
        return read_features(self.path("units"), kind="polygon").frame

    def on_units(self, units: gpd.GeoDataFrame) -> Dataset:
        """The same dataset with other units, with the columns of its own."""
        return replace(self, given_units=units)

    def units(self) -> gpd.GeoDataFrame:
        """Administrative units.

        Returns
        -------
        GeoDataFrame
            `unit_id`, `name`, `name_uk`, `name_ru`, `name_zh_hant` and `geometry` (EPSG:4326).
        """
        return (self._units if self.given_units is None else self.given_units).copy()

    def context(self) -> gpd.GeoDataFrame:
        """Base map: land, international boundaries, rivers and cities.

        Returns
        -------
        GeoDataFrame
            `layer`, `name`, `name_uk`, `name_ru`, `name_zh_hant`, `population` and `geometry`
            (EPSG:4326).
        """
        return read_features(self.path("context")).frame

    @cached_property
    def _features(self) -> dict[str, shapely.Geometry]:
        """Named ground and lines that a plan can measure from."""
        found = {site.id: shapely.Point(site.lon, site.lat) for site in self.points_of_interest}
        if any(file.role == "context" for file in self.files):
            context = self.context()
            rivers = context[(context["layer"] == "river") & context["name"].notna()]
            for name, parts in rivers.groupby("name"):
                found[_slug(str(name))] = shapely.line_merge(
                    shapely.union_all(parts.geometry.to_numpy()), directed=True
                )
        for file in self.files:
            if file.role == "feature":
                frame = read_features(self.folder / file.path).frame
                found[Path(file.path).stem] = shapely.union_all(frame.geometry.to_numpy())
        return found

    def feature_ids(self) -> list[str]:
        """Ids of the features that a plan can measure from: sites, rivers, named areas."""
        return sorted(self._features)

    def feature(self, feature_id: str) -> shapely.Geometry:
        """Geometry (EPSG:4326) of a feature; DatasetError when there is none of that id."""
        if feature_id not in self._features:
            raise DatasetError(
                f"{self.id}: no feature {feature_id!r}; it has {', '.join(self.feature_ids())}"
            )
        return self._features[feature_id]

    def places(self) -> pd.DataFrame:
        """Populated places.

        Returns
        -------
        DataFrame
            `geonameid`, `name`, `unit_id`, `lon`, `lat`, `population` (nominal, pre-war),
            `name_uk`, `name_ru`, `name_zh_hant`, `former_names`.
        """
        return pd.read_csv(self.path("places"), keep_default_na=False)

    def assessments(self) -> pd.DataFrame:
        """What known assessments say of the day of the embedded control.

        Returns
        -------
        DataFrame
            `unit_id`, `assessment`, `held_by`, `km2`.
        """
        return pd.read_csv(self.path("assessments"))

    def codes(self) -> pd.DataFrame:
        """Codes and names under which other sources know the units.

        Returns
        -------
        DataFrame
            `unit_id`, `cod_ab` (P-code, also the first four characters of the KATOTTH code),
            `names` (``;`` between them).
        """
        return pd.read_csv(self.path("codes"), keep_default_na=False, dtype=str)

    def register(self) -> list[RegisterPoint]:
        """Every numbered point of the text the first plan is taken from."""
        path = self.path("register")
        points = _read_toml(path)["point"]
        try:
            return [RegisterPoint.model_validate(point) for point in points]
        except ValidationError as fault:
            raise DatasetError(f"{path}: {_first(fault)}") from None

    def plan_ids(self) -> list[str]:
        """Ids of the plans that lie in the dataset."""
        return sorted(Path(f.path).stem for f in self.files if f.role == "plan")

    def plan_path(self, plan_id: str) -> Path:
        """Where the plan with this id lies; DatasetError when there is none."""
        for file in self.files:
            if file.role == "plan" and Path(file.path).stem == plan_id:
                return self.folder / file.path
        raise DatasetError(
            f"{plan_id}: neither a plan file nor a plan of dataset {self.id} "
            f"({', '.join(self.plan_ids())})"
        )

    def verify(self) -> list[str]:
        """Compare every file with its papers.

        Returns
        -------
        list of str
            One line for each fault; empty when all is well.
        """
        faults = []
        for file in self.files:
            path = self.folder / file.path
            if not path.is_file():
                faults.append(f"{path}: missing")
                continue
            found = sha256_of(path)
            if found != file.sha256:
                faults.append(f"{path}: sha256 is {found}, dataset.toml says {file.sha256}")
            try:
                rows = count_rows(path)
            except (LineplanError, ValueError) as fault:
                faults.append(str(fault))
                continue
            if rows != file.rows:
                faults.append(f"{path}: has {rows} rows, dataset.toml says {file.rows}")
        return faults


def _slug(name: str) -> str:
    """An id made of a name: ``Siverskyi Donets`` is ``siverskyi_donets``."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")


def count_rows(path: Path) -> int:
    """Rows of a table, features of a vector file, or what a TOML file lists."""
    if path.suffix == ".csv":
        return len(pd.read_csv(path))
    if path.suffix == ".toml":
        content = _read_toml(path)
        lists = (content[key] for key in ("point", "clause", "rule", "source") if key in content)
        return len(next(lists, ()))
    return len(read_features(path).frame)


def data_folder() -> Path:
    """Where the embedded datasets lie: in the installed package, or in the checkout."""
    for folder in (_PACKAGED, _CHECKOUT):
        if folder.is_dir():
            return folder
    raise DatasetError("lineplan was installed without its data; install it again")


def list_datasets() -> list[str]:
    """Names of the embedded datasets."""
    return sorted(p.parent.name for p in data_folder().glob("*/dataset.toml"))


def load_dataset(name: str | Path = "ukraine") -> Dataset:
    """Open an embedded dataset by name, or any folder with a `dataset.toml`.

    Parameters
    ----------
    name : str or Path

    Returns
    -------
    Dataset

    Raises
    ------
    DatasetError
        There is no such dataset, or its `dataset.toml` is faulty.
    """
    folder = Path(name)
    if not (folder / "dataset.toml").is_file():
        folder = data_folder() / str(name)
    path = folder / "dataset.toml"
    if not path.is_file():
        raise DatasetError(
            f"{name}: no such dataset; embedded are {', '.join(list_datasets())}, or give a "
            "folder with a dataset.toml"
        )
    try:
        manifest = _Manifest.model_validate(_read_toml(path))
    except ValidationError as fault:
        raise DatasetError(f"{path}: {_first(fault)}") from None
    dataset = Dataset(folder, manifest)
    for key in ("default_holder", "claimant"):
        party, known = getattr(manifest, key), [p.id for p in manifest.party]
        if party not in (*known, "unknown"):
            raise DatasetError(
                f"{path}: {key} {party!r} is no party; write {', '.join(known)} or unknown"
            )
    return dataset


def seal_dataset(folder: str | Path) -> list[DataFile]:
    """Write checksum and row count of every file into a dataset.toml, after a deliberate change.

    Only these two values of each ``[[file]]`` are touched; everything else a person writes.

    Parameters
    ----------
    folder : str or Path
        Of the dataset.

    Returns
    -------
    list of DataFile
        As they now stand.

    Raises
    ------
    DatasetError
        The folder has no dataset.toml, or it names a file that is not there.
    """
    dataset = load_dataset(folder)
    manifest = dataset.folder / "dataset.toml"
    head, *tables = re.split(r"^(?=\[)", manifest.read_text(encoding="utf-8"), flags=re.MULTILINE)
    files = iter(dataset.files)
    for number, table in enumerate(tables):
        if not table.startswith("[[file]]"):
            continue
        path = dataset.folder / next(files).path
        if not path.is_file():
            raise DatasetError(f"{path}: {manifest.name} names it, and it is not there")
        for key, value in (("sha256", f'"{sha256_of(path)}"'), ("rows", str(count_rows(path)))):
            line = f"{key} = {value}"
            table, found = re.subn(rf"^{key} = .*$", line, table, count=1, flags=re.MULTILINE)
            if not found:
                body = table.rstrip("\n")
                table = f"{body}\n{line}{table[len(body) :] or chr(10)}"
        tables[number] = table
    with replacing(manifest) as beside:
        beside.write_text("".join([head, *tables]), encoding="utf-8")
    return list(load_dataset(folder).files)


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise DatasetError(f"{path}: cannot be read ({fault})") from None


def _first(fault: ValidationError) -> str:
    error = fault.errors()[0]
    return f"{'.'.join(map(str, error['loc']))}: {error['msg']}"
