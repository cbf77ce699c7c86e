/** HPACK's Huffman code (RFC 7541, appendix B): canonical, so the lengths of the 257 codes say all. */
const LENGTHS = Uint8Array.from([
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10,
  12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7,
  7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22,
  23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22,
  23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20,
  24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
]);
const END = 256;

/** Two children a node: another node's number, or ~symbol; 0 is none. */
const tree = grow();

function grow(): Int32Array {
  const nodes = [0, 0];
  const symbols = [...LENGTHS.keys()].sort((a, b) => LENGTHS[a]! - LENGTHS[b]! || a - b);
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    code <<= LENGTHS[symbol]! - length;
    length = LENGTHS[symbol]!;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const side = node * 2 + ((code >>> bit) & 1);
      if (nodes[side] === 0) {
        nodes[side] = nodes.length / 2;
        nodes.push(0, 0);
      }
      node = nodes[side]!;
    }
    nodes[node * 2 + (code & 1)] = ~symbol;
    code++;
  }
  return Int32Array.from(nodes);
}

/** The text (one code unit a byte) of a coded string; undefined when it is malformed. */
export function huffmanDecode(bytes: Uint8Array): string | undefined {
  let out = "";
  let node = 0;
  let pending = 0;
  let ones = true;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >>> bit) & 1;
      const next = tree[node * 2 + one]!;
      pending++;
      ones &&= one === 1;
      if (next >= 0) {
        node = next;
        continue;
      }
      if (~next === END) return undefined;
      out += String.fromCharCode(~next);
      node = 0;
      pending = 0;
      ones = true;
    }
  }
  // What is left is padding: the first bits of the end's code, all ones, less than a byte.
  return pending < 8 && ones ? out : undefined;
}
