/**
 * The package as npm gets it: packed, unpacked into an application of its own, imported under node:test, vitest and jest with the
 * configurations that docs/testing.md shows, all three at once; and its types, as the compiler of such an application reads them.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import { promisify } from "node:util";

const run = promisify(execFile);
const home = path.join(import.meta.dirname, "..", "..");
const packages = path.join(home, "node_modules");
/** What packing reads. */
const SOURCES = ["src", "tools", "examples", "package.json", "tsconfig.json", "cox", "README.md", "LICENSE"];

/** Each runner's own way to say a test; the story is the same. */
const STORY = `
const images = { web: ({ pod }) => ({ http: () => ({ body: pod }) }) };
const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: "web", namespace: "default" }, spec: { containers: [{ name: "app", image: "web:1" }] } };
const story = async seed => {
  const cluster = await createCluster({ seed, nodes: 2, images });
  await cluster.apply(pod);
  await cluster.settled();
  const { status } = await cluster.client.get({ apiVersion: "v1", kind: "Pod" }, "web", "default");
  const answer = await cluster.fetch(\`http://\${status.podIP}:80/\`);
  await cluster.close();
  return [status.phase, answer.body].join(" ");
};
const several = () => Promise.all([1, 2, 3, 4, 5].map(story));
const expected = Array(5).fill("Running web");
`;
const IMPORT = 'import { createCluster } from "coxswain";\n';
const FILES = {
  "node.test.mjs": `import assert from "node:assert/strict";\nimport { test } from "node:test";\n${IMPORT}${STORY}
test("five clusters side by side", async () => assert.deepEqual(await several(), expected));\n`,
  "vitest.test.mjs": `import { expect, test } from "vitest";\n${IMPORT}${STORY}
test("five clusters side by side", async () => expect(await several()).toEqual(expected));\n`,
  "jest.test.mjs": `${IMPORT}${STORY}
test("five clusters side by side", async () => expect(await several()).toEqual(expected));\n`,
  "types.mts": `import { type Cluster, createCluster, type Fault, InvariantBreach } from "coxswain";
const faults: Fault[] = [{ at: "1m", fault: "nodeDeath", node: "node-1", for: "5m" }];
const cluster: Cluster = await createCluster({ seed: 1, nodes: 2, faults });
const web = await cluster.client.get({ apiVersion: "apps/v1", kind: "Deployment" }, "web", "default");
export const replicas: number | undefined = web.status.availableReplicas;
// @ts-expect-error a Deployment has no such field
export const none = web.status.nonsense;
export const breach: typeof InvariantBreach = InvariantBreach;\n`,
};

describe("the packed package", () => {
  let folder = "";
  let app = "";
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "coxswain-packed-"));
    const checkout = path.join(folder, "checkout");
    app = path.join(folder, "app");
    // packing writes beside the sources
    for (const name of SOURCES) cpSync(path.join(home, name), path.join(checkout, name), { recursive: true });
    symlinkSync(packages, path.join(checkout, "node_modules"));
    await command(checkout, ["pack", "--offline", "--pack-destination", folder], "npm");
    const [tarball = ""] = readdirSync(folder).filter(name => name.endsWith(".tgz"));
    const own = path.join(app, "node_modules", "coxswain");
    mkdirSync(own, { recursive: true });
    await run("tar", ["-xzf", path.join(folder, tarball), "-C", own, "--strip-components=1"]);
    // its dependencies, and what the application brings itself, are there as if they had been installed
    const { dependencies } = JSON.parse(readFileSync(path.join(own, "package.json"), "utf8")) as { dependencies: object };
    for (const name of [...Object.keys(dependencies), "vitest", "jest"])
      symlinkSync(path.join(packages, name), path.join(app, "node_modules", name));
    for (const [name, text] of Object.entries(FILES)) writeFileSync(path.join(app, name), text);
    for (const [name, text] of documented()) writeFileSync(path.join(app, name), text);
    writeFileSync(path.join(app, "package.json"), JSON.stringify({ name: "app", private: true, type: "module" }));
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("runs under node:test, vitest and jest at once, and leaves nothing that keeps them", { timeout: 600_000 }, async () => {
    const said = await Promise.all([
      command(app, ["--test", "node.test.mjs"]),
      command(app, [path.join(packages, "vitest", "vitest.mjs"), "run"]),
      command(app, ["--experimental-vm-modules", path.join(packages, "jest", "bin", "jest.js")]),
    ]);
    assert.match(said[0], /pass 1/);
    assert.match(said[1], /1 passed/);
    assert.match(said[2], /1 passed/);
    assert.doesNotMatch(said[2], /did not exit/);
  });
  it("brings its types", { timeout: 300_000 }, async () => {
    const options = ["--noEmit", "--strict", "--target", "esnext", "--module", "nodenext", "--lib", "esnext,dom", "--types", ""];
    await command(app, [path.join(packages, "typescript", "bin", "tsc"), ...options, "types.mts"]);
  });
});

/** The files that docs/testing.md shows, by the names that their first lines say. */
function documented(): readonly (readonly [name: string, text: string])[] {
  const text = readFileSync(path.join(home, "docs", "testing.md"), "utf8");
  const found = [...text.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name = "", body = ""]) => [name, body] as const);
  assert.deepEqual(
    found.map(([name]) => name),
    ["vitest.config.js", "jest.config.js"],
  );
  return found;
}
/** Runs this Node, or a command; resolves with all that was printed, and rejects with it. */
async function command(cwd: string, args: readonly string[], program = process.execPath): Promise<string> {
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  try {
    const PATH = `${path.dirname(process.execPath)}:${env.PATH}`;
    const options = { cwd, env: { ...env, PATH, CI: "1", NO_COLOR: "1" }, maxBuffer: 64 * 1024 ** 2 };
    const { stdout, stderr } = await run(program, args, options);
    return stdout + stderr;
  } catch (error) {
    const { message, stdout = "", stderr = "" } = error as Error & { stdout?: string; stderr?: string };
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}
