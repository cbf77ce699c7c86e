/** Makes sure of images by their pull policies, with back-off for what fails (upstream's pkg/kubelet/images). */

import { text } from "#base/bytes.ts";
import type { Clock } from "#base/clock.ts";
import { formatDuration } from "#base/time.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import type { Lookup } from "#kubelet/env.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { EventSubject, Events } from "#kubelet/ports.ts";
import { type ImageCredentials, type ImageState, PullError, type Runtime, RuntimeAway } from "#kubelet/runtime.ts";

const BACK_OFF = { first: 10_000, most: 300_000 };
/** Tries at an image that is not to be had by itself (a bad name, never pulled) are this far apart. */
const RETRY = 10_000;

/** An image that is not to be had; `reason` is the waiting reason. */
export class ImageError extends Error {
  readonly reason: string;
  readonly retryAt: number;
  constructor(reason: string, message: string, retryAt: number) {
    super(message);
    this.reason = reason;
    this.retryAt = retryAt;
  }
}

export interface Reference {
  readonly host: string;
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
}
const shape =
  /^(?:((?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)\/)?([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)(?::([\w][\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$/;
/** Reads an image's name as Docker does; undefined when it is none. */
export function parseReference(image: string): Reference | undefined {
  const m = shape.exec(image);
  if (!m) return undefined;
  let [, host = "", repository = "", tag = "", digest = ""] = m;
  if (host && !/[.:]/.test(host) && host !== "localhost" && host === host.toLowerCase()) [repository, host] = [`${host}/${repository}`, ""];
  if (!host) {
    host = "docker.io";
    if (!repository.includes("/")) repository = `library/${repository}`;
  }
  return { host, repository, tag: tag || (digest ? "" : "latest"), digest };
}
export function pullPolicyOf(container: Container): "Always" | "IfNotPresent" | "Never" {
  if (container.imagePullPolicy) return container.imagePullPolicy as "Always" | "IfNotPresent" | "Never";
  return parseReference(container.image ?? "")?.tag === "latest" ? "Always" : "IfNotPresent";
}

interface Docker {
  readonly auths?: Readonly<
    Record<string, { username?: string; password?: string; auth?: string; identitytoken?: string; registrytoken?: string }>
  >;
}
/** Credentials for an image from the pod's pull secrets, the closest match first. */
export function credentialsFor(pod: Pod, reference: Reference, lookup: Lookup): readonly ImageCredentials[] {
  const found: { at: string; credentials: ImageCredentials }[] = [];
  for (const { name } of pod.spec.imagePullSecrets ?? []) {
    const data = lookup.secret(pod.metadata.namespace ?? "", name ?? "")?.data ?? {};
    const encoded = data[".dockerconfigjson"] ?? data[".dockercfg"];
    if (!encoded) continue;
    let auths: Docker["auths"];
    try {
      const parsed = JSON.parse(text(Uint8Array.fromBase64(encoded))) as Docker & NonNullable<Docker["auths"]>;
      auths = data[".dockerconfigjson"] ? parsed.auths : parsed;
    } catch {
      continue;
    }
    for (const [registry, a] of Object.entries(auths ?? {})) {
      const at = registry.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, "");
      const host = at.split("/")[0]!.replace(/^index\.docker\.io$/, "docker.io");
      const path = at.includes("/") ? at.slice(at.indexOf("/") + 1) : "";
      const pattern = new RegExp(`^${host.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^.]*")}$`);
      if (!pattern.test(reference.host) || !reference.repository.startsWith(path)) continue;
      found.push({
        at,
        credentials: {
          username: a.username ?? "",
          password: a.password ?? "",
          auth: a.auth ?? "",
          serverAddress: registry,
          identityToken: a.identitytoken ?? "",
          registryToken: a.registrytoken ?? "",
        },
      });
    }
  }
  return found.sort((a, b) => b.at.length - a.at.length).map(f => f.credentials);
}

export interface ImagesParts {
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly events: Events;
  readonly lookup: Lookup;
}
export class Images {
  readonly #parts: ImagesParts;
  /** By pod and image: how long the next failure makes it wait. */
  readonly #delays = new Map<string, number>();
  /** Pulls under way, so that pods share them. */
  readonly #pulls = new Map<string, Promise<string>>();

  constructor(parts: ImagesParts) {
    this.#parts = parts;
  }

  /** The image, there and ready. Rejects with ImageError, or RuntimeAway. */
  async ensure(pod: Pod, container: Container, about: EventSubject): Promise<ImageState> {
    const { runtime, events, clock, lookup } = this.#parts;
    const image = container.image ?? "";
    const reference = parseReference(image);
    if (!reference) {
      const message = `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format`;
      events.tell(about, "Warning", "InspectFailed", message);
      events.tell(about, "Warning", "Failed", "Error: InvalidImageName");
      throw new ImageError("InvalidImageName", message, clock.now() + RETRY);
    }
    const policy = pullPolicyOf(container);
    const named = reference.digest || image.includes(":", image.lastIndexOf("/") + 1) ? image : `${image}:latest`;
    if (policy !== "Always") {
      const present = await runtime.image(named);
      if (present) {
        events.tell(about, "Normal", "Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`);
        return present;
      }
      if (policy === "Never") {
        const message = `Container image "${image}" is not present with pull policy of Never`;
        events.tell(about, "Warning", "ErrImageNeverPull", message);
        events.tell(about, "Warning", "Failed", "Error: ErrImageNeverPull");
        throw new ImageError("ErrImageNeverPull", message, clock.now() + RETRY);
      }
    }
    const key = `${pod.metadata.uid}/${image}`;
    const began = clock.monotonic();
    events.tell(about, "Normal", "Pulling", `Pulling image "${image}"`);
    try {
      const id = await this.#pull(named, credentialsFor(pod, reference, lookup));
      const state = await runtime.image(id);
      if (!state) throw new PullError("other", `image "${image}" is not there after it was pulled`);
      const took = formatDuration(Math.round(clock.monotonic() - began));
      events.tell(
        about,
        "Normal",
        "Pulled",
        `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${state.size} bytes.`,
      );
      this.#delays.delete(key);
      return state;
    } catch (error) {
      if (error instanceof RuntimeAway) throw error;
      const wait = this.#delays.get(key) ?? BACK_OFF.first;
      this.#delays.set(key, Math.min(BACK_OFF.most, wait * 2));
      events.tell(about, "Warning", "Failed", `Failed to pull image "${image}": ${messageOf(error)}`);
      events.tell(about, "Warning", "Failed", "Error: ErrImagePull");
      throw new ImageError("ErrImagePull", messageOf(error), clock.now() + wait);
    }
  }
  #pull(named: string, credentials: readonly ImageCredentials[]): Promise<string> {
    const id = JSON.stringify([named, credentials]);
    const known = this.#pulls.get(id);
    if (known) return known;
    const pull = this.#parts.runtime.pull(named, credentials).finally(() => this.#pulls.delete(id));
    this.#pulls.set(id, pull);
    return pull;
  }
  forget(uid: string): void {
    for (const key of this.#delays.keys()) if (key.startsWith(`${uid}/`)) this.#delays.delete(key);
  }
}
