/** The store's one suite over a real etcd, a fresh one a case. */
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { silentLog } from "#base/log.ts";
import { storeCases } from "#store/case.ts";
import { noEtcd, startEtcd } from "../../test/support/etcd.ts";
import { openEtcd } from "./etcd.ts";

if (noEtcd) test("etcd", { skip: noEtcd }, () => undefined);
else
  storeCases("etcd", async ({ watchBuffer, watches }) => {
    const etcd = await startEtcd({ heartbeat: 10, election: 100 });
    const store = await openEtcd({ endpoints: etcd.urls.map(url => ({ url })), log: silentLog, watchBuffer, watches });
    return {
      store,
      pass: ms => setTimeout(ms),
      async dispose() {
        await store.close();
        await etcd.dispose();
      },
    };
  });
