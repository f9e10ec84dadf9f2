"""The paints of the maps as eyes with each of the three colour-vision deficiencies see them.

Simulation: Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB. Distance: OKLab
(Ottosson 2020), in which 0.02 is about what can just be told apart.
"""

from itertools import combinations

import numpy as np
import pytest

from lineplan.style import PAINTS, ground

EYES = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_LMS = [
    [0.4122214708, 0.5363325363, 0.0514459929],
    [0.2119034982, 0.6806995451, 0.1073969566],
    [0.0883024619, 0.2817188376, 0.6299787005],
]
TO_LAB = [
    [0.2104542553, 0.7936177850, -0.0040720468],
    [1.9779984951, -2.4285922050, 0.4505937099],
    [0.0259040371, 0.7827717662, -0.8086757660],
]
APART = 0.08


def seen(colour: str, eye: str) -> np.ndarray:
    """A colour in OKLab as an eye sees it."""
    srgb = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    lms = np.asarray(TO_LMS) @ np.clip(np.asarray(EYES[eye]) @ linear, 0, 1)
    return np.asarray(TO_LAB) @ np.cbrt(lms)


def grounds() -> list[tuple[str, str, str]]:
    """Every ground of the legend: its name, its colour, and what its hatching looks like."""
    found = []
    for status, paint in PAINTS.items():
        for side, colour in (("fill", paint.fill), ("tint", paint.tint)):
            turned = side if paint.hatch == "lines" else ""
            if (status, side) != ("contested", "tint"):  # the same as its fill
                found.append((f"{status}-{side}", colour, paint.hatch + turned))
    return found


def test_oklab_is_oklab() -> None:
    assert seen("#ffffff", "normal") == pytest.approx([1, 0, 0], abs=1e-4)
    assert seen("#ff0000", "normal") == pytest.approx([0.628, 0.225, 0.126], abs=1e-3)


@pytest.mark.parametrize("eye", EYES)
def test_what_is_hatched_alike_differs_in_colour(eye: str) -> None:
    near = {
        (a, b): distance
        for (a, one, hatch), (b, other, hatched) in combinations(grounds(), 2)
        if hatch == hatched
        and (distance := np.linalg.norm(seen(one, eye) - seen(other, eye))) < APART
    }
    assert near == {}


def test_what_a_text_leaves_open_is_hatched_like_nothing_else() -> None:
    hatch = PAINTS["unspecified"].hatch
    others = [paint.hatch for status, paint in PAINTS.items() if status != "unspecified"]
    assert hatch
    assert hatch not in others
    assert ground("contested-open").hatch != hatch


@pytest.mark.parametrize("eye", EYES)
def test_hatching_stands_out_from_its_ground(eye: str) -> None:
    for status, paint in PAINTS.items():
        if paint.hatch:
            for colour in (paint.fill, paint.tint):
                assert np.linalg.norm(seen(paint.ink, eye) - seen(colour, eye)) > 0.15, status


def test_no_status_has_the_hues_of_a_flag() -> None:
    for name, colour, _ in grounds():
        for flag in ("#0057b7", "#ffd700", "#d52b1e", "#0039a6"):
            assert np.linalg.norm(seen(colour, "normal") - seen(flag, "normal")) > 0.08, name
