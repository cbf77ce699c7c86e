/** What an ended container left to say: its termination message file, or the end of its log. */
import { text } from "#base/bytes.ts";
import type { Pod } from "#kinds/core/v1/pod.ts";
import { parseLogLine } from "#kubelet/logline.ts";
import { ANNOTATION } from "#kubelet/names.ts";
import { statusIn } from "#kubelet/observed.ts";
import type { Disk } from "#kubelet/ports.ts";
import { containersOf } from "#kubelet/resources.ts";
import type { ContainerState } from "#kubelet/runtime.ts";

const MOST = { all: 12 * 1024, each: 4096, logBytes: 2048, logLines: 80 };

/** The message of the status; "" when there is none. */
export async function terminationMessage(pod: Pod, state: ContainerState, disk: Disk): Promise<string> {
  const most = Math.min(MOST.each, Math.floor(MOST.all / Math.max(1, containersOf(pod).length)));
  const path = state.annotations[ANNOTATION.terminationFile];
  const found = path ? await disk.readTail(path, most) : undefined;
  if (found?.length) return text(found);
  if (
    found &&
    state.exitCode !== 0 &&
    state.annotations[ANNOTATION.terminationMessagePolicy] === "FallbackToLogsOnError" &&
    state.logPath
  ) {
    // a line of the file carries its time and stream beside what the container wrote
    const tail = await disk.readTail(state.logPath, MOST.logBytes * 4);
    const lines = text(tail ?? new Uint8Array()).split("\n");
    const written = lines.slice(0, -1).flatMap(line => {
      const parsed = parseLogLine(line);
      return parsed ? [parsed.partial ? parsed.content : `${parsed.content}\n`] : [];
    });
    return written.slice(-MOST.logLines).join("").slice(-Math.min(MOST.logBytes, most));
  }
  if (found) return "";
  // the pod's directory is gone: what the API was told stands
  const told = statusIn(pod, state.name);
  const known = [told?.state.terminated, told?.lastState.terminated].find(t => t?.containerID?.endsWith(state.id));
  return known?.message ?? "";
}
