/**
 * node:http, taken without an `import`: that reads every export, and one of them is a getter that loads a whole WebSocket and fetch client
 * (14 MiB and 40 ms of every start).
 */
import type * as Http from "node:http";

export const http: typeof Http = process.getBuiltinModule("node:http");
