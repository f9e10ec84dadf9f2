/* Unpack what the page carries, deflated: data, Leaflet and the page's own script.
   The scripts run only as what they are: the page's policy names their hashes. */
(function () {
  "use strict";
  const LENGTHS = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
  const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
  const BACK = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577];
  const BACK_BITS = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
  const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

  /* RFC 1951, after two bytes of zlib's header. Done here because a browser's own is never at once. */
  function inflate(source, size) {
    const out = new Uint8Array(size);
    let at = 2, bits = 0, held = 0, end = 0, last;
    function take(count) {
      while (held < count) { bits |= source[at++] << held; held += 8; }
      const value = bits & ((1 << count) - 1);
      bits >>>= count; held -= count;
      return value;
    }
    function tree(lengths) {
      const counts = new Uint16Array(16), offsets = new Uint16Array(16), symbols = [];
      lengths.forEach((length) => { counts[length]++; });
      counts[0] = 0;
      for (let i = 1; i < 15; i++) offsets[i + 1] = offsets[i] + counts[i];
      lengths.forEach((length, symbol) => { if (length) symbols[offsets[length]++] = symbol; });
      return { counts, symbols };
    }
    function symbol({ counts, symbols }) {
      let code = 0, first = 0, index = 0;
      for (let length = 1; length < 16; length++) {
        code |= take(1);
        const count = counts[length];
        if (code - count < first) return symbols[index + code - first];
        index += count; first = (first + count) << 1; code <<= 1;
      }
      throw new Error("damaged page");
    }
    function trees() {
      const literals = take(5) + 257, distances = take(5) + 1, count = take(4) + 4, small = new Array(19).fill(0), lengths = [];
      for (let i = 0; i < count; i++) small[ORDER[i]] = take(3);
      const of = tree(small);
      while (lengths.length < literals + distances) {
        const kind = symbol(of);
        if (kind < 16) { lengths.push(kind); continue; }
        const value = kind === 16 ? lengths[lengths.length - 1] : 0;
        for (let n = kind === 16 ? 3 + take(2) : kind === 17 ? 3 + take(3) : 11 + take(7); n > 0; n--) lengths.push(value);
      }
      return [tree(lengths.slice(0, literals)), tree(lengths.slice(literals))];
    }
    function plain() {
      bits = held = 0;
      const length = source[at] | source[at + 1] << 8;
      out.set(source.subarray(at + 4, at + 4 + length), end);
      at += 4 + length; end += length;
    }
    const fixed = () => [tree([...new Array(144).fill(8), ...new Array(112).fill(9), ...new Array(24).fill(7), ...new Array(8).fill(8)]),
      tree(new Array(30).fill(5))];
    do {
      last = take(1);
      const kind = take(2);
      if (kind === 0) { plain(); continue; }
      const [literals, distances] = kind === 1 ? fixed() : trees();
      for (let found = symbol(literals); found !== 256; found = symbol(literals)) {
        if (found < 256) { out[end++] = found; continue; }
        const length = LENGTHS[found - 257] + take(LENGTH_BITS[found - 257]), far = symbol(distances);
        const back = BACK[far] + take(BACK_BITS[far]);
        for (let i = 0; i < length; i++, end++) out[end] = out[end - back];
      }
    } while (!last);
    return out;
  }

  const block = document.getElementById("lineplan-data"), text = atob(block.textContent.trim());
  const bytes = inflate(Uint8Array.from(text, (character) => character.charCodeAt(0)), Number(block.dataset.size));
  const lengths = block.dataset.parts.split(",").map(Number), parts = [];
  lengths.reduce((at, length) => { parts.push(bytes.subarray(at, at + length)); return at + length; }, 0);
  const read = (part) => new TextDecoder().decode(part);
  window.lineplan = { data: JSON.parse(read(parts[0])), arcs: parts[1], areas: parts[2] };
  for (const code of parts.slice(3)) {
    const script = document.createElement("script");
    script.textContent = read(code);
    document.head.append(script);
  }
})();
