/** Real kubectls against a cluster in a test: into its pods, to what their images serve. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createCluster } from "coxswain";
import { findKubectls, session } from "../support/kubectl.ts";

const objects = [
  {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web", labels: { app: "web" } },
    spec: { containers: [{ name: "app", image: "web" }] },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }] },
  },
];
const kubectls = await findKubectls().catch(() => []);

for (const kubectl of [...new Set([kubectls[0], kubectls.at(-1)])])
  test(`kubectl ${kubectl?.version} port-forward to a simulated pod and to its service`, { timeout: 5 * 60_000 }, async t => {
    if (!kubectl) return t.skip("there is no kubectl");
    const folder = await mkdtemp(path.join(tmpdir(), "cox-forward-"));
    const cluster = await createCluster({
      images: {
        web: ({ pod, sleep }) => ({
          ports: [8080],
          async http({ method, path, body }) {
            if (path === "/slow") await sleep("100ms");
            return { body: `${pod}: ${method} ${path} ${body}` };
          },
        }),
      },
    });
    t.after(async () => {
      await cluster.close();
      await rm(folder, { recursive: true, force: true });
    });
    await cluster.apply(objects);
    await cluster.settled();
    const { kubeconfig } = await cluster.serve();
    await writeFile(`${folder}/kubeconfig`, kubeconfig);
    const k = session(kubectl, `${folder}/kubeconfig`, "default");
    for (const target of ["pod/web", "service/web"]) {
      const forward = k.start(["port-forward", target, target.startsWith("pod") ? ":8080" : ":80"]);
      try {
        const [, port] = await forward.printed(/Forwarding from 127\.0\.0\.1:(\d+) -> 8080/);
        const at = `http://127.0.0.1:${port}`;
        const answers = await Promise.all(Array.from({ length: 10 }, async (_, n) => (await fetch(`${at}/${n}`)).text()));
        assert.deepEqual(
          answers,
          answers.map((_, n) => `web: GET /${n} `),
        );
        const large = "x".repeat(500_000);
        assert.equal(await (await fetch(`${at}/large`, { method: "POST", body: large })).text(), `web: POST /large ${large}`);
        assert.equal(await (await fetch(`${at}/slow`)).text(), "web: GET /slow ");
      } finally {
        await forward.stop();
      }
    }
    const refused = k.start(["port-forward", "pod/web", ":9"]);
    try {
      const [, port] = await refused.printed(/Forwarding from 127\.0\.0\.1:(\d+) -> 9/);
      await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
      await refused.printed(/failed to connect to localhost:9 inside namespace.*connection refused/);
    } finally {
      await refused.stop();
    }
  });
