/** Authenticators by client certificate, and for nobody in particular. */

import { ANONYMOUS, CREDENTIAL_ID, UNAUTHENTICATED } from "#apiserver/auth/users.ts";
import type { Authenticator } from "#apiserver/call.ts";
import type { Clock } from "#base/clock.ts";
import { unauthorized } from "#base/status.ts";

/** The verified client certificate: CN is the user, each O a group. Expired or untrusted: 401. */
export function byCertificate(clock: Clock): Authenticator {
  return {
    async authenticate({ peer }) {
      if (peer?.certificateError !== undefined) throw unauthorized();
      const certificate = peer?.certificate;
      if (certificate === undefined || certificate.commonName === "") return undefined;
      if (certificate.notAfter < clock.now()) throw unauthorized();
      return {
        name: certificate.commonName,
        groups: certificate.organizations,
        ...(certificate.fingerprint && { extra: { [CREDENTIAL_ID]: [`X509SHA256=${certificate.fingerprint}`] } }),
      };
    },
  };
}

/** Paths that need no credentials. Elsewhere a request without any is 401. */
const OPEN_PATHS = new Set(["/healthz", "/livez", "/readyz"]);

/** system:anonymous, for the health paths only (AuthenticationConfiguration's anonymous.conditions, KEP-4633). */
export const anonymous: Authenticator = {
  async authenticate({ url }) {
    const query = url.indexOf("?");
    return OPEN_PATHS.has(query < 0 ? url : url.slice(0, query)) ? { name: ANONYMOUS, groups: [UNAUTHENTICATED] } : undefined;
  },
};
