/** Field defaults, filled in at every depth. A pass of its own, so that patch and apply can use it after they have changed an object. */
import { copyPlain } from "#base/plain.ts";
import type { ObjectNode, TypeNode } from "#schema/notation.ts";

type Fill = (value: unknown) => void;

const compiled = new WeakMap<TypeNode, Fill | null>();

/** The filler of a type, or null when nothing beneath it has a default. */
function fillerOf(node: TypeNode): Fill | null {
  if (node.is === "scalar") return null;
  const known = compiled.get(node);
  if (known !== undefined) return known;
  let fill: Fill | null = null;
  // Types may contain themselves: until its own filler stands, a type is found by looking it up again.
  compiled.set(node, value => fill?.(value));
  fill = node.is === "object" ? objectFiller(node) : collectionFiller(node.of, node.is === "list");
  compiled.set(node, fill);
  return fill;
}
function collectionFiller(of: TypeNode, list: boolean): Fill | null {
  const item = fillerOf(of);
  if (!item) return null;
  return list
    ? value => {
        if (Array.isArray(value)) for (const v of value) item(v);
      }
    : value => {
        if (typeof value === "object" && value !== null) for (const v of Object.values(value)) item(v);
      };
}
interface Step {
  readonly name: string;
  readonly value: unknown;
  readonly scalar: boolean;
  readonly fill: Fill | null;
}
function objectFiller(node: ObjectNode): Fill | null {
  const steps: Step[] = [];
  for (const [name, field] of Object.entries(node.fields)) {
    const fill = fillerOf(field.type);
    const value = field.defaultValue;
    if (value !== undefined || fill) steps.push({ name, value, scalar: typeof value !== "object", fill });
  }
  if (steps.length === 0) return null;
  return value => {
    if (typeof value !== "object" || value === null) return;
    const object = value as Record<string, unknown>;
    for (const { name, value, scalar, fill } of steps) {
      let v = object[name];
      if (v === undefined || v === null || v === "") {
        if (value === undefined) continue;
        v = scalar ? value : copyPlain(value);
        object[name] = v;
      }
      fill?.(v);
    }
  };
}

/** Fills in the defaults of `object` and of all that it holds, in place. */
export function fillDefaults(node: ObjectNode, object: unknown): void {
  fillerOf(node)?.(object);
}
