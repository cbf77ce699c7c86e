import type { Kind } from "#kinds/kind.ts";
import type { TypeNode } from "#schema/notation.ts";

/** Raised by hand when rules that a schema does not show (a kind's `defaults`) change what a stored body must say. */
const EDITION = 1;
const known = new WeakMap<Kind, number>();

/** A hash (FNV-1a, 32 bits) of all that decides how a kind's JSON is read: names, types and defaults. Reckoned once, on first use. */
export function fingerprintOf(kind: Kind): number {
  const seen = known.get(kind);
  if (seen !== undefined) return seen;
  let hash = 0x811c9dc5;
  const add = (text: string) => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  };
  const visited = new Set<TypeNode>();
  const walk = (node: TypeNode) => {
    add(node.is);
    if (node.is === "scalar") add(node.scalar);
    else if (node.is !== "object") walk(node.of);
    else {
      if (visited.has(node)) {
        add(node.name);
        return;
      }
      visited.add(node);
      for (const [name, field] of Object.entries(node.fields)) {
        add(`${name}:${field.always}:${JSON.stringify(field.defaultValue) ?? ""};`);
        walk(field.type);
      }
    }
  };
  add(`${EDITION}/${kind.group}/${kind.version}/${kind.kind}`);
  walk(kind.schema);
  known.set(kind, hash >>> 0);
  return hash >>> 0;
}
