import assert from "node:assert/strict";
import { globSync } from "node:fs";
import test from "node:test";
import { kinds } from "#kinds/all.ts";
import type { ObjectNode, TypeNode } from "#schema/notation.ts";

/** Every object type that the files of this room declare, with those that they hold. */
async function allTypes(): Promise<Set<ObjectNode>> {
  const types = new Set<ObjectNode>();
  const visit = (node: TypeNode): void => {
    if (node.is === "list" || node.is === "map") return visit(node.of);
    if (node.is !== "object" || types.has(node)) return;
    types.add(node);
    for (const f of Object.values(node.fields)) visit(f.type);
    for (const i of node.inlined) visit(i.type);
  };
  for (const k of kinds) visit(k.schema);
  const here = import.meta.dirname;
  for (const file of globSync("*/v1/*.ts", { cwd: here })) {
    if (file.endsWith(".test.ts")) continue;
    const module = (await import(`${here}/${file}`)) as Record<string, unknown>;
    for (const value of Object.values(module)) if (typeof value === "function" && "node" in value) visit(value.node as TypeNode);
  }
  return types;
}

test("every type and every field is explained in a sentence", async () => {
  const types = await allTypes();
  assert.ok(types.size > 200);
  for (const t of types) {
    assert.match(t.doc, /^[A-Z].*[.]$/s, t.name);
    for (const [name, f] of Object.entries(t.fields)) assert.match(f.doc, /^[A-Z$0-9].*\.$/s, `${t.name}.${name}`);
  }
});

test("every column is explained", () => {
  for (const k of kinds) for (const c of k.columns) assert.ok(c.doc, `${k.kind} ${c.name}`);
});
