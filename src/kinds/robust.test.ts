/** Whatever decodes must be defaulted, prepared and validated without an exception: bad input is answered, never a crash. */
import assert from "node:assert/strict";
import test from "node:test";
import { type Chance, seededChance } from "#base/chance.ts";
import { Report } from "#base/fielderror.ts";
import { parseJson } from "#base/json.ts";
import { StatusError } from "#base/status.ts";
import { kinds } from "#kinds/all.ts";
import { apiVersionOf, type KubeObject } from "#kinds/kind.ts";
import { decodeKind } from "#schema/decode.ts";
import { fillDefaults } from "#schema/defaults.ts";
import type { ScalarName, TypeNode } from "#schema/notation.ts";

const SCALARS: Record<ScalarName, readonly unknown[]> = {
  string: ["", "a", "A_b", "web", "-", "x".repeat(300), "None", "Always", "ClientIP", "10.0.0.1", "fd00::1", "/a/../b", "$(X)"],
  bool: [true, false],
  int32: [0, 1, -1, 80, 70000, 2147483647],
  int64: [0, 1, -1, 30, 2 ** 40],
  double: [0, 1.5],
  bytes: ["", "aGk="],
  quantity: ["0", "1", "100m", "-1", "1Gi", "0.5"],
  intOrString: [0, 80, -1, "http", "50%", "", "150%"],
  time: ["2026-01-01T00:00:00Z"],
  microTime: ["2026-01-01T00:00:00.000000Z"],
  duration: ["1h"],
  fieldsV1: [{}, { "f:a": {} }],
  any: [{}, { a: 1 }, "x"],
};
const pick = <T>(chance: Chance, from: readonly T[]): T => from[Math.floor(chance.next() * from.length)]!;

function value(node: TypeNode, chance: Chance, depth: number, values?: readonly string[]): unknown {
  const empty = chance.next();
  if (node.is === "scalar") return values?.length && chance.next() < 0.7 ? pick(chance, values) : pick(chance, SCALARS[node.scalar]);
  if (node.is === "list") {
    if (empty < 0.1) return chance.next() < 0.5 ? null : [];
    return Array.from({ length: 1 + Math.floor(chance.next() * 2) }, () => value(node.of, chance, depth + 1, values));
  }
  if (node.is === "map")
    return empty < 0.1 ? null : Object.fromEntries([0, 1].map(() => [pick(chance, SCALARS.string), value(node.of, chance, depth + 1)]));
  if (empty < 0.08 || depth > 9) return chance.next() < 0.5 ? null : {};
  const density = Math.min(0.9, 0.9 - depth * 0.08);
  const fields = Object.entries(node.fields).filter(
    () => chance.next() < density * (depth > 2 && Object.keys(node.fields).length > 12 ? 0.25 : 1),
  );
  return Object.fromEntries(fields.map(([name, f]) => [name, value(f.type, chance, depth + 1, f.values)]));
}

const ROUNDS = 60;
for (const kind of kinds) {
  test(`${apiVersionOf(kind)} ${kind.kind}: no decodable input is a crash`, () => {
    for (let seed = 1; seed <= ROUNDS; seed++) {
      const chance = seededChance(seed);
      const make = () => {
        const raw = {
          ...(value(kind.schema, chance, 0) as object),
          apiVersion: apiVersionOf(kind),
          kind: kind.kind,
          metadata: { name: "x", namespace: kind.namespaced ? "n" : undefined },
        };
        const { value: object } = decodeKind(kind, parseJson(JSON.stringify(raw)));
        fillDefaults(kind.schema, object);
        kind.rules.defaults?.(object as KubeObject);
        return object as KubeObject;
      };
      try {
        const [object, old] = [make(), make()];
        const context = { now: 0, user: "u" };
        kind.rules.prepareCreate?.(object, context);
        kind.rules.validate?.(object, new Report());
        kind.rules.validateCreate?.(object, new Report());
        kind.rules.warnings?.(object, undefined);
        kind.rules.prepareUpdate?.(object, old, context);
        kind.rules.validateUpdate?.(object, old, new Report());
        kind.rules.prepareStatusUpdate?.(object, old, context);
        kind.rules.validateStatusUpdate?.(object, old, new Report());
        for (const column of kind.columns) column.cell(object, 0);
        for (const select of Object.values(kind.selectable)) select(object);
      } catch (error) {
        assert.ok(error instanceof StatusError, `seed ${seed}: ${(error as Error).stack}`);
      }
    }
  });
}
