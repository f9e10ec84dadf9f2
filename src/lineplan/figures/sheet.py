"""A page measured in millimetres: shapes and single lines of text in named layers.

Every shape is cut to what is seen of it before it is put on the page, so nothing is hidden behind
a clip path: what a graphics editor opens is what is printed.
"""

from __future__ import annotations

import io
import re
import unicodedata
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from lineplan.errors import LineplanError, LineplanWarning, UsageError
from lineplan.output import replacing

if TYPE_CHECKING:
    from lineplan.figures.window import Window

ENDINGS = (".png", ".svg", ".pdf")
MM_PER_INCH = 25.4
PT_MM = MM_PER_INCH / 72
"""One point in millimetres."""

# The first that is installed of each row; the rows fill in for each other glyph by glyph.
_FAMILIES = (
    ("Noto Sans", "Liberation Sans", "Arial", "Helvetica Neue", "Helvetica"),
    (
        "Noto Sans CJK TC",
        "Noto Sans TC",
        "Source Han Sans TC",
        "PingFang TC",
        "Microsoft JhengHei",
        "Noto Sans CJK JP",
        "WenQuanYi Zen Hei",
        "Arial Unicode MS",
    ),
    ("DejaVu Sans",),
)
_LATIN_ALIKE = "'Liberation Sans', Arial, Helvetica"
_STYLE: dict[str, Any] = {
    "svg.hashsalt": "lineplan",
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "text.hinting": "none",
    "text.usetex": False,
    "path.simplify": False,
    "axes.unicode_minus": False,
}


def check_target(path: Path) -> None:
    """Raise UsageError or LineplanError where no figure can be drawn to a file."""
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(f"{path}: a figure is drawn to a file that ends in .png, .svg or .pdf")
    if not path.parent.is_dir():
        raise LineplanError(f"{path}: there is no folder {path.parent}; make it first")
    need_matplotlib()


def need_matplotlib(what: str = "a figure") -> None:
    """Raise LineplanError, naming what needs it, where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise LineplanError(
            f"{what} needs matplotlib, which is not installed: pip install 'lineplan[chart]'"
        ) from None


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw as this module says, whatever the user's own matplotlibrc says."""
    from matplotlib import style

    with style.context(_STYLE, after_reset=True), warnings.catch_warnings():
        # Said once, by `Sheet.save`, and not a line for every character.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


class Sheet:
    """
    A page.

    Parameters
    ----------
    width_mm, height_mm
        Its exact size.
    layers
        Names of its layers, the lowest first.

    Attributes
    ----------
    window : Window or None
        Where the map stands on it, and which ground that shows.

    Notes
    -----
    Coordinates are millimetres from the lower left corner; sizes of text are points.
    """

    def __init__(self, width_mm: float, height_mm: float, layers: Sequence[str]) -> None:
        from matplotlib.figure import Figure
        from matplotlib.transforms import Affine2D

        self.width_mm, self.height_mm = width_mm, height_mm
        self.window: Window | None = None
        self.figure = Figure(figsize=(width_mm / MM_PER_INCH, height_mm / MM_PER_INCH), dpi=72)
        self.figure.patch.set_visible(False)
        self._mm = Affine2D().scale(1 / MM_PER_INCH) + self.figure.dpi_scale_trans
        group = _group_class()
        self._layers = {name: group(name) for name in layers}
        for layer in self._layers.values():
            self.figure.add_artist(layer)

    def fill(
        self,
        layer: str,
        shape: Any,
        color: str,
        *,
        name: str | None = None,
        edge: str | None = None,
        width_mm: float = 0.0,
    ) -> None:
        """Fill polygons; a name gives the shape an id of its own in an SVG."""
        rings = [
            np.asarray(ring.coords)
            for polygon in shapely.get_parts(shape)
            if polygon.geom_type == "Polygon"
            for ring in (polygon.exterior, *polygon.interiors)
        ]
        self._add(layer, rings, closed=True, name=name, face=color, edge=edge, width_mm=width_mm)

    def stroke(
        self,
        layer: str,
        lines: Any,
        color: str,
        width_mm: float,
        *,
        dash_mm: Sequence[float] = (),
        cap: str = "round",
    ) -> None:
        """Draw lines."""
        parts = shapely.get_parts(np.asarray(lines, dtype=object).ravel())
        points = [
            np.asarray(part.coords)
            for part in parts
            if part.geom_type in ("LineString", "LinearRing") and not part.is_empty
        ]
        self._add(layer, points, edge=color, width_mm=width_mm, dash_mm=dash_mm, cap=cap)

    def dots(
        self,
        layer: str,
        centres: Iterable[Sequence[float]],
        radius_mm: float,
        color: str,
        *,
        edge: str | None = None,
        width_mm: float = 0.0,
    ) -> None:
        """Draw round dots."""
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline

        circle = Outline.unit_circle()
        vertices = np.asarray(circle.vertices)
        paths = [
            Outline(np.round(vertices * radius_mm + np.asarray(centre), 3).tolist(), circle.codes)
            for centre in centres
        ]
        if paths:
            path = Outline.make_compound_path(*paths)
            how = self._how(color, edge, width_mm)
            self._layers[layer].add(PathPatch(path, transform=self._mm, **how))

    def text(
        self,
        layer: str,
        at: tuple[float, float],
        words: str,
        size: float,
        *,
        bold: bool = False,
        color: str = "#22272b",
        align: str = "left",
        halo: str | None = None,
        halo_layer: str = "label-halos",
    ) -> None:
        """
        Write one line of live text; `at` is on its base line.

        The halo is drawn apart, as shapes in a layer of its own, so that the text stays text.
        """
        from matplotlib.text import Text

        said = plain(words)
        if not said:
            return
        x, y = round(at[0], 3), round(at[1], 3)
        if halo is not None:
            width = measure(said, size, bold=bold)[0]
            shift = {"left": 0.0, "center": width / 2, "right": width}[align]
            self._halo(halo_layer, said, (x - shift, y), size, bold, halo)
        text = Text(
            x,
            y,
            said,
            fontproperties=_font(size, bold),
            color=color,
            ha=align,
            va="baseline",
            transform=self._mm,
            parse_math=False,
        )
        self._layers[layer].add(text)

    def boxes(self) -> list[tuple[str, str, tuple[float, float, float, float]]]:
        """Every line of text as (layer, words, box in mm), as the renderer measures it."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.text import Text

        with drawing_style():
            renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
            back = self._mm.inverted()
            found = []
            for name, layer in self._layers.items():
                for artist in layer.children:
                    if isinstance(artist, Text):
                        extent = artist.get_window_extent(renderer)
                        (x0, y0), (x1, y1) = back.transform(extent.get_points())
                        found.append((name, artist.get_text(), (x0, y0, x1, y1)))
        return found

    def save(self, path: Path, *, dpi: float, about: Mapping[str, str]) -> None:
        """
        Write a PNG, SVG or PDF; the same sheet gives the same bytes.

        Parameters
        ----------
        path
            With one of `ENDINGS`.
        dpi
            Pixels an inch of a PNG.
        about
            ``title`` and ``description``.
        """
        from lineplan import __version__

        kind = path.suffix.lower()
        title, said = plain(about["title"]), plain(about["description"])
        made_with = f"lineplan {__version__}"
        metadata: dict[str, dict[str, Any]] = {
            ".png": {"Software": made_with, "Title": title, "Description": said},
            ".svg": {"Creator": made_with, "Date": None, "Title": title, "Description": said},
            ".pdf": {
                "Creator": made_with,
                "Producer": made_with,
                "CreationDate": None,
                "Title": title,
                "Subject": said,
            },
        }
        texts = [text for _, text, _ in self.boxes()]
        _warn_of_missing_glyphs(texts)
        # Outlines of CJK fonts are of another kind than what a PDF of kind 42 says they are.
        is_plain = all(ord(char) < 0x2E80 for text in texts for char in text)
        with replacing(path) as draft, drawing_style():
            import matplotlib as mpl

            mpl.rcParams["pdf.fonttype"] = 42 if is_plain else 3
            self.figure.savefig(draft, dpi=dpi if kind == ".png" else 72, metadata=metadata[kind])
            if kind == ".svg":
                draft.write_text(_with_alike_fonts(draft.read_text("utf-8")), encoding="utf-8")

    def svg(self) -> str:
        """Give the page as the text of an SVG, to be set into another document."""
        drawn = io.StringIO()
        with drawing_style():
            self.figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
        return _with_alike_fonts(drawn.getvalue())

    def _add(
        self,
        layer: str,
        parts: list[np.ndarray],
        *,
        closed: bool = False,
        name: str | None = None,
        face: str | None = None,
        edge: str | None = None,
        width_mm: float = 0.0,
        dash_mm: Sequence[float] = (),
        cap: str = "round",
    ) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline

        paths = [Outline(np.round(points[:, :2], 3), closed=closed) for points in parts]
        if not paths:
            return
        how = self._how(face, edge, width_mm)
        if dash_mm:
            how["linestyle"] = (0, tuple(mm / width_mm for mm in dash_mm))
        patch = PathPatch(
            Outline.make_compound_path(*paths),
            transform=self._mm,
            capstyle=cap,
            joinstyle="round",
            **how,
        )
        if name is not None:
            patch.set_gid(_as_id(name))
        self._layers[layer].add(patch)

    def _how(self, face: str | None, edge: str | None, width_mm: float) -> dict[str, Any]:
        return {
            "facecolor": face or "none",
            "edgecolor": edge or "none",
            "linewidth": width_mm / PT_MM if edge else 0,
        }

    def _halo(
        self,
        layer: str,
        words: str,
        at: tuple[float, float],
        size: float,
        bold: bool,
        color: str,
    ) -> None:
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path as Outline
        from matplotlib.textpath import TextPath

        outline = TextPath((0, 0), words, prop=_font(size, bold))
        if not len(outline.vertices):
            return
        vertices = np.round(outline.vertices * PT_MM + np.asarray(at), 3)
        self._layers[layer].add(
            PathPatch(
                Outline(vertices, outline.codes),
                transform=self._mm,
                facecolor=color,
                edgecolor=color,
                linewidth=max(1.3, size / 3.6),
                joinstyle="round",
            )
        )


@cache
def _group_class() -> Any:
    """A layer: an artist that draws its children as one named group."""
    from matplotlib.artist import Artist

    class Layer(Artist):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name
            self.children: list[Artist] = []

        def add(self, child: Artist) -> None:
            child.set_figure(self.figure)
            self.children.append(child)

        def draw(self, renderer: Any) -> None:
            if not self.children:
                return
            renderer.open_group("layer", gid=self.name)
            for child in self.children:
                child.draw(renderer)
            renderer.close_group("layer")

    return Layer


def plain(words: str) -> str:
    """One line of text that any format can hold: no control characters, no breaks."""
    return "".join(
        " "
        if char in "\n\r\t\u2028\u2029"
        else "\N{REPLACEMENT CHARACTER}"
        if unicodedata.category(char) in ("Cc", "Cs") or char in _NEVER
        else char
        for char in words
    ).strip(" ")


# What turns the reading direction of the words after it, and what is no character.
_NEVER = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff"


def _as_id(name: str) -> str:
    return re.sub(r"[^\w.-]", "-", name)


@cache
def _families() -> list[str]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    rows = (next((name for name in row if name in installed), None) for row in _FAMILIES)
    return [name for name in rows if name is not None]


@lru_cache(64)
def _font(size: float, bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    weight = "bold" if bold else "normal"
    return FontProperties(family=_families(), size=round(size, 2), weight=weight)


@cache
def _renderer() -> Any:
    # Text is measured ten times as large as it is set, so that whole pixels do not matter.
    from matplotlib.backends.backend_agg import RendererAgg

    return RendererAgg(8, 8, 720)  # type: ignore[no-untyped-call]


@lru_cache(16384)
def measure(words: str, size: float, *, bold: bool = False) -> tuple[float, float, float]:
    """Width, height above and depth below the base line of a line of text, in mm.

    Within `drawing_style`, which says how glyphs are fitted.
    """
    renderer, font = _renderer(), _font(size, bold)
    width, height, depth = renderer.get_text_width_height_descent(words, font, ismath=False)
    line, below = _line_height(size, bold)
    mm = MM_PER_INCH / 720
    depth = float(depth)
    up, down = max(height - depth, line - below), max(depth, below)
    return float(width) * mm, float(up) * mm, float(down) * mm


@cache
def _line_height(size: float, bold: bool) -> tuple[float, float]:
    """Height and depth of any line, whatever letters it has, in pixels of the renderer."""
    _, height, depth = _renderer().get_text_width_height_descent(
        "lp", _font(size, bold), ismath=False
    )
    return float(height), float(depth)


_CLOSING = "，。；：、！？）」』〕》〉】％”’…·,.;:!?)]}%"
_OPENING = "（「『〔《〈【“‘([{"
_TOKEN = re.compile(
    r" +|[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]|[^ \u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]+"
)


def _tokens(words: str) -> list[str]:
    """Pieces between which a line may break, also between two ideographs."""
    tokens: list[str] = []
    for token in _TOKEN.findall(plain(words)):
        glued = tokens and (
            (token[0] in _CLOSING and not tokens[-1].isspace()) or tokens[-1][-1] in _OPENING
        )
        if glued:
            tokens[-1] += token
        else:
            tokens.append(token)
    return tokens


@lru_cache(4096)
def wrap(words: str, width_mm: float, size: float, *, bold: bool = False) -> Sequence[str]:
    """Break text into lines no wider than `width_mm`; a word that is wider is cut."""

    def fits(line: str) -> bool:
        return measure(line.rstrip(" "), size, bold=bold)[0] <= width_mm

    lines: list[str] = []
    line = ""
    for token in _tokens(words):
        if fits(line + token):
            line += token
            continue
        if line.strip():
            lines.append(line.strip(" "))
        line = token.lstrip(" ")
        while not fits(line):
            cut = next((n for n in range(len(line) - 1, 1, -1) if fits(line[:n])), 1)
            breaks = [m.end() for m in re.finditer(r"[/.\-_,;)}]", line[:cut]) if m.end() > cut / 2]
            cut = breaks[-1] if breaks else cut
            lines.append(line[:cut])
            line = line[cut:]
    if line.strip():
        lines.append(line.strip(" "))
    return tuple(lines)


@lru_cache(4096)
def balanced(
    words: str, width_mm: float, size: float, *, bold: bool = False, cut: bool = True
) -> Sequence[str]:
    """Break text into as few lines as `wrap`, of lengths as even as can be.

    Without `cut`, a word that is wider than `width_mm` makes the lines wider.
    """
    widest = max((measure(t, size, bold=bold)[0] for t in _tokens(words)), default=0.0)
    if not cut:
        width_mm = max(width_mm, widest)
    lines = wrap(words, width_mm, size, bold=bold)
    if len(lines) < 2:
        return lines
    low, high = min(widest, width_mm), width_mm
    for _ in range(8):
        middle = (low + high) / 2
        if len(wrap(words, middle, size, bold=bold)) > len(lines):
            low = middle
        else:
            high = middle
    return wrap(words, high, size, bold=bold)


def _warn_of_missing_glyphs(texts: Iterable[str]) -> None:
    from matplotlib import font_manager

    fonts = [
        font_manager.get_font(font_manager.findfont(font_manager.FontProperties(family=[name])))
        for name in _families()
    ]
    wanted = sorted({char for text in texts for char in text if not char.isspace()})
    missing = [c for c in wanted if not any(font.get_char_index(ord(c)) for font in fonts)]
    if missing:
        shown = "".join(missing[:12]) + ("..." if len(missing) > 12 else "")
        warnings.warn(
            f"no installed font has {len(missing)} of the characters of this figure ({shown}); "
            "install one that does, such as Noto Sans CJK (Debian: fonts-noto-cjk), and draw it "
            "again",
            LineplanWarning,
            stacklevel=4,
        )


def _with_alike_fonts(svg: str) -> str:
    """Name fonts of the same widths beside ours, for machines that do not have it."""
    return re.sub(r'(<text style="[^"]*?)\'Liberation Sans\'', rf"\g<1>{_LATIN_ALIKE}", svg)
