/** The store's one suite over our own etcd API, through the client that talks to a real etcd. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout } from "node:timers/promises";
import { silentLog } from "#base/log.ts";
import { runEtcd } from "#cluster/etcd.ts";
import { openEtcd } from "#host/etcd.ts";
import { storeCases } from "#store/case.ts";

storeCases("our etcd", async ({ watchBuffer, watches }) => {
  const directory = await mkdtemp(path.join(tmpdir(), "cox-etcdcase-"));
  const listen = [{ host: "127.0.0.1", port: 0, secure: false }];
  const running = await runEtcd(directory, { listen, advertise: [], name: "default", requestBytes: 1_572_864 }, silentLog);
  const endpoints = running.ports.map(port => ({ url: `http://127.0.0.1:${port}` }));
  const store = await openEtcd({ endpoints, log: silentLog, watchBuffer, watches });
  return {
    store,
    pass: ms => setTimeout(ms),
    async dispose() {
      await store.close();
      await running.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
});
