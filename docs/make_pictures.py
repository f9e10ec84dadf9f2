"""Draw the pictures of how-it-measures.md from the embedded data.

Needs matplotlib, which lineplan does not: ``pip install matplotlib``, then
``python docs/make_pictures.py``. The same data give the same files.
"""

from __future__ import annotations

import re
from collections import Counter
from io import StringIO
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pyproj
import shapely
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

import lineplan as lp
from lineplan import geodesy
from lineplan.partition.noding import GRID_DEG, node_faces
from lineplan.style import PAINTS

FOLDER = Path(__file__).parent
GEOD = pyproj.Geod(ellps="WGS84")
INK, MUTED = "#2b2a28", "#7d7a74"
HELD, OTHER = PAINTS["frozen_at_line"].fill, PAINTS["frozen_at_line"].tint
DOT = PAINTS["frozen_at_line"].ink
MARKED, MARK = PAINTS["demilitarized_buffer"].tint, PAINTS["demilitarized_buffer"].ink
SECOND = PAINTS["recognized"].ink
ABROAD = PAINTS["unaffected"].fill

mpl.rcParams.update(
    {
        "svg.fonttype": "none",
        "svg.hashsalt": "lineplan",
        "font.family": "DejaVu Sans",
        "font.size": 8,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.titlesize": 9,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "xtick.color": MUTED,
        "ytick.color": MUTED,
    }
)


def frame(axes: Axes, west: float, south: float, east: float, north: float) -> None:
    """Show a window in degrees, in its shape on the ground."""
    axes.set(xlim=(west, east), ylim=(south, north), xticks=[], yticks=[])
    axes.set_aspect(1 / np.cos(np.radians((south + north) / 2)))


def _seen(axes: Axes, shape: shapely.Geometry) -> Any:
    """What a window shows of a shape, no finer than it can."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    edge = (east - west) / 50
    window = shapely.box(west - edge, south - edge, east + edge, north + edge)
    shape = shapely.intersection(shape, window, grid_size=GRID_DEG)
    return shapely.get_parts(shapely.simplify(shape, (east - west) / 3000))


def ground(axes: Axes, shape: shapely.Geometry, **how: Any) -> None:
    """Fill polygons, holes left out."""
    for polygon in _seen(axes, shape):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            rings = [Outline(r.coords, closed=True) for r in shapely.get_rings(polygon)]
            axes.add_patch(PathPatch(Outline.make_compound_path(*rings), lw=0, **how))


def lines(axes: Axes, shape: shapely.Geometry, **how: Any) -> None:
    """Draw lines, or the outlines of polygons."""
    if shapely.get_dimensions(shape) == 2:
        shape = shapely.boundary(shape)
    for line in _seen(axes, shapely.line_merge(shape)):
        axes.plot(*shapely.get_coordinates(line).T, **how)


def scale(axes: Axes, km: float, *, across: float = 0.04) -> None:
    """Draw a bar of so many kilometres at the foot of a window."""
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    x, y = west + across * (east - west), south + 0.05 * (north - south)
    end, *_ = GEOD.fwd(x, y, 90, km * 1000)
    axes.plot([x, end], [y, y], color=INK, lw=2, solid_capstyle="butt", zorder=9)
    axes.annotate(f"{km:g} km", ((x + end) / 2, y), (0, 3), textcoords="offset points", ha="center")


def save(figure: Figure, name: str) -> None:
    """Write an SVG file without a date, in the reader's own font."""
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
    drawn = text.getvalue().replace("'DejaVu Sans'", "Helvetica, Arial, sans-serif")
    drawn = re.sub(r"(\d\.\d\d)\d+", r"\1", drawn)
    (FOLDER / f"{name}.svg").write_text("\n".join(map(str.rstrip, drawn.splitlines())) + "\n")


def edges() -> None:
    """What lies between two vertices, and what it does to the area of each unit."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.2), width_ratios=(1, 1.15))
    ends = np.array([(30.0, 48.0), (40.0, 48.0)])
    path = np.array([ends[0], *GEOD.npts(*ends[0], *ends[1], 99), ends[1]])
    middle = path[50]
    (apart_km,) = geodesy.distance_km(middle[:1], middle[1:], shapely.LineString(ends))
    left.fill_between(path[:, 0], 48, path[:, 1], color=MARKED, alpha=0.5, lw=0)
    left.plot(*ends.T, "o-", color=INK, lw=1.6, ms=5)
    left.plot(*path.T, color=SECOND, lw=1.6, ls=(0, (4, 2)))
    left.text(35, 48.117, "shortest path", ha="center", color=SECOND)
    left.text(35, 47.982, "straight in longitude and latitude", ha="center")
    left.text(35, 48.045, f"{apart_km:.1f} km apart", ha="center")
    left.set_ylim(47.96, 48.14)
    left.set_yticks([48.0, 48.1], ["48.0° N", "48.1° N"])
    left.set_xticks([30, 35, 40], ["30° E", "35° E", "40° E"])
    left.set_xlabel("not to scale: north is stretched")
    left.set_title("One edge, ten degrees long")

    units = lp.load_dataset().units()
    straight, shortest = (
        geodesy.area_m2(units.geometry, edges=kind) for kind in ("lonlat", "geodesic")
    )
    ppm = (straight / shortest - 1) * 1e6
    order = np.argsort(ppm)
    right.axvline(0, color=MUTED, lw=0.8)
    right.hlines(range(len(ppm)), 0, ppm[order], color=HELD, lw=1.5)
    right.plot(ppm[order], range(len(ppm)), "o", color=DOT, ms=3.5)
    for place, row in enumerate(order):
        if units["unit_id"][row] in {"UA-77", "UA-43", "UA-65", "UA-14"}:
            number = f"{ppm[row]:+.{int(abs(ppm[row]) < 1)}f}".replace("-", "−")
            side = -1 if ppm[row] > 1 else 1
            right.annotate(
                f"{units['name'][row]} {number}",
                (0, place),
                (6 * side, {"UA-77": 3, "UA-65": -3}.get(units["unit_id"][row], 0)),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="center",
            )
    right.set(xlim=(-60, 100), yticks=[], xlabel="millionths of the unit's area")
    right.set_title("What straight edges add to each unit")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    right.spines["left"].set_visible(False)
    figure.tight_layout(w_pad=2.5)
    save(figure, "edges")


def faces() -> None:
    """From boundaries to labelled faces, where the line of contact leaves Donetsk."""
    window = (37.52, 49.0, 38.2, 49.45)
    dataset = lp.load_dataset()
    units = dataset.units()
    units = units[units.intersects(shapely.box(*window).buffer(1))]
    claims = lp.read_control(None, dataset).claims
    held = shapely.union_all(claims.geometry.to_numpy(), grid_size=GRID_DEG)
    figure, panels = plt.subplots(1, 3, figsize=(7.6, 3))
    for axes, title in zip(
        panels, ("1  Units and claims", "2  Noded linework", "3  Faces and labels"), strict=True
    ):
        frame(axes, *window)
        axes.set_title(title)

    ground(panels[0], held, fc=HELD)
    lines(panels[0], held, color=MARK, lw=1.3, ls=(0, (3, 1.5)))
    for unit in units.geometry:
        lines(panels[0], unit, color=INK, lw=1.5)

    boundaries = shapely.boundary(np.r_[units.geometry.to_numpy(), claims.geometry.to_numpy()])
    noded = shapely.line_merge(shapely.union_all(boundaries, grid_size=GRID_DEG))
    lines(panels[1], noded, color=INK, lw=1.1)
    ends = Counter(end for line in noded.geoms for end in (line.coords[0], line.coords[-1]))
    nodes = np.array([place for place, count in ends.items() if count > 2])
    panels[1].plot(*nodes.T, "o", ms=6, color=MARKED, mec=MARK, zorder=5)

    for face in node_faces(boundaries):
        inside = face.point_on_surface()
        of_unit = units.loc[units.contains(inside), "name"]
        if of_unit.empty:
            continue
        is_held = held.contains(inside)
        ground(panels[2], face, fc=HELD if is_held else OTHER)
        lines(panels[2], face, color="white", lw=1.6)
        seen = max(
            shapely.get_parts(shapely.intersection(face, shapely.box(*window))),
            key=shapely.area,
            default=face,
        )
        if seen.area > 0.008:
            panels[2].text(
                *shapely.maximum_inscribed_circle(seen).coords[0],
                f"{of_unit.iloc[0]}\n{'ru' if is_held else 'ua'}",
                ha="center",
                va="center",
                fontsize=7,
            )
    scale(panels[0], 10)
    figure.tight_layout(w_pad=1)
    save(figure, "faces")


def border() -> None:
    """The piece that reconciliation reassigns, before and after."""
    window = (39.02, 47.7, 39.72, 48.0)
    arranged = lp.arrange()
    (piece,) = arranged.reassigned.itertuples()
    whole = shapely.union_all(arranged.units.geometry.to_numpy(), grid_size=GRID_DEG)
    claims = lp.read_control(None, arranged.dataset).claims
    held = shapely.union_all(claims.geometry.to_numpy(), grid_size=GRID_DEG)
    tolerance_km = arranged.conditions["border_tolerance_km"]
    wide = shapely.box(*window).buffer(0.3)
    near = geodesy.strip(shapely.intersection(shapely.boundary(whole), wide), tolerance_km)

    figure, panels = plt.subplots(1, 2, figsize=(7.6, 2.9))
    titles = "As the source draws it", f"After reconciliation: {piece.area_km2:.0f} km² reassigned"
    for axes, title in zip(panels, titles, strict=True):
        frame(axes, *window)
        axes.set_title(title)
        ground(axes, shapely.box(*window).buffer(0.1), fc=ABROAD)
        ground(axes, whole, fc=HELD)
    ground(panels[0], piece.geometry, fc=MARKED)
    lines(panels[0], held, color=MARK, lw=1.4, ls=(0, (3, 1.5)))
    inland = shapely.intersection(shapely.boundary(near), whole)
    lines(panels[0], inland, color=SECOND, lw=1.2, ls=(0, (1, 1.2)))
    for axes in panels:
        lines(axes, whole, color=INK, lw=2.2)
    scale(panels[0], 10)
    for lon, lat, words, colour in (
        (39.04, 47.905, f"{tolerance_km:g} km inland", SECOND),
        (39.04, 47.815, "frontier of the units", INK),
        (39.39, 47.742, "edge of the claim", MARK),
        (39.24, 47.965, "mapped as held by ru", INK),
    ):
        panels[0].text(lon, lat, words, color=colour)
    panels[0].annotate(
        "no claim covers it:\nua by default",
        (39.355, 47.845),
        (39.42, 47.79),
        va="center",
        arrowprops={"arrowstyle": "-", "color": INK, "lw": 0.7},
    )
    panels[1].text(39.24, 47.965, "counted as held by ru")
    figure.tight_layout(w_pad=1)
    save(figure, "border")


def strip() -> None:
    """Tiles of a strip, and a disc of 15 km made in three ways."""
    arranged = lp.arrange()
    contact = arranged.line[arranged.line["kind"] == "line"]
    line = shapely.multilinestrings(contact.geometry.to_numpy())
    whole = shapely.union_all(arranged.units.geometry.to_numpy(), grid_size=GRID_DEG)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.9), width_ratios=(1.35, 1))
    frame(left, 31.4, 45.9, 40.4, 50.7)
    ground(left, shapely.box(31, 45, 41, 51), fc=ABROAD)
    ground(left, whole, fc="white")
    for number, tile in enumerate(geodesy._tiles(shapely.segmentize(line, 0.02))):
        ground(left, geodesy.strip(tile, 15), fc=(MARKED, HELD)[number % 2], alpha=0.85)
    lines(left, whole, color=INK, lw=1.2)
    lines(left, line, color=INK, lw=0.9, ls=(0, (3, 1.2)))
    scale(left, 100, across=0.8)
    left.set_title("15 km on each side of the line, in tiles")

    place = np.array([38.0, 48.0])
    to_3035 = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3035", always_xy=True)
    disc = shapely.Point(*to_3035.transform(*place)).buffer(15_000, quad_segs=32)
    on_3035 = shapely.transform(
        disc, lambda x, y: to_3035.transform(x, y, direction="INVERSE"), interleaved=False
    )
    point = shapely.Point(*place)
    ways = [
        ("on the ground", geodesy.strip(point, 15), INK, "-"),
        ("on EPSG:3035", on_3035, SECOND, (0, (4, 2))),
        ("as 15 ÷ 111.32 degrees", point.buffer(15 / 111.32, 32), MARK, (0, (1, 1))),
    ]
    for name, shape, colour, dash in ways:
        xy = shapely.get_coordinates(shapely.simplify(shape, 1e-5))
        azimuth, _, metres = GEOD.inv(*np.broadcast_to(place, xy.shape).T, *xy.T)
        turn, km = np.radians(azimuth), metres / 1000
        least, most = f"{km.min():.1f}", f"{km.max():.1f}"
        reach = least if least == most else f"{least} to {most}"
        label = f"{name}: {reach} km"
        right.plot(np.sin(turn) * km, np.cos(turn) * km, color=colour, lw=1.6, ls=dash, label=label)
    right.plot(0, 0, "o", color=INK, ms=4)
    right.set_aspect(1)
    right.set(xticks=[], yticks=[])
    right.spines[:].set_visible(False)
    right.set_title("15 km around 38° E, 48° N")
    right.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), frameon=False)
    figure.tight_layout(w_pad=1.5)
    save(figure, "strip")


if __name__ == "__main__":
    for draw in (edges, faces, border, strip):
        draw()
