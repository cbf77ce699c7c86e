import assert from "node:assert/strict";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, it } from "node:test";
import tarStream from "tar-stream";
import { tarArchive, tarIndex } from "./tar.ts";

describe("tar archives", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(path.join(tmpdir(), "cox-tar-"));
  });
  after(() => rm(directory, { recursive: true }));

  async function contents(bytes: Uint8Array): Promise<Record<string, string>> {
    const name = path.join(directory, "a.tar");
    await writeFile(name, bytes);
    const file = await open(name);
    try {
      const out: Record<string, string> = {};
      for (const [key, { offset, size }] of await tarIndex(file)) {
        const body = Buffer.alloc(size);
        await file.read(body, 0, size, offset);
        out[key] = body.toString();
      }
      return out;
    } finally {
      await file.close();
    }
  }
  const file = (name: string, text: string) => ({ name, mode: 0o644, bytes: Buffer.from(text) });

  it("reads what it writes", async () => {
    const big = "x".repeat(5000);
    const archive = tarArchive([{ name: "d", mode: 0o755, type: "directory" }, file("d/a", "one"), file("./b", big), file("empty", "")]);
    assert.deepEqual(await contents(archive), { "d/a": "one", b: big, empty: "" });
  });
  it("writes what others read, and reads what others write: long names, links", async () => {
    const extract = tarStream.extract();
    const seen: string[] = [];
    extract.on("entry", (header, stream, next) => {
      seen.push(`${header.name} ${header.type} ${header.mode?.toString(8)} ${header.size}`);
      stream.resume();
      stream.on("end", next);
    });
    extract.end(Buffer.from(tarArchive([file("a", "abc"), { name: "l", mode: 0o777, type: "symlink", link: "a" }])));
    await new Promise<void>(resolve => extract.on("finish", () => resolve()));
    assert.deepEqual(seen, ["a file 644 3", "l symlink 777 0"]);

    const long = `${"directory/".repeat(15)}file`;
    const pack = tarStream.pack();
    pack.entry({ name: long }, "far down");
    pack.entry({ name: "umlaut-\u00fc" }, "u");
    pack.entry({ name: "x/link", type: "symlink", linkname: `../${long}` });
    pack.entry({ name: "hard", type: "link", linkname: "umlaut-\u00fc" });
    pack.entry({ name: "out", type: "symlink", linkname: "/no/such" });
    pack.finalize();
    const parts: Buffer[] = [];
    for await (const part of pack) parts.push(part as Buffer);
    assert.deepEqual(await contents(Buffer.concat(parts)), { [long]: "far down", "umlaut-\u00fc": "u", "x/link": "far down", hard: "u" });
  });
  it("refuses what is no archive", async () => {
    await assert.rejects(contents(Buffer.from("x".repeat(2000))), /not a tar archive/);
    const archive = tarArchive([file("a", "y".repeat(3000))]);
    await assert.rejects(contents(archive.subarray(0, 1500)), /cut short/);
    assert.deepEqual(await contents(Buffer.alloc(0)), {});
  });
});
