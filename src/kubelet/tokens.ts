/** Service account tokens for projected volumes: asked for, kept, and renewed when 80 % of their life or a day has passed. */
import type { Clock } from "#base/clock.ts";
import { parseTime } from "#base/time.ts";
import type { Client } from "#client/client.ts";
import { TokenRequest } from "#kinds/authentication/v1/tokenrequest.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { ServiceAccount } from "#kinds/core/v1/serviceaccount.ts";
import type { ServiceAccountTokenProjection } from "#kinds/core/v1/volume.ts";
import { apiVersionOf } from "#kinds/kind.ts";

interface Token {
  readonly text: string;
  readonly renewAt: number;
  readonly expiresAt: number;
}
const DAY = 24 * 3600_000;
const DEFAULT_SECONDS = 3600;
/** Between tries at renewal, while the old token still serves. */
const RETRY = 30_000;

export class Tokens {
  readonly #client: Client;
  readonly #clock: Clock;
  readonly #byPod = new Map<string, Map<string, Token>>();

  constructor(client: Client, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }
  /** The token of a projection as it was last made; "" before `refresh`. */
  current(pod: Pod, projection: ServiceAccountTokenProjection): string {
    return this.#byPod.get(pod.metadata.uid ?? "")?.get(idOf(projection))?.text ?? "";
  }
  /**
   * Makes and renews what is due; resolves with the time of the next renewal (wall clock), if there is one. Rejects only when
   * no valid token is there.
   */
  async refresh(pod: Pod, projections: readonly ServiceAccountTokenProjection[]): Promise<number | undefined> {
    const uid = pod.metadata.uid ?? "";
    const tokens = this.#byPod.get(uid) ?? new Map<string, Token>();
    this.#byPod.set(uid, tokens);
    const due = new Map(projections.map(p => [idOf(p), p]));
    await Promise.all([...due].map(([id, p]) => this.#renew(pod, p, id, tokens)));
    return tokens.size > 0 ? Math.min(...[...tokens.values()].map(t => t.renewAt)) : undefined;
  }
  forget(uid: string): void {
    this.#byPod.delete(uid);
  }

  async #renew(pod: Pod, projection: ServiceAccountTokenProjection, id: string, tokens: Map<string, Token>): Promise<void> {
    const now = this.#clock.now();
    const old = tokens.get(id);
    if (old && now < old.renewAt) return;
    try {
      const { name, namespace, uid } = pod.metadata;
      const answer = await this.#client.post<TokenRequest, TokenRequest>(
        ServiceAccount,
        pod.spec.serviceAccountName || "default",
        "token",
        {
          apiVersion: apiVersionOf(TokenRequest),
          kind: TokenRequest.kind,
          spec: {
            audiences: projection.audience ? [projection.audience] : [],
            expirationSeconds: projection.expirationSeconds ?? DEFAULT_SECONDS,
            boundObjectRef: { kind: "Pod", apiVersion: "v1", name, uid },
          },
        },
        { namespace },
      );
      const expiresAt = parseTime(answer.status.expirationTimestamp) ?? now;
      tokens.set(id, { text: answer.status.token, expiresAt, renewAt: now + Math.min(DAY, (expiresAt - now) * 0.8) });
    } catch (error) {
      if (!old || now >= old.expiresAt) throw error;
      tokens.set(id, { ...old, renewAt: now + RETRY });
    }
  }
}
const idOf = (p: ServiceAccountTokenProjection) => `${p.audience ?? ""}|${p.expirationSeconds ?? DEFAULT_SECONDS}`;
