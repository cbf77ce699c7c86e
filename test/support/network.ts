/**
 * Network namespaces of a test's own. Each is held by a file in a directory of its own: one that `ip netns` names leaves
 * a mount of /run/netns behind.
 */
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { type CommandResult, must, run } from "#host/command.ts";

export interface TestNetwork {
  /** Stands for it where `ip` asks for a namespace. */
  readonly file: string;
  /** What a command inside begins with. */
  readonly enter: readonly [program: string, ...args: string[]];
  run(program: string, ...args: string[]): Promise<CommandResult>;
  /** `ip` inside; rejects when it fails. */
  ip(...args: string[]): Promise<void>;
  /** Its interfaces go with it. */
  remove(): void;
}

const made = new Set<TestNetwork>();
process.on("exit", () => {
  for (const network of made) network.remove();
});

/** Without any interface but `lo`, which is down. Needs root. */
export async function makeNetwork(): Promise<TestNetwork> {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-net-"));
  const file = path.join(directory, "net");
  const [program, ...args] = ["nsenter", `--net=${file}`] as const;
  const network: TestNetwork = {
    file,
    enter: [program, ...args],
    run: (what, ...more) => run(program, [...args, what, ...more]),
    async ip(...more) {
      await must("a network of the test's own", program, [...args, "ip", ...more]);
    },
    remove() {
      spawnSync("umount", [file]);
      rmSync(directory, { recursive: true, force: true });
      made.delete(network);
    },
  };
  made.add(network);
  await writeFile(file, "");
  await must("a network of the test's own", "unshare", [`--net=${file}`, "true"]).catch(error => {
    network.remove();
    throw error;
  });
  return network;
}
