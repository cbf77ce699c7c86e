/** The process that answers names. It imports little, since it stays while all else is down; its one argument is JSON. */

import { hostClock } from "#host/clock.ts";
import { serveDns } from "#host/dns.ts";
import { freeWhenIdle, processHeap } from "#host/idle.ts";
import { fileLog } from "#host/log.ts";
import { reporter } from "#host/reporter.ts";
import { writeRunFile } from "#host/runfile.ts";
import { terminal } from "#host/terminal.ts";

export interface NamesOptions {
  readonly zoneFile: string;
  readonly runFile: string;
  readonly logFile: string;
  readonly address: string;
  /** Where it listened before, so that rules that lead there hold; 0: any free port. */
  readonly port: number;
}

const { zoneFile, runFile, logFile, address, port } = JSON.parse(terminal.args[0] ?? "") as NamesOptions;
const report = await reporter();
const log = fileLog(logFile);
const options = { zoneFile, addresses: [address], upstreams: [] };
try {
  const say = (line: string) => log.warn(line);
  const server = await serveDns({ ...options, port }, say).catch(() => serveDns({ ...options, port: 0 }, say));
  await writeRunFile(runFile, { address: `${address}:${server.port}`, version: "", nodeName: "" });
  freeWhenIdle(processHeap(hostClock));
  report?.({ ready: true });
  terminal.onEnd(() => server.close().then(() => terminal.exit(0)));
} catch (error) {
  report?.({ failed: (error as Error).message });
  throw error;
}
