/** A life of soak.ts: clients at work until it is killed; a line for each attempt as it begins, and as it ends. */
import { writeSync } from "node:fs";
import { hostChance } from "#host/chance.ts";
import { openStore } from "#host/store.ts";
import { drive, newRecord } from "#store/clients.ts";
import { LIFE, toLine } from "./soak.ts";

const [directory, life, seen] = process.argv.slice(2);
const store = await openStore(directory!);
const record = newRecord(Number(life) * LIFE, (at, attempt) => {
  writeSync(1, `${toLine([at, attempt])}\n`);
});
record.revision = Number(seen);
const failed = await drive(store, record, {
  chance: hostChance,
  clients: 16,
  operations: Number.POSITIVE_INFINITY,
  size: 500,
  compact: () => Math.max(1, Number(seen) - 1),
  ttl: 1,
});
// Only a kill ends it.
throw failed;
