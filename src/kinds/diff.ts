/** The difference of two values as text, for errors that must show one. */

const AROUND = 3;

/** One hunk of a unified diff over indented JSON, from the first line that differs to the last. */
export function unifiedDiff(a: unknown, b: unknown): string {
  const left = JSON.stringify(a, undefined, 1).split("\n");
  const right = JSON.stringify(b, undefined, 1).split("\n");
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  let tail = 0;
  while (tail < left.length - head && tail < right.length - head && left.at(-1 - tail) === right.at(-1 - tail)) tail++;
  const start = Math.max(0, head - AROUND);
  const after = Math.min(AROUND, tail);
  const end = (lines: readonly string[]) => lines.length - tail;
  const size = (lines: readonly string[]) => end(lines) + after - start;
  return [
    `@@ -${start + 1},${size(left)} +${start + 1},${size(right)} @@`,
    ...left.slice(start, head).map(l => ` ${l}`),
    ...left.slice(head, end(left)).map(l => `-${l}`),
    ...right.slice(head, end(right)).map(l => `+${l}`),
    ...left.slice(end(left), end(left) + after).map(l => ` ${l}`),
    "",
  ].join("\n");
}
