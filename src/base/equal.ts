/** Whether two JSON values say the same; an absent field and an undefined one are alike. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a)) {
    if (!Array.isArray(b) || a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!equal(a[i], b[i])) return false;
    return true;
  }
  if (Array.isArray(b)) return false;
  let count = 0;
  for (const key in a) {
    const v = (a as Fields)[key];
    if (v === undefined) continue;
    count++;
    if (!equal(v, (b as Fields)[key])) return false;
  }
  for (const key in b) if ((b as Fields)[key] !== undefined) count--;
  return count === 0;
}
/** Whether two objects say the same but for these fields. */
export function equalBut(fields: ReadonlySet<string>, a: object, b: object): boolean {
  const [x, y] = [a as Fields, b as Fields];
  for (const key in x) if (x[key] !== y[key] && !fields.has(key) && !equal(x[key], y[key])) return false;
  for (const key in y) if (y[key] !== undefined && x[key] === undefined && !fields.has(key)) return false;
  return true;
}
type Fields = Readonly<Record<string, unknown>>;
