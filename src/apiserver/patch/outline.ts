/**
 * An object's outline beside another's: objects of one kind and one outline differ from that other in the same fields. Undefined where an
 * item of a list is asked about, for its fields are told apart by what it says.
 */
export function outline(from: unknown, to: unknown): string | undefined {
  if (typeof to !== "object" || to === null) {
    if (from === undefined) return to === null ? "0" : "1";
    return `${to === null ? "0" : "1"}${from === to ? "=" : "!"}`;
  }
  if (Array.isArray(to)) return to.length === 0 && from === undefined ? "[]" : undefined;
  if (typeof from === "object" && from !== null && Array.isArray(from)) return undefined;
  const [left, right] = [(from ?? {}) as Record<string, unknown>, to as Record<string, unknown>];
  let out = "{";
  for (const key in right) {
    if (right[key] === undefined) continue;
    const inner = outline(left[key], right[key]);
    if (inner === undefined) return undefined;
    out += `${key.length} ${key}${inner}`;
  }
  return `${out}}`;
}
