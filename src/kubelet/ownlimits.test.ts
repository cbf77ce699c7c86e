import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { exceeded, hasOwnLimits } from "./ownlimits.ts";

const MIB = 1024 ** 2;
interface Shape {
  /** Of each container. */
  readonly limits?: readonly (string | undefined)[];
  readonly volumes?: readonly { readonly name: string; readonly emptyDir: object }[];
  readonly priority?: number;
}
const pod = ({ limits = [undefined], volumes = [], priority = 0 }: Shape): Pod =>
  ({
    metadata: { name: "p", namespace: "default" },
    spec: {
      priority,
      volumes,
      containers: limits.map((limit, i) => ({ name: `c${i}`, ...(limit && { resources: { limits: { "ephemeral-storage": limit } } }) })),
    },
    status: {},
  }) as unknown as Pod;
/** Mebibytes by name. */
const use = (containers: Record<string, number>, volumes: Record<string, number> = {}) => ({
  containers: new Map(Object.entries(containers).map(([name, n]) => [name, n * MIB])),
  volumes: new Map(Object.entries(volumes).map(([name, n]) => [name, n * MIB])),
});

test("only what a pod has said itself is a limit", () => {
  assert.equal(hasOwnLimits(pod({})), false);
  assert.equal(hasOwnLimits(pod({ volumes: [{ name: "v", emptyDir: {} }] })), false);
  assert.equal(hasOwnLimits(pod({ volumes: [{ name: "v", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } }] })), false);
  assert.equal(hasOwnLimits(pod({ volumes: [{ name: "v", emptyDir: { sizeLimit: "1Mi" } }] })), true);
  assert.equal(hasOwnLimits(pod({ limits: ["1Gi"] })), true);
  assert.equal(exceeded(pod({ volumes: [{ name: "v", emptyDir: {} }] }), use({ c0: 1e6 }, { v: 1e6 })), undefined);
});

test("an emptyDir, the whole pod, a container: the first that is exceeded is said, in upstream's words", () => {
  const volumes = [{ name: "cache", emptyDir: { sizeLimit: "500Mi" } }];
  const both = pod({ limits: ["1Gi", "100Mi"], volumes });
  assert.equal(exceeded(both, use({ c0: 400, c1: 100 }, { cache: 500 })), undefined);
  assert.deepEqual(exceeded(both, use({ c0: 2000 }, { cache: 501 })), {
    reason: "Evicted",
    message: 'Usage of EmptyDir volume "cache" exceeds the limit "500Mi". ',
    grace: 1,
  });
  assert.equal(
    exceeded(both, use({ c0: 700, c1: 25 }, { cache: 400 }))?.message,
    "Pod ephemeral local storage usage exceeds the total limit of containers 1124Mi. ",
  );
  assert.equal(exceeded(both, use({ c0: 0, c1: 101 }))?.message, 'Container c1 exceeded its local ephemeral storage limit "100Mi". ');
  assert.equal(exceeded(pod({ volumes: [{ name: "v", emptyDir: { sizeLimit: "0" } }] }), use({}, { v: 1 })), undefined);
});

test("critical pods stay", () => {
  assert.equal(exceeded(pod({ limits: ["1Mi"], priority: 2_000_000_000 }), use({ c0: 5 })), undefined);
});
