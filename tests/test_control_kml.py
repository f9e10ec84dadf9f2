"""KML and KMZ: sides by style, and XML that is not to be trusted."""

from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from shapely.geometry import box

import lineplan as lp


def ring(west: float, south: float, east: float, north: float) -> str:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return " \n".join(f"{x},{y},0.0" for x, y in corners)


def polygon(style: str, *box_: float, hole: str = "", extra: str = "") -> str:
    inner = hole and f"<innerBoundaryIs><LinearRing>{hole}</LinearRing></innerBoundaryIs>"
    url = f"<styleUrl>{style}</styleUrl>" if style else ""
    return (
        f"<Placemark><name> </name>{url}{extra}<Polygon><extrude>1</extrude><outerBoundaryIs>"
        f"<LinearRing><coordinates>{ring(*box_)}</coordinates></LinearRing></outerBoundaryIs>"
        f"{inner}</Polygon></Placemark>"
    )


def document(*placemarks: str, head: str = "", xmlns: str = "") -> str:
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?>\n<kml{xmlns}><Document>{head}<Folder>"
        f"<name>Polygon</name>{''.join(placemarks)}</Folder></Document></kml>"
    )


BOTH = (polygon("#bora", 30, -1, 31, 1), polygon("#aria", 31, -1, 32, 1))
XMLNS = ' xmlns="http://www.opengis.net/kml/2.2"'


@pytest.mark.parametrize("xmlns", ["", XMLNS])
def test_sides_by_style_with_or_without_a_namespace(
    xmlns: str, tmp_path: Path, toy: lp.Dataset
) -> None:
    path = tmp_path / "control.kml"
    path.write_text(document(*BOTH, xmlns=xmlns))
    control = lp.read_control(path, toy)
    assert control.kind == "kml"
    sides = control.claims.set_index("held_by").geometry
    assert sides["bora"].equals(box(30, -1, 31, 1))
    assert sides["aria"].equals(box(31, -1, 32, 1))
    assert not sides.has_z.any()
    assert any("style read: 'aria' (1) as aria, 'bora' (1) as bora" in n for n in control.notes)


def test_styles_that_name_no_party_are_mapped_or_listed(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(document(polygon("#red", 30, -1, 31, 1), polygon("#blue", 31, -1, 32, 1)))
    with pytest.raises(lp.ControlError, match=r"no style says who.*'red' \(1\).*--value"):
        lp.read_control(path, toy)
    control = lp.read_control(path, toy, values={"red": "bora"})
    assert control.claims["held_by"].tolist() == ["bora", "unknown"]
    assert any("'blue' (1)" in note for note in control.notes)


def test_one_style_draws_one_partys_ground(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(document(polygon("#any", 30, -1, 31, 1)))
    control = lp.read_control(path, toy)
    assert control.claims["held_by"].tolist() == ["bora"]
    assert control.is_holder_assumed


def test_one_style_that_names_a_party_is_not_the_claimants(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(document(polygon("#ARIA", 30, -1, 31, 1)))
    assert lp.read_control(path, toy).claims["held_by"].tolist() == ["aria"]


def test_colours_of_shared_mapped_and_own_styles(tmp_path: Path, toy: lp.Dataset) -> None:
    head = (
        "<Style id='s-n'><LineStyle><color>ff00ff00</color></LineStyle>"
        "<PolyStyle><color>230000ff</color></PolyStyle></Style>"
        "<StyleMap id='s'><Pair><key>highlight</key><styleUrl>#x</styleUrl></Pair>"
        "<Pair><key>normal</key><styleUrl>#s-n</styleUrl></Pair></StyleMap>"
    )
    own = "<Style><LineStyle><color>ffff0000</color></LineStyle></Style>"
    path = tmp_path / "c.kml"
    path.write_text(
        document(polygon("#s", 30, -1, 31, 1), polygon("", 31, -1, 32, 1, extra=own), head=head)
    )
    values = {"#ff0000": "bora", "#0000ff": "aria"}
    control = lp.read_control(path, toy, holder="color", values=values)
    assert control.claims["held_by"].tolist() == ["bora", "aria"]


def test_extended_data_with_holders_counts_before_style(tmp_path: Path, toy: lp.Dataset) -> None:
    data = "<ExtendedData><Data name='held_by'><value>cora</value></Data></ExtendedData>"
    path = tmp_path / "c.kml"
    path.write_text(document(polygon("#bora", 30, -1, 31, 1, extra=data)))
    assert lp.read_control(path, toy).claims["held_by"].tolist() == ["cora"]


def test_holes_and_many_parts(tmp_path: Path, toy: lp.Dataset) -> None:
    hole = f"<coordinates>{ring(30.4, -0.2, 30.6, 0.2)}</coordinates>"
    inner = polygon("", 30, -1, 31, 1, hole=hole).partition("<Polygon>")[2]
    parts = inner.partition("</Placemark>")[0]
    many = f"<Placemark><styleUrl>#bora</styleUrl><MultiGeometry><Polygon>{parts}" + (
        "<Point><coordinates>30,0</coordinates></Point></MultiGeometry></Placemark>"
    )
    path = tmp_path / "c.kml"
    path.write_text(document(many, BOTH[1]))
    ground = lp.read_control(path, toy).claims.set_index("held_by").geometry["bora"]
    assert ground.area == pytest.approx(2 - 0.08)


def test_a_folder_is_a_layer(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(document(*BOTH))
    assert len(lp.read_control(f"{path}:Polygon", toy).claims) == 2
    with pytest.raises(lp.GeometryError, match="no folder 'Line'; its folders are Polygon"):
        lp.read_control(f"{path}:Line", toy)


def test_kmz_whatever_its_name(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("other.kml", document())
        archive.writestr("doc.kml", document(*BOTH))
    control = lp.read_control(path, toy)
    assert control.kind == "kml"
    assert len(control.claims) == 2


BOMB = "<!DOCTYPE k [<!ENTITY a 'x'><!ENTITY b '&a;&a;&a;'>]><kml><Document>&b;</Document></kml>"
OUTSIDE = "<!DOCTYPE k [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><kml><name>&a;</name></kml>"


@pytest.mark.parametrize("text", [BOMB, OUTSIDE], ids=["bomb", "outside"])
def test_entities_are_refused(text: str, tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(text)
    with pytest.raises(lp.ControlError, match=r"declares XML entities.*refused"):
        lp.read_control(path, toy)


@pytest.mark.parametrize("inside", ["Folder", "MultiGeometry"])
def test_endless_nesting_is_refused(inside: str, tmp_path: Path, toy: lp.Dataset) -> None:
    deep = f"<{inside}>" * 20_000 + f"</{inside}>" * 20_000
    path = tmp_path / "c.kml"
    path.write_text(document(f"<Placemark>{deep}</Placemark>" if inside != "Folder" else deep))
    with pytest.raises(lp.ControlError, match=r"hundreds deep.*refused"):
        lp.read_control(path, toy)


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kmz"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", b"<kml>" + b" " * 40_000_000)
    assert path.stat().st_size < 100_000
    with pytest.raises(lp.GeometryError, match="which no map does; refused"):
        lp.read_control(path, toy)


def test_a_zipped_shapefile_bomb_is_refused(tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.zip"
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", b"\0" * 40_000_000)
    with pytest.raises(lp.GeometryError, match="which no map does; refused"):
        lp.read_control(path, toy)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (document(BOTH[0].replace("30,-1,0.0", "30;-1")), "'30;-1' is no longitude and latitude"),
        (document(BOTH[0].replace("31,-1,0.0", "nan,-1,0.0")), "coordinate that is not a number"),
        (document(BOTH[0].replace("31,-1,0.0", "310,-1,0.0")), "which are no degrees"),
        (document(BOTH[0])[:-20], "is not valid XML"),
        ("<?xml version='1.0' encoding='klingon'?><kml></kml>", "is not valid XML"),
        (document(), "has no polygon in it"),
    ],
)
def test_faults_are_one_clear_line(text: str, said: str, tmp_path: Path, toy: lp.Dataset) -> None:
    path = tmp_path / "c.kml"
    path.write_text(text)
    with pytest.raises((lp.ControlError, lp.GeometryError), match=said) as caught:
        lp.read_control(path, toy)
    assert "c.kml" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
