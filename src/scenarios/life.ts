import type { Cluster } from "#cluster/create/cluster.ts";
import { images, service, web } from "#scenarios/objects.ts";
import type { Scenario } from "#scenarios/scenario.ts";

const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment" } as const;
const POD = { apiVersion: "v1", kind: "Pod" } as const;
const NAMESPACE = { apiVersion: "v1", kind: "Namespace" } as const;
/** The longest pause between two deeds, in milliseconds. */
const PAUSE = 600_000;
const TENANTS = ["blue", "green"] as const;

/** What people do to a cluster all day: applications come, grow, change and go, and whole namespaces with them. */
export const life: Scenario = {
  name: "life",
  says: "applications come, change and go for as long as one likes, while anything may go wrong",
  options: { nodes: 4, images },
  faults: { count: 6, within: 3600_000 },
  async story(cluster, { chance, lasts, say }) {
    const some = (n: number) => Math.floor(chance.next() * n);
    const end = cluster.clock.now() + lasts;
    let version = 1;
    while (cluster.clock.now() < end) {
      const namespace = TENANTS[some(TENANTS.length)] ?? TENANTS[0];
      const name = `app-${1 + some(3)}`;
      await deed(cluster, { what: some(8), namespace, name, replicas: 1 + some(6), version: ++version, pick: chance.next(), say });
      await cluster.clock.advance(1 + some(PAUSE));
    }
  },
};
interface Deed {
  readonly what: number;
  readonly namespace: string;
  readonly name: string;
  readonly replicas: number;
  readonly version: number;
  /** From 0 to 1. */
  readonly pick: number;
  say(line: string): void;
}
async function deed(cluster: Cluster, { what, namespace, name, replicas, version, pick, say }: Deed): Promise<void> {
  const where = { namespace };
  // what is not there, or on its way out, takes no deed: that is told and no more
  const attempt = async (line: string, act: () => Promise<unknown>) => {
    const told = await act().then(
      () => line,
      (error: Error) => {
        if (!/not found|being (terminated|deleted)|modified/.test(error.message)) throw error;
        return `${line}: ${error.message}`;
      },
    );
    say(told);
  };
  switch (what) {
    case 0:
      return attempt(`namespace ${namespace} is deleted`, () => cluster.client.delete(NAMESPACE, namespace));
    case 1:
      return attempt(`${namespace}/${name} is deleted`, () => cluster.client.delete(DEPLOYMENT, name, where));
    case 2:
    case 3:
      return attempt(`${namespace}/${name} is scaled to ${replicas}`, () =>
        cluster.client.patch(DEPLOYMENT, name, { spec: { replicas } }, where),
      );
    case 4:
      return attempt(`a pod of ${namespace} is deleted`, async () => {
        const { items } = await cluster.client.list(POD, where);
        const pod = items[Math.floor(pick * items.length)];
        if (pod) await cluster.client.delete(POD, pod.metadata.name ?? "", where);
      });
    default:
      return attempt(`${namespace}/${name} is applied with ${replicas} replicas of version ${version}`, async () => {
        await cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } });
        await cluster.apply([web({ name, namespace, replicas, image: `web:${version}` }), service(name, namespace)]);
      });
  }
}
