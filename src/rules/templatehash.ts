/** The hash that tells the pods of one template from those of another (labels pod-template-hash and controller-revision-hash). */
import { utf8 } from "#base/bytes.ts";

/** Characters without vowels and look-alikes, as upstream encodes hashes, so that no word appears by accident. */
const SAFE = "bcdfghjklmnpqrstvwxz2456789";

/**
 * FNV-1a (32 bits) over the value's canonical JSON (keys sorted) and the count of collisions met so far, in safe characters. It need
 * not equal upstream's, which hashes Go's own printing of the struct: a set with an equal template is found by comparison, not by name.
 */
export function templateHash(template: unknown, collisions = 0): string {
  let hash = 0x811c9dc5;
  for (const byte of utf8(canonical(template) + (collisions > 0 ? `#${collisions}` : ""))) {
    hash ^= byte;
    hash = Math.imul(hash, 0x01000193) >>> 0;
  }
  return [...String(hash)].map(digit => SAFE[digit.charCodeAt(0) % SAFE.length]).join("");
}
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).filter(([, v]) => v !== undefined && v !== null);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(",")}}`;
}
