/** The stages that kwok ships, as they are, on the inputs that it ships with them. COX_KWOK names a checkout of kwok. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { formatMicroTime } from "#base/time.ts";
import { parseYaml } from "#base/yaml.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { nextSteps } from "#stages/decide.ts";
import type { StageError } from "#stages/fields.ts";
import { type Stage, stageOf } from "#stages/stage.ts";
import { world } from "#stages/testing.ts";

const home = process.env.COX_KWOK;
const now = Date.UTC(2026, 0, 1);
const read = (...file: string[]) => parseYaml(readFileSync(path.join(home ?? "", "kustomize", "stage", ...file), "utf8"))[0]?.value;

interface Expected {
  readonly stages: readonly {
    readonly stage: string;
    readonly delay?: readonly number[];
    readonly next: readonly { readonly kind: string; readonly data?: unknown; readonly message?: string }[];
  }[];
}
const SETS = ["pod/fast", "pod/general", "pod/chaos", "node/fast", "node/heartbeat", "node/heartbeat-with-lease", "node/chaos"];

for (const set of SETS)
  test(`kwok's ${set}`, { skip: home === undefined && "COX_KWOK names no checkout of kwok" }, () => {
    const folder = path.join(home ?? "", "kustomize", "stage", set);
    const files = readdirSync(folder).filter(f => f.endsWith(".yaml") && f !== "kustomization.yaml");
    const stages = files.map(file => stageOf(read(set, file), file)).filter((s): s is Stage => s !== undefined);
    assert.equal(stages.length, files.length);
    const inputs = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter(f => f.endsWith(".input.yaml"));
    for (const file of inputs) {
      const object = resolved(read(set, file)) as KubeObject;
      const { stages: expected } = read(set, file.replace(".input.", ".output.")) as Expected;
      for (const { stage, next, delay } of expected) {
        const found = stages.find(s => s.name === stage && s.matches(object));
        assert.ok(found, `${file}: ${stage} matches`);
        if (delay) assert.deepEqual(delay.slice(0, 1), [Math.max(0, found.delay(object, now, 0)) * 1e6], `${file}: the least delay`);
        const steps = nextSteps([{ ...found, delay: () => 0 }], { object, at: now, lots: [0, 0] }, now, world);
        assert.deepEqual(
          steps.map(s => (s.do === "event" ? { kind: s.do, message: s.message } : { kind: s.do })),
          next.map(n => (n.kind === "event" ? { kind: n.kind, message: n.message } : { kind: n.kind })),
        );
        const patches = steps.flatMap(s => (s.do === "patch" ? [s.patch] : []));
        const wanted = next.flatMap(n => (n.kind === "patch" ? [n.data] : []));
        assert.deepEqual(plain(patches), plain(wanted), `${file}: what ${stage} writes`);
      }
    }
  });

test("kwok's volume stages are refused by the field that is not understood", {
  skip: home === undefined && "COX_KWOK names no checkout of kwok",
}, () => {
  assert.throws(
    () => stageOf(read("volume/fast/pv-bind.yaml"), "pv-bind.yaml"),
    (error: StageError) =>
      /^pv-bind.yaml: stage pv-bind: spec.resourceRef.kind: no kind is called PersistentVolume in v1$/.test(error.message),
  );
});

/** `<Now>` as a time. */
function resolved(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll("<Now>", formatMicroTime(now)));
}
/** Both sides' times and addresses alike. */
function plain(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(formatMicroTime(now), "<Now>")
    .replaceAll(/"(?:first|second|address) of [^"]*"/g, '"<address>"')
    .replaceAll(/"<[^"]*IP[^>]*(?:\\"[^>]*)*>"/g, '"<address>"')
    .replaceAll("<NodeName>", "node-pending")
    .replaceAll('"<NodePort>"', String(world.nodePort))
    .replaceAll("<Version>", world.version);
  return JSON.parse(text);
}
