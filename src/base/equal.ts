/** Whether two JSON values say the same; an absent field and an undefined one are alike. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((v, i) => equal(v, b[i]));
  if (Array.isArray(b)) return false;
  const x = a as Record<string, unknown>;
  const y = b as Record<string, unknown>;
  for (const key of Object.keys(x)) if (!equal(x[key], y[key])) return false;
  for (const key of Object.keys(y)) if (y[key] !== undefined && !(key in x)) return false;
  return true;
}
