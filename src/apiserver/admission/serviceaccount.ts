/** ServiceAccount: every pod runs as an account, whose token and whose image pull secrets it gets. */

import { isAbout, refusal } from "#apiserver/admission/refuse.ts";
import type { Admission, AdmissionPlugin, Objects } from "#apiserver/call.ts";
import { type Chance, nameSuffix } from "#base/chance.ts";
import type { Clock } from "#base/clock.ts";
import { copyPlain } from "#base/plain.ts";
import { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { Volume } from "#kinds/core/v1/volume.ts";

const DEFAULT = "default";
const VOLUME = "kube-api-access-";
const MOUNT_PATH = "/var/run/secrets/kubernetes.io/serviceaccount";
/** The account "default" is made shortly after its namespace: how long a pod waits for it, in milliseconds. */
const WAIT_FOR_DEFAULT = 1500;

export function serviceAccount(objects: Objects, clock: Clock, chance: Chance): AdmissionPlugin {
  const take = async (a: Admission, pod: Pod) => {
    pod.spec.serviceAccountName ||= DEFAULT;
    pod.spec.serviceAccount = pod.spec.serviceAccountName;
    const account = await accountOf(a, pod.spec.serviceAccountName, objects, clock);
    if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true) mountToken(pod, chance);
    if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length) {
      pod.spec.imagePullSecrets = copyPlain(account.imagePullSecrets) as Pod["spec"]["imagePullSecrets"];
    }
  };
  return {
    name: "ServiceAccount",
    kinds: [Pod],
    admit(a) {
      if (a.operation !== "CREATE" || !isAbout(a, Pod)) return;
      const pod = a.object as Pod;
      // the kubelet says itself what a mirror pod is
      if (!isMirror(pod)) return take(a, pod);
    },
    validate(a) {
      if (a.operation !== "CREATE" || !isAbout(a, Pod)) return;
      const pod = a.object as Pod;
      if (isMirror(pod)) checkMirror(a, pod);
      else if (!objects.get(ServiceAccount, pod.spec.serviceAccountName ?? "", a.namespace))
        throw missing(a, pod.spec.serviceAccountName ?? "");
    },
  };
}
const isMirror = (pod: Pod) => pod.metadata.annotations?.["kubernetes.io/config.mirror"] !== undefined;
const missing = (a: Admission, name: string) =>
  refusal(a, `error looking up service account ${a.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`);

async function accountOf(a: Admission, name: string, objects: Objects, clock: Clock): Promise<ServiceAccount> {
  const there = () => objects.get(ServiceAccount, name, a.namespace);
  const account = there();
  if (account !== undefined) return account;
  if (name === DEFAULT) {
    await new Promise<void>(resolve => {
      const stop = objects.onChange(ServiceAccount, () => there() && done());
      const cancel = clock.after(WAIT_FOR_DEFAULT, () => done());
      const done = () => {
        stop();
        cancel();
        resolve();
      };
    });
  }
  const late = there();
  if (late === undefined) throw missing(a, name);
  return late;
}

function mountToken({ spec }: Pod, chance: Chance): void {
  const volumes = spec.volumes ?? [];
  const there = volumes.find(v => v.name.startsWith(VOLUME));
  const name = there?.name ?? VOLUME + nameSuffix(chance);
  let needed = false;
  for (const container of [...(spec.initContainers ?? []), ...spec.containers]) {
    if (container.volumeMounts?.some(m => m.mountPath === MOUNT_PATH)) continue;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
    needed = true;
  }
  if (needed && there === undefined) spec.volumes = [...volumes, tokenVolume(name)];
}
function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: "token" } },
        { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
        { downwardAPI: { items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }] } },
      ],
    },
  };
}

function checkMirror(a: Admission, { spec }: Pod): void {
  if (spec.serviceAccountName) throw refusal(a, "a mirror pod may not reference service accounts");
  const containers = [...(spec.initContainers ?? []), ...spec.containers];
  const volumes = spec.volumes ?? [];
  const sources = volumes.flatMap(v => v.projected?.sources ?? []);
  const secret =
    (spec.imagePullSecrets?.length ?? 0) > 0 ||
    [...volumes, ...sources].some(v => v.secret !== undefined) ||
    containers.some(c => c.env?.some(e => e.valueFrom?.secretKeyRef) || c.envFrom?.some(e => e.secretRef));
  if (secret) throw refusal(a, "a mirror pod may not reference secrets");
  const configMap =
    [...volumes, ...sources].some(v => v.configMap !== undefined) ||
    containers.some(c => c.env?.some(e => e.valueFrom?.configMapKeyRef) || c.envFrom?.some(e => e.configMapRef));
  if (configMap) throw refusal(a, "a mirror pod may not reference configmaps");
  if (volumes.some(v => v.persistentVolumeClaim)) throw refusal(a, "a mirror pod may not reference persistentvolumeclaims");
  if (sources.some(s => s.serviceAccountToken)) throw refusal(a, "a mirror pod may not use ServiceAccountToken volume projections");
}
