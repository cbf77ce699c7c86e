/** The examples of the documentation, as they stand there. */
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";

const home = path.join(import.meta.dirname, "..", "..");

for (const name of ["testing.md", "stages.md"])
  test(`the example of docs/${name} is true`, async t => {
    const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(path.join(home, "docs", name), "utf8"))?.[1] ?? "";
    const folder = await mkdtemp(path.join(tmpdir(), "coxswain-example-"));
    t.after(() => rm(folder, { recursive: true, force: true }));
    // its test becomes one within this one; the package's name is known in the checkout only
    const module = example
      .replace('"coxswain"', JSON.stringify(import.meta.resolve("coxswain")))
      .replace('import { test } from "node:test";', "export let story: [name: string, body: () => Promise<void>];")
      .replace(/^test\(([\s\S]*)\);\s*$/m, "story = [$1];\n");
    const file = path.join(folder, "example.mts");
    await writeFile(file, module);
    const { story } = (await import(file)) as { story: [name: string, body: () => Promise<void>] };
    await t.test(...story);
  });
