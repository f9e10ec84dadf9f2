"""What a page carries, read in Python: the independent reader that holds packing to its form."""

import base64
import re
import zlib

import numpy as np

from lineplan.webmap.coverage import Arc, Life

STREAMS = 6


def unpacked(page):
    """Read what a page carries: what is said (JSON), arcs, areas, and its scripts."""
    match = re.search(r'id="lineplan-data" data-size="\d+" data-parts="([\d,]+)">([^<]*)<', page)
    assert match is not None
    data, at, parts = zlib.decompress(base64.b64decode(match[2])), 0, []
    for length in map(int, match[1].split(",")):
        parts.append(data[at : at + length])
        at += length
    return parts


def unpack(data):
    """Read what `pack` has written."""
    numbers = numbers_in(data)
    lengths = [next(numbers) for _ in range(STREAMS)]
    at = len(data) - sum(lengths)
    streams = []
    for length in lengths:
        streams.append(numbers_in(data[at : at + length]))
        at += length
    sides, counts, starts, steps_x, steps_y, lives = streams
    pairs = [(next(sides), next(sides)) for _ in range(next(sides))]
    arcs, x, y, state = [], 0, 0, 0
    for count in counts:
        x += signed(next(starts))
        y += signed(next(starts))
        points = [(x, y)]
        for _ in range(count - 1):
            x += signed(next(steps_x))
            y += signed(next(steps_y))
            points.append((x, y))
        found, before = [], state
        for _ in range(next(lives)):
            pair = pairs[next(lives)]
            first = before + next(lives)
            before = first + next(lives)
            found.append(Life(*pair, first, before))
        state = found[0].first
        arcs.append(Arc(np.array(points, dtype=np.int64), tuple(found)))
    return arcs


def unpack_areas(data):
    """Read what `pack_areas` has written."""
    numbers = numbers_in(data)
    states = []
    now = {}
    for count in numbers:
        now, face = dict(now), 0
        for _ in range(count):
            face += next(numbers)
            now[face] = now.get(face, 0) + signed(next(numbers))
        now = {face: m2 for face, m2 in now.items() if m2}
        states.append(now)
    return states


def signed(value):
    return ~(value >> 1) if value & 1 else value >> 1


def numbers_in(data):
    value = shift = 0
    for byte in data:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            yield value
            value = shift = 0
