import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { kinds } from "#kinds/all.ts";
import { ListMeta } from "#kinds/meta/v1/listmeta.ts";
import { DeleteOptions } from "#kinds/meta/v1/options.ts";
import { Status } from "#kinds/meta/v1/status.ts";
import { type Json, openApiV2, openApiV3 } from "#schema/openapi.ts";

const shared = process.env.COXSWAIN_SHARED ?? join(import.meta.dirname, "../../../shared");
const swagger = join(shared, "data/openapi-v2-swagger-1.36/swagger.json");
const common = { listMeta: ListMeta.node, status: Status.node, deleteOptions: DeleteOptions.node };
const v2 = openApiV2(kinds, common, "v1.36.0");

/** Without what we word ourselves, and with the order of names taken out. */
function plain(value: unknown, key = ""): unknown {
  if (Array.isArray(value)) return key === "required" ? value.toSorted() : value.map(v => plain(v));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([k, v]) => !(k === "description" && typeof v === "string") && k !== "x-kubernetes-unions")
      .map(([k, v]) => [k, plain(v, k)]),
  );
}

test("definitions are upstream's but for their words", { skip: !existsSync(swagger) && "the document is not here" }, () => {
  const theirs = JSON.parse(readFileSync(swagger, "utf8")) as { definitions: Json };
  const wrong: string[] = [];
  let count = 0;
  for (const [name, definition] of Object.entries(v2.definitions as Record<string, Json>)) {
    const ours = plain(definition) as Json;
    const other = plain(theirs.definitions[name]) as Json | undefined;
    if (!other) {
      wrong.push(`${name}: upstream has none`);
      continue;
    }
    count++;
    // These two belong to every group that is served, which are fewer here.
    if (/\.(DeleteOptions|WatchEvent)$/.test(name)) {
      delete ours["x-kubernetes-group-version-kind"];
      delete other["x-kubernetes-group-version-kind"];
    }
    try {
      assert.deepEqual(ours, other);
    } catch (e) {
      wrong.push(`${name}: ${(e as Error).message}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(count > 200, `${count} definitions`);
});

test("operations carry upstream's ids and actions", { skip: !existsSync(swagger) && "the document is not here" }, () => {
  const theirs = JSON.parse(readFileSync(swagger, "utf8")) as { paths: Record<string, Record<string, Json>> };
  const wrong: string[] = [];
  for (const [path, item] of Object.entries(v2.paths as Record<string, Record<string, Json>>)) {
    for (const [method, op] of Object.entries(item)) {
      if (method === "parameters") continue;
      const other = theirs.paths[path]?.[method];
      if (!other) wrong.push(`${method} ${path}: upstream has none`);
      else
        for (const key of ["operationId", "x-kubernetes-action", "x-kubernetes-group-version-kind"]) {
          if (JSON.stringify(plain(op[key])) !== JSON.stringify(plain(other[key])))
            wrong.push(`${method} ${path} ${key}: ${JSON.stringify(op[key])} instead of ${JSON.stringify(other[key])}`);
        }
    }
  }
  assert.deepEqual(wrong, []);
});

test("v3 documents resolve within themselves", () => {
  const groups = new Set(kinds.map(k => `${k.group}|${k.version}`));
  for (const g of groups) {
    const [group, version] = g.split("|") as [string, string];
    const document = openApiV3(kinds, group, version, common, "v1.36.0");
    const schemas = (document.components as { schemas: Json }).schemas;
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g))
      assert.ok(schemas[name!], `${g}: ${name}`);
  }
});
