/* Ground: arcs that are stored once with the days they are there, and the areas of faces. */

/* Whole numbers of seven bits a byte; they can be larger than 32 bits. */
function numbers(bytes) {
  let at = 0;
  return {
    next() {
      let value = 0, scale = 1, byte;
      do {
        byte = bytes[at++];
        value += (byte & 127) * scale;
        scale *= 128;
      } while (byte > 127);
      return value;
    },
    signed() {
      const value = this.next();
      return value % 2 ? -(value + 1) / 2 : value / 2;
    },
    get more() { return at < bytes.length; },
    take(length) { at += length; return bytes.subarray(at - length, at); },
  };
}

function unpackArcs(bytes, step) {
  const head = numbers(bytes), lengths = [];
  for (let i = 0; i < 6; i++) lengths.push(head.next());
  const [sides, counts, starts, stepsX, stepsY, lives] = lengths.map((n) => numbers(head.take(n)));
  const pairs = [];
  for (let n = sides.next(); n > 0; n--) pairs.push([sides.next(), sides.next()]);
  const arcs = [];
  let x = 0, y = 0, state = 0;
  while (counts.more) {
    x += starts.signed(); y += starts.signed();
    const start = vertex(x, y), points = [L.latLng(y * step, x * step)];
    for (let n = counts.next(); n > 1; n--) {
      x += stepsX.signed(); y += stepsY.signed();
      points.push(L.latLng(y * step, x * step));
    }
    const found = [];
    let before = state;
    for (let n = lives.next(); n > 0; n--) {
      const [left, right] = pairs[lives.next()], first = before + lives.next();
      before = first + lives.next();
      found.push({ left, right, first, last: before });
    }
    state = found[0].first;
    arcs.push({ points, turned: points.slice().reverse(), start, end: vertex(x, y), lives: found });
  }
  return arcs;
}
const vertex = (x, y) => x * 4194304 + y;

/* Square metres of every face in every state; each is stored as what differs from the one before. */
function unpackAreas(bytes, faces) {
  const read = numbers(bytes), states = [];
  let now = new Float64Array(faces + 1);
  while (read.more) {
    now = now.slice();
    for (let n = read.next(), face = 0; n > 0; n--) {
      face += read.next();
      now[face] += read.signed();
    }
    states.push(now);
  }
  return states;
}

class Ground {
  constructor(data, arcs, areas) {
    this.arcs = unpackArcs(arcs, data.step);
    this.areas = unpackAreas(areas, data.faces.length);
  }

  /* Arcs of a state, with the faces beside them. */
  alive(state) {
    const found = [];
    for (const arc of this.arcs) {
      for (const life of arc.lives) {
        if (life.first <= state && state <= life.last) found.push({ arc, left: life.left, right: life.right });
      }
    }
    return found;
  }

  /* Lives of arcs that are in one of two states only, or between other faces in the other. */
  changed(before, after) {
    const found = [];
    for (const { lives } of this.arcs) {
      for (const life of lives) {
        const was = life.first <= before && before <= life.last, is = life.first <= after && after <= life.last;
        if (was !== is) found.push(life);
      }
    }
    return found;
  }
}

/* Rings around groups of faces; with the even-odd rule they need no order.
   `groupOf` gives the group of a face by its number; undefined is none. */
function rings(alive, groupOf) {
  const groups = new Map();
  const add = (group, points, start, end) => {
    if (group === undefined) return;
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push({ points, start, end });
  };
  for (const { arc, left, right } of alive) {
    const one = groupOf[left], other = groupOf[right];
    if (one === other) continue;
    add(one, arc.points, arc.start, arc.end);
    add(other, arc.turned, arc.end, arc.start);
  }
  const found = new Map();
  groups.forEach((pieces, group) => found.set(group, closed(pieces)));
  return found;
}

function closed(pieces) {
  const from = new Map();
  for (const piece of pieces) {
    if (!from.has(piece.start)) from.set(piece.start, []);
    from.get(piece.start).push(piece);
  }
  const found = [];
  for (const piece of pieces) {
    if (piece.used) continue;
    let ring = [], next = piece;
    while (next) {
      next.used = true;
      for (let i = ring.length ? 1 : 0; i < next.points.length; i++) ring.push(next.points[i]);
      next = next.end === piece.start ? null : from.get(next.end).find((other) => !other.used);
    }
    found.push(ring);
  }
  return found;
}

/* Arcs that pass a test, joined end to end so that a dashed line keeps its rhythm. */
function chains(alive, wanted) {
  const chosen = alive.filter(wanted).map(({ arc }) => arc), at = new Map(), used = new Set();
  for (const arc of chosen) {
    for (const end of [arc.start, arc.end]) {
      if (!at.has(end)) at.set(end, []);
      at.get(end).push(arc);
    }
  }
  const follow = (end) => {
    const path = [];
    for (;;) {
      const here = at.get(end), next = here.find((arc) => !used.has(arc));
      if (here.length > 2 || !next) return path; // where more meet, a line stops: it chooses no branch
      used.add(next);
      const ahead = next.start === end;
      path.push(ahead ? next.points : next.turned);
      end = ahead ? next.end : next.start;
    }
  };
  const found = [];
  for (const arc of chosen) {
    if (used.has(arc)) continue;
    used.add(arc);
    const after = follow(arc.end), before = follow(arc.start);
    const parts = before.reverse().map((points) => points.slice().reverse()).concat([arc.points], after);
    found.push(parts.reduce((line, points) => line.concat(line.length ? points.slice(1) : points), []));
  }
  return found;
}

/* Lines of the base map: steps on the grid, five bits a character. */
function decodeLine(text, step) {
  const line = [], at = [0, 0];
  let axis = 0, value = 0, shift = 0;
  for (let i = 0; i < text.length; i++) {
    const bits = text.charCodeAt(i) - 63;
    value |= (bits & 31) << shift;
    shift += 5;
    if (bits & 32) continue;
    at[axis] += value & 1 ? ~(value >> 1) : value >> 1;
    if (axis) line.push([at[1] * step, at[0] * step]);
    axis ^= 1; value = shift = 0;
  }
  return line;
}
