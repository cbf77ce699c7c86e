/** Config maps and secrets that pods of this node use, each followed by a watch of its own while some pod needs it; and all services. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Client } from "#client/client.ts";
import { type Feed, feed } from "#client/feed.ts";
import { Contents, type View } from "#client/view.ts";
import { ConfigMap } from "#kinds/core/v1/configmap.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { Secret } from "#kinds/core/v1/secret.ts";
import type { Service } from "#kinds/core/v1/service.ts";
import type { Kind, KubeObject } from "#kinds/kind.ts";
import type { Lookup } from "#kubelet/env.ts";
import { referencesOf } from "#kubelet/volumes.ts";

interface Followed {
  readonly contents: Contents<KubeObject>;
  readonly feed: Feed;
  readonly users: Set<string>;
  readonly ending: AbortController;
}
export interface SourcesParts {
  readonly client: Client;
  readonly clock: Clock;
  readonly log: Log;
  readonly services: View<Service>;
  /** An object of these pods (by uid) has changed, appeared or gone. */
  readonly changed: (uids: Iterable<string>) => void;
}

export class Sources implements Lookup {
  readonly #parts: SourcesParts;
  readonly #followed = new Map<string, Followed>();

  constructor(parts: SourcesParts, signal: AbortSignal) {
    this.#parts = parts;
    signal.addEventListener("abort", () => {
      for (const f of this.#followed.values()) f.ending.abort();
    });
  }

  /** Follows what the pod refers to; resolves when all of it, and the services, have been read. */
  async want(pod: Pod): Promise<void> {
    const uid = pod.metadata.uid ?? "";
    const namespace = pod.metadata.namespace ?? "";
    const { configMaps, secrets } = referencesOf(pod);
    const wanted = [
      ...[...configMaps].map(name => this.#follow(ConfigMap, namespace, name, uid)),
      ...[...secrets].map(name => this.#follow(Secret, namespace, name, uid)),
    ];
    await Promise.all([this.#parts.services.ready(), ...wanted.map(f => f.feed.ready)]);
  }
  /** The pod needs nothing any more. */
  release(uid: string): void {
    for (const [id, f] of this.#followed) {
      if (!f.users.delete(uid) || f.users.size > 0) continue;
      f.ending.abort();
      this.#followed.delete(id);
    }
  }
  configMap(namespace: string, name: string): ConfigMap | undefined {
    return this.#get(ConfigMap, namespace, name);
  }
  secret(namespace: string, name: string): Secret | undefined {
    return this.#get(Secret, namespace, name);
  }
  services(): readonly Service[] {
    return this.#parts.services.list();
  }

  #get<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string): T | undefined {
    return this.#followed.get(`${kind.plural}/${namespace}/${name}`)?.contents.get(name, namespace) as T | undefined;
  }
  #follow<T extends KubeObject>(kind: Kind<T>, namespace: string, name: string, uid: string): Followed {
    const id = `${kind.plural}/${namespace}/${name}`;
    const known = this.#followed.get(id);
    if (known) {
      known.users.add(uid);
      return known;
    }
    const { client, clock, log, changed } = this.#parts;
    const contents = new Contents<T>();
    const ending = new AbortController();
    const scope = { namespace, fieldSelector: `metadata.name=${name}` };
    const made: Followed = {
      contents: contents as unknown as Contents<KubeObject>,
      feed: feed({ client, clock, log, kind, contents, scope, signal: ending.signal }),
      users: new Set([uid]),
      ending,
    };
    contents.onChange(() => changed(made.users));
    this.#followed.set(id, made);
    return made;
  }
}
