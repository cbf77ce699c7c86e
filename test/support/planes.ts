/** Control planes of one etcd, each a `cox up` with simulated nodes. */
import { readFile } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import path from "node:path";
import { utf8 } from "#base/bytes.ts";
import { bytesOf } from "#base/http.ts";
import { type CommandResult, run } from "#host/command.ts";
import { type RemoteTransport, remoteTransport } from "#host/https.ts";
import type { TestEtcd } from "./etcd.ts";

const COX = path.join(import.meta.dirname, "../../cox");
// biome-ignore lint/suspicious/noExplicitAny: answers of every kind
type Answer = any;

export interface Plane {
  readonly name: string;
  readonly dataDir: string;
  readonly port: number;
  up(...flags: string[]): Promise<CommandResult>;
  ask(method: string, url: string, body?: unknown, token?: string): Promise<{ code: number; body: Answer }>;
  /** As the administrator. */
  transport(): Promise<RemoteTransport>;
  pid(): Promise<number>;
  /** Ends it, and removes all that it left. */
  reset(): Promise<void>;
}

/** One that `up` starts, in the background. */
export async function planeOf(name: string, dataDir: string, datastore: readonly string[]): Promise<Plane> {
  const port = await freePort();
  const flags = ["--simulated", "--node-name", name, "--port", String(port), ...datastore];
  const pem = (file: string) => readFile(path.join(dataDir, "pki", file), "utf8");
  const transport = async (token?: string) => {
    const who = token ? { token } : { cert: await pem("admin.crt"), key: await pem("admin.key") };
    return remoteTransport({ server: `https://127.0.0.1:${port}`, ca: await pem("ca.crt"), ...who });
  };
  return {
    name,
    dataDir,
    port,
    up: (...more) => run(COX, ["up", "-d", "--data-dir", dataDir, ...flags, ...more], { timeout: 120_000 }),
    async ask(method, url, body, token) {
      const { handle, close } = await transport(token);
      try {
        const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
        const answer = await handle({
          method,
          url,
          headers: { "content-type": type },
          ...(body !== undefined && { body: utf8(JSON.stringify(body)) }),
        });
        return { code: answer.status, body: JSON.parse(Buffer.from(await bytesOf(answer)).toString()) };
      } finally {
        close();
      }
    },
    transport: () => transport(),
    pid: async () => JSON.parse(await readFile(path.join(dataDir, "run.json"), "utf8")).pid as number,
    async reset() {
      await run(COX, ["reset", "--yes", "--data-dir", dataDir]);
    },
  };
}

/** One after the other, all up. `directory` is theirs. */
export async function planesOn(directory: string, endpoints: readonly string[], names: readonly string[]): Promise<Plane[]> {
  const datastore = ["--datastore-endpoint", endpoints.join(",")];
  const planes = await Promise.all(names.map(name => planeOf(name, path.join(directory, name), datastore)));
  let token: string[] = [];
  for (const plane of planes) {
    const { code, stderr } = await plane.up(...token);
    if (code !== 0) throw new Error(`${plane.name} did not start: ${stderr}`);
    if (token.length === 0) token = ["--token", (await readFile(path.join(plane.dataDir, "token"), "utf8")).trim()];
  }
  return planes;
}

/** Ports on loopback for the members of an etcd that has but sockets; bytes go through as they come. */
export async function doorsTo(etcd: TestEtcd): Promise<{ readonly urls: readonly string[]; close(): void }> {
  const open = new Set<Socket>();
  const doors = await Promise.all(
    etcd.urls.map(async url => {
      const door = createServer(client => {
        const member = connect(url.slice("unix://".length));
        for (const [from, to] of [
          [client, member],
          [member, client],
        ] as const) {
          open.add(from);
          from.on("error", () => undefined).on("close", () => [open.delete(from), to.destroy()]);
          from.pipe(to);
        }
      });
      await new Promise<void>(resolve => door.listen(0, "127.0.0.1", resolve));
      return door;
    }),
  );
  return {
    urls: doors.map(d => `http://127.0.0.1:${(d.address() as { port: number }).port}`),
    close() {
      for (const door of doors) door.close();
      for (const socket of open) socket.destroy();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
