/** Errors of the runtime in the kubelet's words. */

import { rpcCode as code } from "#base/rpc.ts";
import { PullError, RuntimeAway } from "#kubelet/runtime.ts";
import { GrpcError } from "./grpc.ts";

/** What a failed call throws: RuntimeAway when nobody answers, else an error with the runtime's own sentence. */
export function runtimeError(error: unknown): Error {
  if (!(error instanceof GrpcError)) return error as Error;
  if (error.code === code.unavailable) return new RuntimeAway(`the container runtime does not answer: ${error.message}`);
  return new Error(plain(error.message));
}
export function isMissing(error: unknown): boolean {
  return error instanceof GrpcError && error.code === code.notFound;
}

/** containerd wraps what happened in what it was doing: told once is enough. */
function plain(message: string): string {
  return message.replace(/^rpc error: code = \w+ desc = /, "");
}

/** Sorts a failed pull by what a person can do about it. */
export function pullError(reference: string, error: unknown): Error {
  if (!(error instanceof GrpcError)) return error as Error;
  if (error.code === code.unavailable && !/pull|resolve|fetch/.test(error.message)) return runtimeError(error);
  const said = plain(error.message);
  const sentence = (why: string) => `${reference}: ${why}: ${said}`;
  if (error.code === code.cancelled) return new PullError("other", `${reference}: the pull was cancelled`);
  if (/authorization failed|401 Unauthorized|403 Forbidden|insufficient_scope|unauthorized/i.test(said)) {
    return new PullError("unauthorized", sentence("the registry refuses these credentials, or needs some"));
  }
  if (/: not found$|failed to resolve reference .*: not found|404 Not Found|manifest unknown/.test(said)) {
    return new PullError("notFound", sentence("there is no such image"));
  }
  if (
    /dial tcp|no such host|i\/o timeout|connection (refused|reset)|TLS handshake|x509|EOF$|50\d |deadline exceeded|server misbehaving/i.test(
      said,
    )
  ) {
    return new PullError("unavailable", sentence("the registry cannot be reached"));
  }
  if (/no match for platform/.test(said)) return new PullError("other", sentence("the image is not made for this machine's architecture"));
  if (/no space left on device/.test(said)) return new PullError("other", sentence("the disk is full"));
  return new PullError("other", sentence("the image could not be pulled"));
}
