/** GET /coxswain/secrets: by which keys what is sealed; with `wait`, once nothing is being written anew. POST /coxswain/secrets/rotate: see Keys.rotate. */
import type { PathHandler } from "#apiserver/paths.ts";
import { json } from "#apiserver/respond.ts";
import { ConfigError } from "#apiserver/sealing/configerror.ts";
import type { Keys } from "#apiserver/sealing/keys.ts";
import { badRequest } from "#base/status.ts";

export function sealingPath(keys: Keys | undefined): PathHandler {
  return async ({ info, query }) => {
    if (info.path !== "/coxswain/secrets" && info.path !== "/coxswain/secrets/rotate") return undefined;
    if (!keys) throw badRequest("nothing is sealed in this cluster's store");
    if (info.path === "/coxswain/secrets" && info.verb === "get") {
      if (query.get("wait") === "true") await keys.rested();
      return json(keys.status());
    }
    if (info.path === "/coxswain/secrets" || info.verb !== "post") return undefined;
    try {
      await keys.rotate(query.get("forget") === "true");
    } catch (error) {
      if (error instanceof ConfigError) throw badRequest(error.message);
      throw error;
    }
    return json(keys.status(), 202);
  };
}
