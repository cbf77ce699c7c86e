/** What the containers of a simulated machine use of it, as far as their scripts say so. */
import type { ContainerState, SandboxSpec } from "#kubelet/runtime.ts";
import type { Output } from "#sim/output.ts";
import type { Script } from "#sim/script.ts";

interface Using {
  readonly box: { readonly spec: SandboxSpec };
  readonly script: Script;
  readonly output: Output;
  readonly state: ContainerState;
}
export class Uses {
  readonly #all = new Set<Using>();
  readonly #hungry = new Set<Using>();
  readonly #writing = new Set<Using>();

  enter(container: Using): void {
    const { memory, disk, volumes } = container.script;
    this.#all.add(container);
    if (memory) this.#hungry.add(container);
    if (disk || volumes) this.#writing.add(container);
  }
  leave(container: Using): void {
    for (const set of [this.#all, this.#hungry, this.#writing]) set.delete(container);
  }
  /** Containers whose scripts tell what they have written, which grows at any time. */
  get writing(): number {
    return this.#writing.size;
  }
  /** Bytes of memory of those that run. */
  memory(): number {
    let sum = 0;
    for (const { state, script } of this.#hungry) if (state.state === "running") sum += script.memory ?? 0;
    return sum;
  }
  /** Bytes that are written, logs apart. */
  disk(): number {
    let sum = 0;
    for (const { script } of this.#writing) sum += (script.disk?.() ?? 0) + writtenTo(script);
    return sum;
  }
  /** Bytes below a directory: of logs, or of an emptyDir. */
  below(path: string): number {
    const volume = path.slice(path.lastIndexOf("/") + 1);
    let sum = 0;
    for (const { state, script, output, box } of this.#all) {
      if (state.logPath.startsWith(`${path}/`)) sum += output.bytes(state.startedAt, script.log).length;
      if (script.volumes && path.includes(`/${box.spec.uid}/`)) sum += writtenTo(script, volume);
    }
    return sum;
  }
}
/** Bytes that a container has written into its volumes, or into one of them. */
function writtenTo({ volumes = {} }: Script, only?: string): number {
  return Object.entries(volumes).reduce((sum, [name, bytes]) => sum + (only === undefined || only === name ? bytes() : 0), 0);
}
