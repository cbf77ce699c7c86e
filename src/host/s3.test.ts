import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startS3, type TestS3 } from "../../test/support/s3.ts";
import { s3Archive } from "./s3.ts";

const keys = { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "eu-test-1" };
let s3: TestS3;
before(async () => {
  s3 = await startS3("backups", keys);
});
after(() => s3.close());
const env = () => ({
  AWS_ACCESS_KEY_ID: keys.id,
  AWS_SECRET_ACCESS_KEY: keys.secret,
  AWS_REGION: keys.region,
  AWS_ENDPOINT_URL: s3.endpoint,
});

async function* parts(...all: Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* all;
}
async function whole(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const part of bytes) all.push(part);
  return Buffer.concat(all);
}

test("small files in one call, large ones in parts, lists page by page", async () => {
  const archive = s3Archive("s3://backups/clusters/a b&c", env());
  const small = Buffer.from("small");
  const large = Buffer.alloc(20 * 1024 * 1024 + 5, "0123456789abcdef");
  await archive.put("small", parts(small));
  await archive.put("large", parts(large.subarray(0, 1000), large.subarray(1000, 9_000_000), large.subarray(9_000_000)));
  for (const n of [1, 2, 3]) await archive.put(`n${n}`, parts());
  s3.objects.set("clusters/a b&c/deeper/x", small);
  s3.objects.set("clusters/other", small);
  assert.deepEqual(await archive.list(), [
    { name: "large", size: large.length },
    { name: "n1", size: 0 },
    { name: "n2", size: 0 },
    { name: "n3", size: 0 },
    { name: "small", size: 5 },
  ]);
  assert.ok((await whole(archive.get("large"))).equals(large));
  assert.equal(s3.calls.filter(c => c.startsWith("POST")).length, 2);
  await archive.remove("large");
  assert.equal((await archive.list()).length, 4);
});

test("an upload that fails in its middle leaves nothing", async () => {
  const archive = s3Archive("s3://backups", env());
  async function* breaking() {
    yield Buffer.alloc(20 * 1024 * 1024);
    throw new Error("the snapshot did not come whole");
  }
  await assert.rejects(archive.put("broken", breaking()), /did not come whole/);
  assert.equal(s3.objects.has("broken"), false);
  assert.equal(s3.uploads.size, 0);
});

test("what the store answers is told in a sentence; a busy one is asked again", async () => {
  const archive = s3Archive("s3://backups", env());
  await assert.rejects(whole(archive.get("none")), { message: "s3://backups answers 404 to GET none: NoSuchKey: no & no" });
  const wrong = s3Archive("s3://backups", { ...env(), AWS_SECRET_ACCESS_KEY: "other" });
  await assert.rejects(wrong.list(), { message: "s3://backups answers 403 to GET the list: SignatureDoesNotMatch: no & no" });
  s3.refuse = 2;
  await archive.put("after", parts(Buffer.from("x")));
  assert.ok(s3.objects.has("after"));
  assert.throws(() => s3Archive("s3://backups", {}), /needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/);
  assert.throws(() => s3Archive("s3://", env()), /names no bucket/);
  const gone = s3Archive("s3://backups", { ...env(), AWS_ENDPOINT_URL: "http://127.0.0.1:1" });
  await assert.rejects(gone.list(), /^Error: s3:\/\/backups cannot be reached: /);
});
