/** Writes that an etcd carried out and whose answers never came: each is told as what became of it, and none is carried out twice. */
import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { text, utf8 } from "#base/bytes.ts";
import { silentLog } from "#base/log.ts";
import { OutcomeUnknown } from "#etcd/outcome.ts";
import { openEtcd } from "#host/etcd.ts";
import type { Op, Store } from "#store/contract.ts";
import { noEtcd, startEtcd, type TestEtcd } from "../support/etcd.ts";

describe("answers of an etcd that are lost", { skip: noEtcd }, () => {
  let etcd: TestEtcd;
  let store: Store;
  /** While it is set, whatever the etcd sends ends the connection instead of coming through. */
  let losing = false;
  let lost = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer(client => {
    const server = connect(Number(new URL(etcd.urls[0]!).port), "127.0.0.1");
    for (const socket of [client, server]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => [client, server].map(s => s.destroy()));
    }
    client.on("data", chunk => server.write(chunk));
    server.on("data", chunk => {
      if (!losing) return client.write(chunk);
      losing = false;
      lost++;
      client.destroy();
      return true;
    });
  });
  before(async () => {
    etcd = await startEtcd();
    await new Promise<void>(resolve => proxy.listen(0, "127.0.0.1", resolve));
    const { port } = proxy.address() as { port: number };
    store = await openEtcd({ endpoints: [{ url: `http://127.0.0.1:${port}` }], log: silentLog });
  });
  after(async () => {
    await store?.close();
    for (const socket of sockets) socket.destroy();
    await new Promise(resolve => proxy.close(resolve));
    await etcd?.dispose();
  });
  const put = (key: string, value: string, more: object = {}): Op => ({ op: "put", key, value: utf8(value), ...more });
  const losingIt = async <T>(work: () => Promise<T>): Promise<T> => {
    // a quiet connection, so that what comes next is the answer
    await store.get("quiet");
    await sleep(100);
    const before = lost;
    losing = true;
    try {
      return await work();
    } finally {
      losing = false;
      assert.equal(lost, before + 1, "an answer was lost");
    }
  };

  it("a put that compares what it replaces is found in the history", async () => {
    const first = await store.txn([], [put("a", "1")]);
    const compare = { key: "a", target: "mod", is: "=", than: first.revision } as const;
    const result = await losingIt(() => store.txn([compare], [put("a", "2", { previous: true }), put("b", "2")]));
    assert.equal(result.succeeded, true);
    const [a] = result.results;
    assert.ok(a?.op === "put" && a.previous && text(a.previous.value) === "1");
    const now = await store.get("a");
    assert.deepEqual([now?.modRevision, now?.version], [result.revision, 2]);
  });
  it("a deletion is known by what was put with it", async () => {
    const { modRevision } = (await store.get("a"))!;
    const compare = { key: "a", target: "mod", is: "=", than: modRevision } as const;
    const result = await losingIt(() => store.txn([compare], [{ op: "delete", key: "a" }, put("note", "by me")]));
    assert.deepEqual([result.succeeded, result.results[0]], [true, { op: "delete", deleted: 1 }]);
    assert.equal((await store.get("note"))?.version, 1);
  });
  it("one that compares nothing is not repeated, and said to be unknown", async () => {
    await assert.rejects(
      losingIt(() => store.txn([], [put("c", "1")])),
      OutcomeUnknown,
    );
    assert.ok(((await store.get("c"))?.version ?? 0) <= 1);
  });
  it("leases are granted and revoked once", async () => {
    const before = await store.leases();
    const lease = await losingIt(() => store.grant(60));
    assert.deepEqual(
      await store.leases(),
      [...before, lease.id].sort((x, y) => (x < y ? -1 : 1)),
    );
    await losingIt(() => store.revoke(lease.id));
    assert.deepEqual(await store.leases(), before);
  });
});
