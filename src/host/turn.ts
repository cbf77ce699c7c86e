import { setImmediate as nextTurn } from "node:timers";

/** Resolves in the next turn of Node's loop: by then no promise that waits for nothing else has anything to do. */
export function turn(): Promise<void> {
  return new Promise(resolve => nextTurn(resolve));
}
