/** Actions of probes and hooks carried out: commands in the container, requests and connections to the pod. */
import { text } from "#base/bytes.ts";
import type { Container } from "#kinds/core/v1/container.ts";
import type { HTTPGetAction, Probe } from "#kinds/core/v1/probe.ts";
import { messageOf } from "#kubelet/mounts.ts";
import type { HttpTarget, Prober } from "#kubelet/ports.ts";
import type { Runtime } from "#kubelet/runtime.ts";

/** Bytes of a probe's output that are kept. */
export const OUTPUT = 10 * 1024;
const AGENT = { name: "User-Agent", value: "kube-probe/1.36" };

/** A port by number or by the name that the container gives it; undefined when there is none. */
export function portOf(container: Container, port: number | string): number | undefined {
  const named = typeof port === "string" ? container.ports?.find(p => p.name === port)?.containerPort : undefined;
  const number = named ?? Number(port);
  return Number.isInteger(number) && number > 0 && number < 65536 ? number : undefined;
}
export function httpTarget(action: HTTPGetAction, container: Container, podIp: string): HttpTarget {
  const port = portOf(container, action.port);
  if (port === undefined) throw new Error(`couldn't find port: ${JSON.stringify(action.port)}`);
  const headers = (action.httpHeaders ?? []).map(({ name, value }) => ({ name, value }));
  const has = (name: string) => headers.some(h => h.name.toLowerCase() === name.toLowerCase());
  const path = action.path ?? "/";
  return {
    scheme: (action.scheme ?? "HTTP") === "HTTPS" ? "HTTPS" : "HTTP",
    host: action.host || podIp,
    port,
    path: path.startsWith("/") ? path : `/${path}`,
    headers: [...headers, ...(has("User-Agent") ? [] : [AGENT]), ...(has("Accept") ? [] : [{ name: "Accept", value: "*/*" }])],
  };
}

export interface Verdict {
  readonly result: "success" | "warning" | "failure" | "unknown";
  readonly output: string;
}
/** Runs a probe once. Never rejects. */
export async function probeOnce(
  probe: Probe,
  container: Container,
  id: string,
  podIp: string,
  { runtime, prober }: { readonly runtime: Runtime; readonly prober: Prober },
): Promise<Verdict> {
  const seconds = probe.timeoutSeconds || 1;
  try {
    if (probe.exec) {
      const { exitCode, output, timedOut } = await runtime.execSync(id, probe.exec.command ?? [], seconds, OUTPUT);
      if (timedOut) {
        const command = (probe.exec.command ?? []).join(" ");
        return { result: "failure", output: `command timed out: "${command}" timed out after ${seconds}s` };
      }
      return { result: exitCode === 0 ? "success" : "failure", output: text(output) };
    }
    if (probe.httpGet) {
      const answer = await prober.http(httpTarget(probe.httpGet, container, podIp), seconds * 1000);
      if (answer.redirected !== undefined)
        return { result: "warning", output: `Probe terminated redirects, Response body: ${answer.body}` };
      const fine = answer.status >= 200 && answer.status < 400;
      return fine
        ? { result: "success", output: answer.body }
        : { result: "failure", output: `HTTP probe failed with statuscode: ${answer.status}` };
    }
    if (probe.tcpSocket) {
      const port = portOf(container, probe.tcpSocket.port);
      if (port === undefined) return { result: "unknown", output: `couldn't find port: ${JSON.stringify(probe.tcpSocket.port)}` };
      await prober.tcp(probe.tcpSocket.host || podIp, port, seconds * 1000);
      return { result: "success", output: "" };
    }
    if (probe.grpc) {
      const status = await prober.grpc(podIp, probe.grpc.port, probe.grpc.service ?? "", seconds * 1000);
      if (status === "SERVING") return { result: "success", output: `service healthy` };
      return { result: "failure", output: `service unhealthy (responded with "${status}")` };
    }
    return { result: "unknown", output: "missing probe handler" };
  } catch (error) {
    return { result: "failure", output: messageOf(error) };
  }
}

type Hook = NonNullable<NonNullable<Container["lifecycle"]>["postStart"]>;
/** Runs a postStart or preStop action to its end; rejects with the sentence that its event shows. */
export async function runHook(
  hook: Hook,
  container: Container,
  id: string,
  podIp: string,
  seconds: number,
  { runtime, prober, sleep }: { readonly runtime: Runtime; readonly prober: Prober; readonly sleep: (ms: number) => Promise<void> },
): Promise<void> {
  if (hook.exec) {
    const command = hook.exec.command ?? [];
    const { exitCode, output, timedOut } = await runtime.execSync(id, command, seconds, OUTPUT);
    if (timedOut) throw new Error(`Exec lifecycle hook ([${command.join(" ")}]) timed out after ${seconds}s`);
    if (exitCode !== 0)
      throw new Error(
        `Exec lifecycle hook ([${command.join(" ")}]) for Container "${container.name}" failed - error: command '${command.join(" ")}' exited with ${exitCode}: ${text(output)}`,
      );
  } else if (hook.httpGet) {
    // any answer will do: the request itself is the message
    await prober.http(httpTarget(hook.httpGet, container, podIp), seconds * 1000);
  } else if (hook.sleep) await sleep(Math.min(hook.sleep.seconds, seconds || hook.sleep.seconds) * 1000);
  else if (hook.tcpSocket) throw new Error("a lifecycle hook of kind tcpSocket does nothing and is not supported");
}
