/** A whole cluster in a function call, in virtual time: control plane, scheduler and simulated nodes in this process. It knows no machine. */
import { MASTERS } from "#apiserver/auth/users.ts";
import { text } from "#base/bytes.ts";
import { durationOf } from "#base/duration.ts";
import { bytesOf } from "#base/http.ts";
import { wanted } from "#base/reading.ts";
import { actingAs, createClient, errorOf } from "#client/http.ts";
import type { Cluster, KubeDraft } from "#cluster/create/cluster.ts";
import type { ClusterHost, ClusterOptions } from "#cluster/create/options.ts";
import { endParts, makeParts } from "#cluster/create/parts.ts";
import { controlPlaneOf, faultsOf, nodesOf } from "#cluster/create/power.ts";
import { fetchIn, serveOn } from "#cluster/create/reach.ts";
import { check, settled } from "#cluster/create/settled.ts";
import { snapshotOf } from "#cluster/create/snapshot.ts";
import { DraftError } from "#cluster/drafterror.ts";
import { checkPlace, kindAt, typedClient } from "#cluster/typedclient.ts";
import type { KubeObject } from "#kinds/kind.ts";
import { ADMINISTRATOR } from "#sim/link.ts";

/** The user of `cluster.client`, with all rights. */
const ADMIN = { name: "kubernetes-admin", groups: [MASTERS, "system:authenticated"] };

/** Resolves when the control plane serves and every node is ready. */
export async function createClusterOn(host: ClusterHost, options: ClusterOptions = {}): Promise<Cluster> {
  const parts = await makeParts(host, options);
  const { clock, time, history, link, planes } = parts;
  // who calls may change what it gets
  const own = createClient(link.join(ADMINISTRATOR, actingAs(planes.handle, ADMIN)), { userAgent: "coxswain", clock });

  const cluster: Cluster = {
    client: typedClient(own, () => time.rest()),
    transport: own.transport,
    nodes: nodesOf(parts),
    controlPlane: controlPlaneOf(parts),
    faults: faultsOf(parts),
    clock: {
      now: clock.now,
      advance: by =>
        time.alone(async () => {
          await clock.advance(durationOf("advance", by));
          check(parts);
        }),
      follow: speed => time.follow(speed),
    },
    async apply(given) {
      const objects =
        typeof given === "string"
          ? (await wanted(import("#cluster/documents.ts"))).documents(given)
          : Array.isArray(given)
            ? given
            : [given as KubeDraft];
      if (!objects.every(o => typeof o === "object" && o !== null))
        throw new DraftError("apply takes YAML, an object or a list of objects");
      const applied: KubeObject[] = [];
      for (const object of objects) {
        const kind = kindAt(object);
        const { name = "", namespace = "default" } = object.metadata ?? {};
        checkPlace(kind, name, namespace);
        const where = { ...(kind.namespaced && { namespace }), fieldManager: "coxswain", force: true };
        await time.rest();
        applied.push(await own.patch(kind, name, "apply", object, where));
      }
      return applied;
    },
    settled: (how = {}) => time.alone(() => settled(parts, how)),
    history: () => history.list(),
    async why(type, name, namespace = "default") {
      const query = new URLSearchParams({ type, name, namespace });
      await time.rest();
      const answer = await own.transport({ method: "GET", url: `/coxswain/why?${query}`, headers: { "user-agent": "coxswain" } });
      const said = text(await bytesOf(answer));
      if (answer.status !== 200) throw errorOf(answer.status, said);
      return said;
    },
    fetch: (url, request = {}) => fetchIn(parts, url, request),
    snapshot: () => snapshotOf(parts),
    // what was to go wrong is part of the snapshot
    fork: async () => createClusterOn(host, { ...options, faults: undefined, from: await snapshotOf(parts) }),
    serve: (port = 0) => serveOn(parts, port),
    close: () => endParts(parts),
  };
  return cluster;
}
