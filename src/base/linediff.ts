/** The difference of two texts line by line, in the unified form. */

const AROUND = 3;
/** Pairs of lines that are compared at most; beyond, all between the first and the last difference counts as changed. */
const MOST = 4_000_000;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
}

/** Hunks with three lines around them; "" when nothing differs. */
export function lineDiff(before: string, after: string): string {
  const lines = aligned(before === "" ? [] : before.split("\n"), after === "" ? [] : after.split("\n"));
  const out: string[] = [];
  let left = 1;
  let right = 1;
  for (let at = 0; at < lines.length; ) {
    const change = lines.findIndex((l, i) => i >= at && l.sign !== " ");
    if (change < 0) break;
    const start = Math.max(at, change - AROUND);
    let end = change + 1;
    for (let i = end; i < lines.length && i <= end + 2 * AROUND; i++) if (lines[i]!.sign !== " ") end = i + 1;
    end = Math.min(lines.length, end + AROUND);
    left += start - at;
    right += start - at;
    const hunk = lines.slice(start, end);
    const [minus, plus] = (["+", "-"] as const).map(other => hunk.filter(l => l.sign !== other).length);
    out.push(`@@ -${left},${minus} +${right},${plus} @@`, ...hunk.map(l => l.sign + l.text));
    left += minus!;
    right += plus!;
    at = end;
  }
  return out.join("\n");
}

function aligned(a: readonly string[], b: readonly string[]): Line[] {
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++;
  const same = (texts: readonly string[]) => texts.map((text): Line => ({ sign: " ", text }));
  const middle = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail));
  return [...same(a.slice(0, head)), ...middle, ...same(a.slice(a.length - tail))];
}
/** By the longest common subsequence. */
function between(a: readonly string[], b: readonly string[]): Line[] {
  const gone = (text: string): Line => ({ sign: "-", text });
  const come = (text: string): Line => ({ sign: "+", text });
  if (a.length * b.length > MOST) return [...a.map(gone), ...b.map(come)];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const [down, across] = [length[(i + 1) * width + j]!, length[i * width + j + 1]!];
      length[i * width + j] = a[i] === b[j] ? length[(i + 1) * width + j + 1]! + 1 : Math.max(down, across);
    }
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      out.push({ sign: " ", text: a[i]! });
      i++;
      j++;
    } else if (j === b.length || (i < a.length && length[(i + 1) * width + j]! >= length[i * width + j + 1]!)) out.push(gone(a[i++]!));
    else out.push(come(b[j++]!));
  }
  return out;
}
