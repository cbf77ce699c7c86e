/** Carries out what volumes.ts plans: makes, fills and refreshes a pod's volumes, and gives a container its mounts. */
import { utf8 } from "#base/bytes.ts";
import type { Chance } from "#base/chance.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Volume } from "#kinds/core/v1/volume.ts";
import { type NodeSetting, propagationOf, subPathOf } from "#kubelet/containerspec.ts";
import type { Lookup } from "#kubelet/env.ts";
import { ConfigError, type Place } from "#kubelet/fields.ts";
import { podPaths } from "#kubelet/names.ts";
import { hostNameOf, hostsFile } from "#kubelet/network.ts";
import type { Disk, Machine } from "#kubelet/ports.ts";
import type { Mount } from "#kubelet/runtime.ts";
import type { Tokens } from "#kubelet/tokens.ts";
import { payloadOf, planOf, tokensOf, type VolumePlan } from "#kubelet/volumes.ts";

export interface MountsParts {
  readonly disk: Disk;
  readonly machine: Machine;
  readonly chance: Chance;
  readonly lookup: Lookup;
  readonly tokens: Tokens;
  readonly setting: NodeSetting;
}
/** A volume that could not be set up; the message is the event's. */
export class MountError extends Error {}

export class Mounts {
  readonly #parts: MountsParts;
  constructor(parts: MountsParts) {
    this.#parts = parts;
  }

  /** Makes all volumes, or only brings their files up to date; resolves with the time at which a token is to be renewed. */
  async setUp(pod: Pod, place: Place, only?: "payload"): Promise<number | undefined> {
    const { disk, setting, tokens } = this.#parts;
    const paths = podPaths(setting.roots, pod.metadata);
    let renewAt: number | undefined;
    const wanted = tokensOf(pod);
    if (wanted.length > 0) {
      renewAt = await tokens.refresh(pod, wanted).catch(error => {
        const volume = pod.spec.volumes?.find(v => v.projected?.sources?.some(s => s.serviceAccountToken));
        throw new MountError(`MountVolume.SetUp failed for volume "${volume?.name}" : failed to fetch token: ${messageOf(error)}`);
      });
    }
    await disk.makeDirectory(paths.pod, 0o750);
    await Promise.all(
      (pod.spec.volumes ?? []).map(async volume => {
        const plan = planOf(volume, paths);
        if (only && plan.is !== only) return;
        try {
          await this.#make(pod, volume, plan, place);
        } catch (error) {
          throw new MountError(`MountVolume.SetUp failed for volume "${volume.name}" : ${messageOf(error)}`);
        }
      }),
    );
    return renewAt;
  }
  async #make(pod: Pod, volume: Volume, plan: VolumePlan, place: Place): Promise<void> {
    const { disk, lookup, tokens } = this.#parts;
    const { fsGroup, fsGroupChangePolicy } = pod.spec.securityContext ?? {};
    const give = async (path: string) => {
      if (fsGroup !== undefined) await disk.giveToGroup(path, fsGroup, fsGroupChangePolicy === "OnRootMismatch");
    };
    switch (plan.is) {
      case "refused":
        throw new ConfigError(plan.message);
      case "hostPath":
        return disk.hostPath(plan.path, plan.type);
      case "directory":
        await disk.makeDirectory(plan.path, 0o777);
        return give(plan.path);
      case "tmpfs":
        await disk.mountTmpfs(plan.path, plan.size);
        return give(plan.path);
      case "payload": {
        const files = payloadOf(volume, { pod, lookup, place, token: projection => tokens.current(pod, projection) });
        await disk.writePayload(plan.path, files, fsGroup);
      }
    }
  }

  /** What one attempt of a container has mounted, and where its termination message will lie. */
  async mountsFor(
    pod: Pod,
    container: Container,
    attempt: number,
    env: readonly { readonly name: string; readonly value: string }[],
    place: Place,
  ): Promise<{ mounts: readonly Mount[]; terminationFile: string }> {
    const { disk, setting, chance, machine } = this.#parts;
    const paths = podPaths(setting.roots, pod.metadata);
    const mounts: Mount[] = [];
    for (const [i, mount] of (container.volumeMounts ?? []).entries()) {
      const volume = pod.spec.volumes?.find(v => v.name === mount.name);
      if (!volume) throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
      const plan = planOf(volume, paths);
      if (plan.is === "refused") throw new ConfigError(plan.message);
      const readonly = (mount.readOnly ?? false) || plan.is === "payload";
      const sub = subPathOf(mount, env);
      const target = `${paths.pod}/volume-subpaths/${volume.name}/${container.name}/${i}`;
      const hostPath = sub ? await disk.bindSubPath(plan.path, sub, target) : plan.path;
      const containerPath = mount.mountPath.startsWith("/") ? mount.mountPath : `/${mount.mountPath}`;
      mounts.push({ hostPath, containerPath, readonly, propagation: propagationOf(mount), selinuxRelabel: plan.is !== "hostPath" });
    }
    const taken = new Set(mounts.map(m => m.containerPath));
    const own = (hostPath: string, containerPath: string): Mount => ({
      hostPath,
      containerPath,
      readonly: false,
      propagation: "private",
      selinuxRelabel: true,
    });
    if (!taken.has("/etc/hosts") && (place.podIps.length > 0 || pod.spec.hostNetwork)) {
      const path = `${paths.pod}/etc-hosts`;
      const content = hostsFile(pod, place.podIps, hostNameOf(pod, setting.dns.domain), pod.spec.hostNetwork ? await machine.hosts() : "");
      await disk.writeFile(path, utf8(content), 0o644);
      mounts.push(own(path, "/etc/hosts"));
    }
    let terminationFile = "";
    if (container.terminationMessagePath) {
      terminationFile = `${paths.pod}/containers/${container.name}/${attempt}-${chance.bytes(4).toHex()}`;
      await disk.writeFile(terminationFile, new Uint8Array(), 0o666);
      mounts.push(own(terminationFile, container.terminationMessagePath));
    }
    return { mounts, terminationFile };
  }

  /** Unmounts and removes all that the pod had; what is gone already is no error. */
  async tearDown(pod: { readonly namespace?: string; readonly name?: string; readonly uid?: string }): Promise<void> {
    const { disk, setting, tokens } = this.#parts;
    const paths = podPaths(setting.roots, pod);
    tokens.forget(pod.uid ?? "");
    await Promise.all([disk.remove(paths.pod), disk.remove(paths.memory)]);
  }
}
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
