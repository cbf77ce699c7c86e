/** etcd's services on a store in memory, in virtual time and without a socket. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { text, utf8 } from "#base/bytes.ts";
import { seededChance } from "#base/chance.ts";
import { bytesOf } from "#base/http.ts";
import type { AnyMessage, Input, Method, Value } from "#base/message.ts";
import { type Call, type Channel, type Route, RpcError } from "#base/rpc.ts";
import { calls } from "#etcd/calls.ts";
import { decode } from "#host/protobuf.ts";
import { encode } from "#host/protobufwriter.ts";
import { virtualClock } from "#sim/clock.ts";
import { memoryStore } from "#store/memory.ts";
import { authCalls, clusterCalls, electionCalls, lockCalls, maintenanceCalls } from "./adminmessages.ts";
import { Auth } from "./auth.ts";
import { compactAutomatically } from "./compactor.ts";
import { rpcErrorOf } from "./errors.ts";
import { gateway } from "./gateway.ts";
import { SignedTokens, type TokenKey } from "./jwt.ts";
import { page } from "./pages.ts";
import type { Server } from "./server.ts";
import { etcdRoutes } from "./service.ts";
import { SimpleTokens } from "./tokens.ts";

interface Who {
  readonly token?: string;
  readonly commonName?: string;
  readonly signal?: AbortSignal;
}
function start({ watchBuffer, tokenKey }: { watchBuffer?: number; tokenKey?: TokenKey } = {}) {
  const clock = virtualClock();
  const store = memoryStore({ clock, ...(watchBuffer && { watchBuffer }) });
  const chance = seededChance(1);
  const auth = new Auth({
    store,
    clock,
    chance,
    tokens: tokenKey ? new SignedTokens(clock, tokenKey, 60_000) : new SimpleTokens(clock, chance),
    turn: async () => undefined,
    certificates: true,
  });
  const server: Server = {
    store,
    auth,
    clock,
    chance,
    name: "m",
    clusterId: 7,
    memberId: 8,
    clientUrls: ["http://localhost:2379"],
    quota: 100,
    peerUrls: [],
    requestBytes: 10_000,
    txnOperations: 128,
    watchQuiet: 10 * 60_000,
    resident: () => 4096,
    snapshot: async () => ({
      size: 3,
      bytes: (async function* () {
        yield Uint8Array.of(1, 2);
        yield Uint8Array.of(3);
      })(),
    }),
  };
  const routes = etcdRoutes(server);
  const callOf = ({ token, commonName, signal }: Who, bytes = 0): Call => ({
    headers: token === undefined ? {} : { token },
    peer: commonName === undefined ? undefined : { address: "", certificate: { commonName, organizations: [], notAfter: 0 } },
    bytes,
    signal: signal ?? new AbortController().signal,
  });
  const routeOf = (method: Method): Route => routes.get(method.path)!;
  /** Both messages go over the wire's form. */
  async function ask<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, input: Input<I>, who: Who = {}): Promise<Value<O>> {
    const bytes = encode(method.input, input);
    const answer = await routeOf(method).unary!(decode(method.input, bytes) as never, callOf(who, bytes.length));
    return decode(method.output, encode(method.output, answer as Input<O>));
  }
  function stream<I extends AnyMessage, O extends AnyMessage>(method: Method<I, O>, who: Who = {}) {
    const asked: (Input<I> | undefined)[] = [];
    const told: Value<O>[] = [];
    let wakeServer = () => {};
    let wakeClient = () => {};
    let gate: Promise<void> = Promise.resolve();
    const leave = new AbortController();
    const channel: Channel<I, O> = {
      async next() {
        while (asked.length === 0) await new Promise<void>(resolve => (wakeServer = resolve));
        const input = asked.shift();
        return input && decode(method.input, encode(method.input, input));
      },
      async send(output) {
        await gate;
        told.push(decode(method.output, encode(method.output, output)));
        wakeClient();
      },
    };
    const over = routeOf(method).stream!(channel as never, callOf({ signal: leave.signal, ...who })).catch(error => error as unknown);
    return {
      send(input: Input<I> | undefined) {
        asked.push(input);
        wakeServer();
      },
      async next(): Promise<Value<O>> {
        while (told.length === 0) await new Promise<void>(resolve => (wakeClient = resolve));
        return told.shift()!;
      },
      told,
      /** The client stops reading until the function is called. */
      stall(): () => void {
        const { promise, resolve } = Promise.withResolvers<void>();
        gate = promise;
        return resolve;
      },
      async leave() {
        leave.abort();
        asked.push(undefined);
        wakeServer();
        await over;
      },
      over,
    };
  }
  const put = (key: string, value: string, who?: Who) => ask(calls.put, { key, value: utf8(value) }, who);
  return { ask, stream, put, store, server, clock, auth, routes };
}
const failsWith = (message: string, code?: number) => (error: unknown) => {
  const told = rpcErrorOf(error);
  assert.equal(told.message, message);
  if (code !== undefined) assert.equal(told.code, code);
  return true;
};
/** A lease as clients choose it: no number of JavaScript's. */
const HUGE = 0x694d_71dd_acfd_a227n;
const compacted = "etcdserver: mvcc: required revision has been compacted";

test("ranges: order, filters and limits as etcd applies them, counts of all", async () => {
  const { ask, put } = start();
  for (const [key, value] of [
    ["a", "3"],
    ["b", "1"],
    ["c", "2"],
    ["a", "9"],
  ] as const)
    await put(key, value);
  const keys = async (more: Input<typeof calls.range.input>) => {
    const { kvs, count, more: cut } = await ask(calls.range, { key: "a", rangeEnd: "\0", ...more });
    return `${kvs.map(kv => kv.key + text(kv.value)).join(" ")} of ${count}${cut ? " more" : ""}`;
  };
  assert.equal(await keys({}), "a9 b1 c2 of 3");
  assert.equal(await keys({ sortOrder: 2 }), "c2 b1 a9 of 3");
  assert.equal(await keys({ sortTarget: 3, sortOrder: 2, limit: 1 }), "a9 of 3 more");
  assert.equal(await keys({ sortTarget: 4 }), "b1 c2 a9 of 3");
  assert.equal(await keys({ sortTarget: 1, sortOrder: 2, limit: 1, keysOnly: true }), "a of 3 more");
  assert.equal(await keys({ minModRevision: 4 }), "a9 c2 of 3");
  assert.equal(await keys({ maxCreateRevision: 3, limit: 1 }), "a9 of 3 more");
  assert.equal(await keys({ limit: 2 }), "a9 b1 of 3 more");
  assert.equal(await keys({ countOnly: true, limit: 1 }), " of 3");
  assert.equal(await keys({ revision: 3 }), "a3 b1 of 2");
  assert.equal((await ask(calls.range, { key: "a" })).header?.clusterId, 7);
  await assert.rejects(ask(calls.range, {}), failsWith("etcdserver: key is not provided", 3));
  await assert.rejects(ask(calls.range, { key: "a", sortTarget: 5 }), failsWith("etcdserver: invalid sort option", 3));
  await assert.rejects(
    ask(calls.range, { key: "a", revision: 9 }),
    failsWith("etcdserver: mvcc: required revision is a future revision", 11),
  );
});

test("a range may come in parts of one revision, the last of which says how many there are", async () => {
  const { ask, stream } = start();
  const read = async (input: Partial<Input<typeof calls.rangeStream.input>>) => {
    const channel = stream(calls.rangeStream);
    channel.send({ key: "k", rangeEnd: "l", ...input });
    const error = await channel.over;
    if (error) throw error;
    const parts = channel.told.map(({ rangeResponse }) => rangeResponse!);
    const last = parts.at(-1)!;
    assert.ok(parts.every(part => part === last || (!part.header && part.count === 0 && !part.more)));
    return {
      parts: parts.map(({ kvs }) => kvs.map(({ key }) => key).join()),
      count: last.count,
      more: last.more,
      at: last.header?.revision,
    };
  };
  assert.deepEqual(await read({}), { parts: [""], count: 0, more: false, at: 1 });
  for (let i = 0; i < 5; i++) await ask(calls.put, { key: `k${i}`, value: new Uint8Array(4000) });
  assert.deepEqual(await read({}), { parts: ["k0,k1", "k2,k3", "k4"], count: 5, more: false, at: 6 });
  assert.deepEqual(await read({ limit: 3 }), { parts: ["k0,k1", "k2"], count: 5, more: true, at: 6 });
  assert.deepEqual(await read({ limit: 3, revision: 4 }), { parts: ["k0,k1", "k2"], count: 3, more: false, at: 6 });
  assert.deepEqual(await read({ keysOnly: true }), { parts: ["k0,k1,k2,k3,k4"], count: 5, more: false, at: 6 });
  assert.deepEqual(await read({ key: "k3", rangeEnd: "" }), { parts: ["k3"], count: 1, more: false, at: 6 });
  assert.deepEqual(await read({ countOnly: true, limit: 1 }), { parts: [""], count: 5, more: false, at: 6 });
  await assert.rejects(read({ sortOrder: 2 }), failsWith("RangeStream does not support custom sort orders", 12));
  await assert.rejects(read({ minModRevision: 2 }), failsWith("RangeStream does not support revision filters", 12));
  await assert.rejects(read({ revision: 9 }), failsWith("etcdserver: mvcc: required revision is a future revision"));
});

test("transactions: every answer in its place, nested ones too; what none may be", async () => {
  const { ask, put } = start();
  await put("k", "v");
  const answer = await ask(calls.txn, {
    compare: [{ key: "k", target: 3, result: 0, value: utf8("v") }],
    success: [
      { requestPut: { key: "a", value: utf8("1") } },
      { requestRange: { key: "a", rangeEnd: "z", sortOrder: 2 } },
      { requestTxn: { compare: [{ key: "a", target: 0, result: 1 }], failure: [{ requestDeleteRange: { key: "k", prevKv: true } }] } },
    ],
  });
  assert.equal(answer.succeeded, true);
  assert.deepEqual(
    answer.responses[1]?.responseRange?.kvs.map(kv => kv.key),
    ["k", "a"],
  );
  assert.equal(answer.responses[2]?.responseTxn?.succeeded, false);
  assert.equal(answer.responses[2]?.responseTxn?.responses[0]?.responseDeleteRange?.prevKvs[0]?.key, "k");
  const same = { requestPut: { key: "x" } };
  await assert.rejects(ask(calls.txn, { success: [same, same] }), failsWith("etcdserver: duplicate key given in txn request", 3));
  await assert.rejects(ask(calls.txn, { success: [{}] }), failsWith("etcdserver: key not found", 3));
  await assert.rejects(ask(calls.txn, { success: Array(129).fill(same) }), failsWith("etcdserver: too many operations in txn request", 3));
  await assert.rejects(ask(calls.put, { key: "a", ignoreValue: true, value: utf8("x") }), failsWith("etcdserver: value is provided", 3));
  await assert.rejects(ask(calls.put, { key: "b", ignoreLease: true }), failsWith("etcdserver: key not found", 3));
  await assert.rejects(put("big", "x".repeat(10_001)), failsWith("etcdserver: request is too large", 3));
  await assert.rejects(ask(calls.put, { key: "a", lease: 5n }), failsWith("etcdserver: requested lease not found", 5));
});

test("watch: ids, what was before, filters, cancellation and what is refused", async () => {
  const { stream, put, ask } = start();
  const watch = stream(calls.watch);
  watch.send({ createRequest: { key: "a", rangeEnd: "b", prevKv: true } });
  const { watchId, created } = await watch.next();
  assert.deepEqual([watchId, created], [0n, true]);
  watch.send({ createRequest: { key: "a", filters: [0], watchId: HUGE } });
  assert.equal((await watch.next()).watchId, HUGE);
  watch.send({ createRequest: { key: "a", watchId: HUGE } });
  const twice = await watch.next();
  assert.deepEqual(
    [twice.watchId, twice.canceled, twice.cancelReason],
    [-1n, true, "mvcc: duplicate watch ID provided on the WatchStream"],
  );
  watch.send({ createRequest: { key: "b", rangeEnd: "a" } });
  assert.equal((await watch.next()).cancelReason, "mvcc: watcher range is empty");
  await put("a", "1");
  await put("a", "2");
  await ask(calls.deleteRange, { key: "a" });
  const seen: string[] = [];
  while (seen.length < 4) {
    const { watchId: id, events } = await watch.next();
    for (const { type, kv, prevKv } of events) seen.push(`${id} ${type} ${kv?.key}${text(kv!.value)} was ${prevKv && text(prevKv.value)}`);
  }
  assert.deepEqual(seen.sort(), ["0 0 a1 was undefined", "0 0 a2 was 1", "0 1 a was 2", `${HUGE} 1 a was undefined`]);
  watch.send({ cancelRequest: { watchId: HUGE } });
  const gone = await watch.next();
  assert.deepEqual([gone.watchId, gone.canceled, gone.cancelReason], [HUGE, true, ""]);
  await watch.leave();
});

test("watch: progress when asked for comes behind all events, once for all watches; quiet ones are told of theirs", async () => {
  const { stream, put, clock } = start();
  const watch = stream(calls.watch);
  watch.send({ createRequest: { key: "a" } });
  watch.send({ createRequest: { key: "b", progressNotify: true } });
  await watch.next();
  await watch.next();
  await put("a", "1");
  await put("b", "1");
  watch.send({ progressRequest: {} });
  const told = [await watch.next(), await watch.next(), await watch.next()];
  assert.deepEqual(
    told.map(r => r.watchId),
    [0n, 1n, -1n],
  );
  assert.equal(told[2]?.header?.revision, 3);
  await clock.advance(10 * 60_000);
  const quiet = await watch.next();
  assert.deepEqual([quiet.watchId, quiet.events.length, quiet.header?.revision], [1n, 0, 3]);
  assert.equal(watch.told.length, 0);
  await watch.leave();
});

test("watch: from the past, and from what has been compacted", async () => {
  const { stream, put, ask } = start();
  for (let i = 0; i < 5; i++) await put("a", String(i));
  const watch = stream(calls.watch);
  watch.send({ createRequest: { key: "a", startRevision: 1 } });
  await watch.next();
  assert.equal((await watch.next()).events.length, 5);
  await ask(calls.compact, { revision: 4 });
  watch.send({ createRequest: { key: "a", startRevision: 2 } });
  assert.equal((await watch.next()).created, true);
  const lost = await watch.next();
  assert.deepEqual([lost.canceled, lost.compactRevision], [true, 4]);
  await assert.rejects(ask(calls.compact, { revision: 4 }), failsWith(compacted, 11));
  await watch.leave();
});

test("watch: a large batch comes in fragments when they are asked for", async () => {
  const { stream, put } = start();
  for (let i = 0; i < 5; i++) await put("a", "x".repeat(4000));
  const watch = stream(calls.watch);
  watch.send({ createRequest: { key: "a", startRevision: 1, fragment: true } });
  await watch.next();
  const sizes: [number, boolean][] = [];
  do {
    const { events, fragment } = await watch.next();
    sizes.push([events.length, fragment]);
  } while (sizes.at(-1)![1]);
  assert.deepEqual(sizes, [
    [2, true],
    [2, true],
    [1, false],
  ]);
  await watch.leave();
});

test("watch: one who does not read costs no more than the store's buffer, and misses nothing until history is gone", async () => {
  const { stream, put, ask, store } = start({ watchBuffer: 1000 });
  const watch = stream(calls.watch);
  watch.send({ createRequest: { key: "a" } });
  await watch.next();
  let go = watch.stall();
  for (let i = 0; i < 50; i++) await put("a", `${i}`.padEnd(100));
  go();
  const seen: string[] = [];
  while (seen.length < 50) for (const { kv } of (await watch.next()).events) seen.push(text(kv!.value).trim());
  assert.deepEqual(
    seen,
    Array.from({ length: 50 }, (_, i) => String(i)),
  );
  go = watch.stall();
  for (let i = 0; i < 50; i++) await put("a", `${i}`.padEnd(100));
  await ask(calls.compact, { revision: store.revision });
  go();
  let last = await watch.next();
  while (!last.canceled) last = await watch.next();
  assert.deepEqual([last.compactRevision, last.header?.revision], [store.revision, 0]);
  await watch.leave();
});

test("leases: granted, kept alive, told, run out", async () => {
  const { ask, stream, clock } = start();
  const { id, ttl } = await ask(calls.leaseGrant, { ttl: 10 });
  assert.ok(id > 0);
  assert.equal(ttl, 10);
  await ask(calls.put, { key: "a", lease: id });
  const keep = stream(calls.leaseKeepAlive);
  await clock.advance(6000);
  keep.send({ id });
  assert.equal((await keep.next()).ttl, 10);
  await clock.advance(6000);
  const state = await ask(calls.leaseTimeToLive, { id, keys: true });
  assert.deepEqual([state.ttl, state.grantedTtl, state.keys], [4, 10, ["a"]]);
  await clock.advance(5000);
  keep.send({ id });
  assert.equal((await keep.next()).ttl, 0);
  assert.equal((await ask(calls.leaseTimeToLive, { id })).ttl, -1);
  assert.equal((await ask(calls.range, { key: "a" })).count, 0);
  await assert.rejects(ask(calls.leaseRevoke, { id }), failsWith("etcdserver: requested lease not found", 5));
  await assert.rejects(ask(calls.leaseGrant, { ttl: 9_000_000_001 }), failsWith("etcdserver: too large lease TTL", 11));
  // As etcd has it: one and a half election time-outs.
  for (const short of [-1, 0, 1]) {
    const least = await ask(calls.leaseGrant, { ttl: short });
    assert.equal(least.ttl, 2);
    await ask(calls.leaseRevoke, { id: least.id });
  }
  await ask(calls.leaseGrant, { ttl: 5, id: HUGE });
  await assert.rejects(ask(calls.leaseGrant, { ttl: 5, id: HUGE }), failsWith("etcdserver: lease already exists", 9));
  assert.deepEqual((await ask(calls.leaseLeases, {})).leases, [{ id: HUGE }]);
  keep.send(undefined);
  await keep.over;
});

test("users, roles and ranges decide on every call; changes hold at once and outlive a start", async () => {
  const { ask, put, auth, store, clock, server } = start();
  const denied = failsWith("etcdserver: permission denied", 7);
  await assert.rejects(ask(authCalls.enable, {}), failsWith("etcdserver: root user does not exist", 9));
  await ask(authCalls.userAdd, { name: "root", password: "r" });
  await assert.rejects(ask(authCalls.enable, {}), failsWith("etcdserver: root user does not have root role", 9));
  await ask(authCalls.userGrantRole, { user: "root", role: "root" });
  await ask(authCalls.userAdd, { name: "Änne", password: "pw" });
  await ask(authCalls.userAdd, { name: "cert", options: { noPassword: true } });
  await ask(authCalls.roleAdd, { name: "rw" });
  await ask(authCalls.roleGrantPermission, { name: "rw", perm: { permType: 2, key: "a", rangeEnd: "c" } });
  await ask(authCalls.roleGrantPermission, { name: "rw", perm: { permType: 0, key: "c", rangeEnd: "f" } });
  for (const user of ["Änne", "cert"]) await ask(authCalls.userGrantRole, { user, role: "rw" });
  await assert.rejects(
    ask(authCalls.authenticate, { name: "root", password: "r" }),
    failsWith("etcdserver: authentication is not enabled", 9),
  );
  await put("d", "1");
  await ask(authCalls.enable, {});

  const { token } = await ask(authCalls.authenticate, { name: "Änne", password: "pw" });
  for (const who of [{ token }, { commonName: "cert" }]) {
    await put("b", "1", who);
    assert.equal((await ask(calls.range, { key: "a", rangeEnd: "f" }, who)).count, 2);
    await assert.rejects(put("d", "2", who), denied);
    await assert.rejects(ask(calls.range, { key: "a", rangeEnd: "g" }, who), denied);
    await assert.rejects(ask(calls.deleteRange, { key: "b", rangeEnd: "d" }, who), denied);
    await assert.rejects(ask(calls.txn, { failure: [{ requestTxn: { success: [{ requestPut: { key: "d" } }] } }] }, who), denied);
    await assert.rejects(ask(calls.compact, { revision: 2 }, who), denied);
    await assert.rejects(ask(maintenanceCalls.defragment, {}, who), denied);
    await assert.rejects(ask(authCalls.userList, {}, who), denied);
    assert.deepEqual((await ask(authCalls.roleGet, { role: "rw" }, who)).perm.length, 2);
  }
  await assert.rejects(put("b", "1"), failsWith("etcdserver: user name is empty", 3));
  await assert.rejects(put("b", "1", { token: "x.1" }), failsWith("etcdserver: invalid auth token", 16));
  await assert.rejects(put("b", "1", { commonName: "nobody" }), denied);
  const wrong = failsWith("etcdserver: authentication failed, invalid user ID or password", 3);
  await assert.rejects(ask(authCalls.authenticate, { name: "Änne", password: "no" }), wrong);
  await assert.rejects(ask(authCalls.authenticate, { name: "nobody", password: "no" }), wrong);

  // A lease may be ended by those only who may delete all its keys.
  const root = { token: (await ask(authCalls.authenticate, { name: "root", password: "r" })).token };
  const { id } = await ask(calls.leaseGrant, { ttl: 100 }, root);
  await ask(calls.put, { key: "z", lease: id }, root);
  await assert.rejects(ask(calls.leaseRevoke, { id }, { token }), denied);
  await assert.rejects(ask(calls.put, { key: "b", lease: id }, { token }), denied);

  // Another on the same store knows the same.
  const again = new Auth({
    store,
    clock,
    chance: server.chance,
    tokens: new SimpleTokens(clock, server.chance),
    turn: async () => undefined,
    certificates: false,
  });
  assert.equal(again.enabled, true);
  assert.deepEqual(again.users, auth.users);
  await ask(authCalls.roleRevokePermission, { role: "rw", key: "a", rangeEnd: "c" }, root);
  await assert.rejects(put("b", "1", { token }), denied);
  await ask(authCalls.userChangePassword, { name: "Änne", password: "new" }, root);
  await assert.rejects(put("b", "1", { token }), failsWith("etcdserver: invalid auth token", 16));
  await ask(authCalls.roleDelete, { role: "rw" }, root);
  assert.deepEqual((await ask(authCalls.userGet, { name: "Änne" }, root)).roles, []);
  await clock.advance(5 * 60_000 + 1);
  await assert.rejects(ask(authCalls.disable, {}, root), failsWith("etcdserver: invalid auth token", 16));
  const { token: fresh } = await ask(authCalls.authenticate, { name: "root", password: "r" });
  await ask(authCalls.disable, {}, { token: fresh });
  await put("d", "9");
});

test("who has no user learns nothing of the store, and leases are kept alive by those who may write their keys", async () => {
  const { ask, stream } = start();
  await ask(authCalls.userAdd, { name: "root", password: "r" });
  await ask(authCalls.userGrantRole, { user: "root", role: "root" });
  await ask(authCalls.userAdd, { name: "ann", password: "a" });
  const { id } = await ask(calls.leaseGrant, { ttl: 10 });
  await ask(calls.put, { key: "k", lease: id });
  await ask(authCalls.enable, {});
  const nobody = failsWith("etcdserver: user name is empty", 3);
  await assert.rejects(ask(calls.leaseGrant, { ttl: 10 }), nobody);
  await assert.rejects(ask(calls.leaseRevoke, { id: 5n }), nobody);
  await assert.rejects(ask(calls.leaseTimeToLive, { id }), nobody);
  await assert.rejects(ask(calls.leaseLeases, {}), nobody);
  await assert.rejects(ask(calls.status, {}), nobody);
  await assert.rejects(ask(maintenanceCalls.alarm, {}), nobody);
  await assert.rejects(ask(clusterCalls.list, {}), nobody);
  await assert.rejects(ask(lockCalls.lock, { name: "l" }), nobody);

  const { token } = await ask(authCalls.authenticate, { name: "ann", password: "a" });
  const denied = failsWith("etcdserver: permission denied", 7);
  await ask(calls.status, {}, { token });
  await assert.rejects(ask(authCalls.status, {}, { token }), denied);
  await assert.rejects(ask(maintenanceCalls.moveLeader, { targetId: 8 }, { token }), denied);
  await assert.rejects(ask(maintenanceCalls.downgrade, { action: 2 }, { token }), denied);
  const keep = stream(calls.leaseKeepAlive, { token });
  keep.send({ id });
  denied(await keep.over);
});

test("signed tokens: they hold until they end, or until users and roles have changed; other keys' never do", async () => {
  const signature = (data: Uint8Array, secret: number) => Uint8Array.of(data.reduce((sum, byte) => (sum * 31 + byte) % 251, secret));
  const keyOf = (secret: number): TokenKey => ({
    algorithm: "HS256",
    sign: data => signature(data, secret),
    verify: (data, given) => given[0] === signature(data, secret)[0],
  });
  const { ask, put, clock } = start({ tokenKey: keyOf(1) });
  await ask(authCalls.userAdd, { name: "root", password: "r" });
  await ask(authCalls.userGrantRole, { user: "root", role: "root" });
  await ask(authCalls.enable, {});
  const login = () => ask(authCalls.authenticate, { name: "root", password: "r" });
  const { token } = await login();
  const [head, payload] = token.split(".").map(part => text(Uint8Array.fromBase64(part, { alphabet: "base64url" })));
  assert.deepEqual(JSON.parse(head!), { alg: "HS256", typ: "JWT" });
  assert.deepEqual(JSON.parse(payload!), { exp: Math.floor((clock.now() + 60_000) / 1000), revision: 3, username: "root" });
  await put("a", "1", { token });
  const invalid = failsWith("etcdserver: invalid auth token", 16);
  const at = { revision: 1, authRevision: 3 };
  for (const other of [new SignedTokens(clock, keyOf(2), 60_000).give("root", at), `${token}x.y`, "a.b.c", "word.1"])
    await assert.rejects(put("a", "1", { token: other }), invalid);
  const { sign, ...open } = keyOf(1);
  assert.throws(
    () => new SignedTokens(clock, open, 1).give("root", at),
    failsWith("auth: token signing attempted with verify-only key", 2),
  );
  // As etcd has it: what an administrator does goes on, and keys are read with a login of now.
  await ask(authCalls.roleAdd, { name: "new" }, { token });
  await assert.rejects(put("a", "1", { token }), failsWith("etcdserver: revision of auth store is old", 3));
  const again = await login();
  await put("a", "2", again);
  await clock.advance(61_000);
  await assert.rejects(put("a", "1", again), invalid);
});

test("a watch is refused to those who may not read its range", async () => {
  const { ask, stream } = start();
  await ask(authCalls.userAdd, { name: "root", password: "r" });
  await ask(authCalls.userGrantRole, { user: "root", role: "root" });
  await ask(authCalls.userAdd, { name: "u", options: { noPassword: true } });
  await ask(authCalls.enable, {});
  const watch = stream(calls.watch, { commonName: "u" });
  watch.send({ createRequest: { key: "a" } });
  const { created, canceled, cancelReason, watchId } = await watch.next();
  const reason = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
  assert.deepEqual([created, canceled, watchId, cancelReason], [true, true, -1n, reason]);
  watch.send(undefined);
  await watch.over;
});

test("locks go from one to the next, and elections are told", async () => {
  const { ask, stream } = start();
  const first = await ask(lockCalls.lock, { name: "l" });
  const stop = new AbortController();
  const left = ask(lockCalls.lock, { name: "l" }, { signal: stop.signal });
  const second = ask(lockCalls.lock, { name: "l" });
  await Promise.resolve();
  stop.abort();
  await assert.rejects(left);
  await ask(lockCalls.unlock, { key: first.key });
  assert.notEqual((await second).key, first.key);

  await assert.rejects(ask(electionCalls.leader, { name: "e" }), failsWith("election: no leader", 2));
  const observe = stream(electionCalls.observe);
  observe.send({ name: "e" });
  const { leader } = await ask(electionCalls.campaign, { name: "e", value: utf8("one") });
  assert.equal(text((await observe.next()).kv!.value), "one");
  await ask(electionCalls.proclaim, { leader, value: utf8("uno") });
  assert.equal(text((await observe.next()).kv!.value), "uno");
  const next = ask(electionCalls.campaign, { name: "e", value: utf8("two") });
  await ask(electionCalls.resign, { leader });
  await next;
  assert.equal(text((await ask(electionCalls.leader, { name: "e" })).kv!.value), "two");
  assert.equal(text((await observe.next()).kv!.value), "two");
  await assert.rejects(ask(electionCalls.proclaim, { leader, value: utf8("x") }), failsWith("election: not leader", 2));
  await observe.leave();
});

test("maintenance and membership of one who is alone", async () => {
  const { ask, put, stream } = start();
  await put("a", "1");
  const status = await ask(calls.status, {});
  assert.deepEqual([status.leader, status.dbSizeQuota, status.raftIndex], [8, 100, 2]);
  assert.deepEqual(status.downgradeInfo, { enabled: false, targetVersion: "" });
  const once = await ask(maintenanceCalls.hashKV, {});
  assert.equal(once.compactRevision, -1);
  assert.equal((await ask(maintenanceCalls.hashKV, { revision: 2 })).hash, once.hash);
  assert.deepEqual((await ask(maintenanceCalls.alarm, {})).alarms, []);
  const snapshot = stream(maintenanceCalls.snapshot);
  snapshot.send({});
  assert.deepEqual([(await snapshot.next()).remainingBytes, (await snapshot.next()).remainingBytes], [1, 0]);
  const { header, members } = await ask(clusterCalls.list, {});
  assert.deepEqual([header?.revision, members[0]?.id], [0, 8]);
  const moved = ["http://10.0.0.1:2380"];
  assert.deepEqual((await ask(clusterCalls.update, { id: 8, peerUrls: moved })).members[0]?.peerUrls, moved);
  assert.deepEqual((await ask(clusterCalls.list, {})).members[0]?.peerUrls, moved);
  await assert.rejects(ask(clusterCalls.update, { id: 1 }), failsWith("etcdserver: member not found", 5));
  for (const [url, says] of [
    ["10.0.0.2:2380", "given member URLs are invalid"],
    ["http://10.0.0.2", "given member URLs are invalid"],
    ["http://10.0.0.2:2380/x", "given member URLs are invalid"],
    ["http://10.0.0.1:2380", "Peer URLs already exists"],
    ["https://[::1]:2380", "re-configuration failed due to not enough started members"],
  ] as const)
    await assert.rejects(ask(clusterCalls.add, { peerUrls: [url] }), failsWith(`etcdserver: ${says}`), url);
  await assert.rejects(ask(clusterCalls.promote, { id: 1 }), failsWith("etcdserver: member not found", 5));
  await assert.rejects(ask(clusterCalls.promote, { id: 8 }), failsWith("etcdserver: can only promote a learner member", 9));
  await assert.rejects(ask(maintenanceCalls.moveLeader, {}), failsWith("etcdserver: bad leader transferee", 9));
  await ask(maintenanceCalls.moveLeader, { targetId: 8 });
  const target = (version: string) => ask(maintenanceCalls.downgrade, { version });
  await assert.rejects(target("3.5"), failsWith("etcdserver: invalid downgrade target version", 3));
  await assert.rejects(target("old"), failsWith("etcdserver: wrong downgrade target version format", 3));
  assert.equal((await ask(maintenanceCalls.downgrade, { action: 2 })).version, "3.6");
});

test("history is compacted by age, and by number of revisions", async () => {
  for (const [policy, left] of [
    [{ mode: "periodic", retention: 60 * 60_000 }, 10],
    [{ mode: "revision", retention: 5 }, 5],
  ] as const) {
    const { store, clock, put } = start();
    const stop = new AbortController();
    const running = compactAutomatically(store, clock, policy, stop.signal);
    for (let i = 0; i < 20; i++) {
      await put("a", "x");
      await clock.advance(6 * 60_000);
    }
    assert.ok(Math.abs(store.revision - store.compacted - left) <= 2, `${policy.mode}: ${store.compacted} of ${store.revision}`);
    stop.abort();
    await running;
  }
});

test("the gateway: JSON as etcd writes it, streams line by line, errors with their status; pages beside it", async () => {
  const { routes, put, server } = start();
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const request = { method: "POST", url: `/v3/${path}`, headers, body: utf8(typeof body === "string" ? body : JSON.stringify(body)) };
    const answer = await gateway(routes, request, 10_000);
    return { status: answer?.status, json: JSON.parse(text(await bytesOf(answer!))) };
  };
  const header = { cluster_id: "7", member_id: "8", revision: "2", raft_term: "2" };
  assert.deepEqual(await post("kv/put", { key: btoa("k"), value: "dg==" }), { status: 200, json: { header } });
  const kv = { key: "aw==", create_revision: "2", mod_revision: "2", version: "1", value: "dg==" };
  assert.deepEqual(await post("kv/range", { key: "aw==", sort_target: "MOD", unknown: 1 }), {
    status: 200,
    json: { header, kvs: [kv], count: "1" },
  });
  const txn = { compare: [{ key: "aw==", target: "MOD", mod_revision: "2" }], success: [{ request_range: { key: "aw==" } }] };
  const { json } = await post("kv/txn", txn);
  assert.deepEqual(json.responses, [{ response_range: { header: { revision: "2" }, kvs: [kv], count: "1" } }]);
  assert.deepEqual((await post("lease/grant", { TTL: 60, ID: `${HUGE}` })).json, { header, ID: `${HUGE}`, TTL: "60" });
  assert.deepEqual((await post("lease/timetolive", { ID: `${HUGE}` })).json, { header, ID: `${HUGE}`, TTL: "60", grantedTTL: "60" });
  assert.equal((await post("maintenance/status", {})).json.dbSizeQuota, "100");
  assert.deepEqual(await post("kv/range", {}), { status: 400, json: { code: 3, message: "etcdserver: key is not provided" } });
  assert.equal((await post("kv/range", { key: "aw==", revision: 99 })).status, 400);
  assert.deepEqual(await post("nothing", {}), { status: 404, json: { code: 5, message: "Not Found" } });
  for (const bad of [
    "{",
    "[]",
    { key: 5 },
    { key: "aw==", limit: "x" },
    { key: "aw==", sort_target: "X" },
    { key: "aw==", revision: "1.5" },
  ]) {
    assert.equal((await post("kv/range", bad)).json.code, 3, JSON.stringify(bad));
  }
  for (const lease of [2 ** 60, "x", `${2n ** 63n}`]) {
    assert.equal((await post("kv/put", { key: "aw==", lease })).json.code, 3, String(lease));
  }
  assert.equal((await gateway(routes, { method: "GET", url: "/v3/kv/range", headers: {} }, 100))?.status, 501);
  assert.equal((await post("kv/put", { key: "aw==", value: "A".repeat(20_000) })).json.message, "etcdserver: request is too large");

  const body = utf8(JSON.stringify({ create_request: { key: "aw==", start_revision: "2" } }));
  const watch = await gateway(routes, { method: "POST", url: "/v3/watch", headers: {}, body }, 10_000);
  const lines = (watch!.body as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  const next = async () => JSON.parse(text((await lines.next()).value!));
  assert.deepEqual(await next(), { result: { header, created: true } });
  assert.deepEqual(await next(), { result: { header, events: [{ kv }] } });
  await put("k", "w");
  assert.equal((await next()).result.events[0].kv.value, "dw==");
  await lines.return?.();

  // two watches on one stream wait for its reader, each with a line of its own
  const two = utf8('{"create_request":{"key":"aw==","watch_id":"1"}}\n{"create_request":{"key":"aw==","watch_id":"2"}}');
  const both = await gateway(routes, { method: "POST", url: "/v3/watch", headers: {}, body: two }, 10_000);
  const seen: Record<string, number> = {};
  for await (const line of both!.body as AsyncIterable<Uint8Array>) {
    const { watch_id: id, created, events } = JSON.parse(text(line)).result;
    seen[id] = created ? 0 : seen[id]! + events.length;
    if (created && id === "2") for (const value of ["1", "2", "3"]) void put("k", value);
    if (seen[1] === 3 && seen[2] === 3) break;
  }

  const get = async (url: string) => {
    const answer = await page(server, { method: "GET", url, headers: {} });
    return answer && `${answer.status} ${text(await bytesOf(answer))}`;
  };
  assert.equal(await get("/health"), '200 {"health":"true","reason":""}');
  assert.match((await get("/version"))!, /^200 \{"etcdserver":"3\.\d+\.\d+"/);
  assert.match((await get("/metrics"))!, /^etcd_server_has_leader 1$/m);
  assert.match((await get("/metrics"))!, /^process_resident_memory_bytes 4096$/m);
  assert.equal(await get("/other"), undefined);
});

test("errors of the store and others, as clients are told", () => {
  assert.deepEqual([rpcErrorOf(new Error("x")).code, rpcErrorOf(new RpcError(5, "y")).message], [2, "y"]);
});
