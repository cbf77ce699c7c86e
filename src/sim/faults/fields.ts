/** What the fields of a fault may hold. A fault that holds something else is refused when it is told, not when it would happen. */
import { durationOf } from "#base/duration.ts";
import type { World } from "./fault.ts";

export interface Field {
  readonly optional?: true;
  /** What is wrong with a value, as the rest of a sentence that begins with the field; undefined: nothing. */
  problem(value: unknown, world: World): string | undefined;
}
/** One for every field of a kind of fault. */
export type Fields<F> = { readonly [Name in Exclude<keyof F, "fault">]-?: Field };

const shown = (value: unknown) => JSON.stringify(value) ?? String(value);
const is = (what: string, test: (value: unknown) => boolean): Field => ({
  problem: value => (test(value) ? undefined : `${what}, not ${shown(value)}`),
});

export const optional = (field: Field): Field => ({ optional: true, problem: field.problem });
export const among = (values: readonly (string | number)[]): Field =>
  is(`one of ${values.join(", ")}`, value => values.some(v => v === value));
export const flag = is("true or false", value => typeof value === "boolean");
export const rate = is("a number from 0 to 1", value => typeof value === "number" && value >= 0 && value <= 1);
export const count = (least: number): Field =>
  is(`a whole number from ${least}`, value => Number.isInteger(value) && (value as number) >= least);
export const span: Field = {
  problem(value) {
    if (typeof value !== "number" && typeof value !== "string") return `a span of time, not ${shown(value)}`;
    try {
      durationOf("", value);
      return undefined;
    } catch (error) {
      return (error as Error).message.replace(/^: /, "");
    }
  },
};
const nameOf = (of: (world: World) => readonly { readonly name: string }[], none: string): Field => ({
  problem(value, world) {
    const all = of(world);
    if (all.length === 0) return none;
    return all.some(one => one.name === value) ? undefined : `none is called ${shown(value)}`;
  },
});
export const node = nameOf(world => world.nodes, "the cluster has no nodes");
/** A node with a simulated machine below it. */
export const machine = nameOf(world => world.machines, "the cluster has no simulated machines");
/** Some of them. */
export const machines: Field = {
  problem(value, world) {
    if (!Array.isArray(value) || value.length === 0) return `a list of nodes' names, not ${shown(value)}`;
    for (const one of value) {
      const problem = machine.problem(one, world);
      if (problem !== undefined) return problem;
    }
    return undefined;
  },
};
export const plane = nameOf(world => world.planes, "the cluster has no control planes");
/** Who speaks to the API: a component's name, or the first part of it. */
export const sender: Field = {
  problem: (value, { link }) => (typeof value === "string" && link.knows(value) ? undefined : `no component is called ${shown(value)}`),
};

const SPAN: Fields<{ readonly at: unknown; readonly for: unknown }> = { at: optional(span), for: optional(span) };

/** What is wrong with a fault, as a sentence that begins with the field; undefined: nothing. */
export function problemIn(fault: object, fields: Readonly<Record<string, Field>>, world: World): string | undefined {
  const all: Readonly<Record<string, Field>> = { ...SPAN, ...fields };
  for (const [name, value] of Object.entries(fault)) {
    if (name === "fault" || value === undefined) continue;
    const field = Object.hasOwn(all, name) ? all[name] : undefined;
    const problem = field ? field.problem(value, world) : `there is no such field; there are ${Object.keys(all).join(", ")}`;
    if (problem !== undefined) return `${name}: ${problem}`;
  }
  for (const [name, field] of Object.entries(all))
    if (!field.optional && (fault as Readonly<Record<string, unknown>>)[name] === undefined) return `${name}: it must be said`;
  return undefined;
}
