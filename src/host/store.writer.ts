/** Writes until it is killed and says what was acknowledged; the other half of store.test.ts's kill -9. */
import { writeSync } from "node:fs";
import { text, utf8 } from "#base/bytes.ts";
import { openStore } from "./store.ts";

const store = await openStore(process.argv[2]!);
async function write(key: string): Promise<never> {
  const before = await store.get(key);
  for (let n = before ? Number(text(before.value).trimEnd()) + 1 : 1; ; n++) {
    const value = utf8(String(n).padEnd(1000 + (n % 7) * 500));
    await store.txn(
      [],
      [key, `${key}/copy`].map(k => ({ op: "put", key: k, value })),
    );
    writeSync(1, `${key} ${n}\n`);
    if (n % 500 === 0) await store.compact(store.revision - 100).catch(() => {});
  }
}
await Promise.all(Array.from({ length: 8 }, (_, i) => write(`w${i}`)));
