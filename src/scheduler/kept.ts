/** What plugins have said of every row, kept under a key, and brought up to date by what has changed since. */
import { assert } from "#base/assert.ts";
import { Recent } from "#base/recent.ts";
import type { Filter, Plugin, Refusal, Rows, Scoring } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";

/** One plugin's verdicts over the nodes for all pods that ask alike. */
export class Verdicts {
  readonly codes: Uint16Array;
  readonly refusals: readonly Refusal[];
  /** How many nodes it refuses. */
  refused = 0;
  readonly #filter: Filter;
  #position = -1;

  constructor(filter: Filter, codes: Uint16Array) {
    this.#filter = filter;
    this.refusals = filter.refusals;
    this.codes = codes;
  }
  /** All rows, whatever the codes were. */
  fill(snapshot: Snapshot): void {
    this.codes.fill(0);
    this.#filter.fill(snapshot.rows, this.codes);
    this.refused = nonzero(this.codes, snapshot.rows);
  }
  update(snapshot: Snapshot): void {
    const { codes } = this;
    const { rows, gone } = snapshot.changed(this.#position);
    this.#position = snapshot.position;
    if (rows === snapshot.rows) return this.fill(snapshot);
    this.refused -= nonzero(codes, rows) + nonzero(codes, gone);
    for (const row of gone) codes[row] = 0;
    this.#filter.fill(rows, codes);
    this.refused += nonzero(codes, rows);
    assert(this.refusals.length < 65_535, "codes have sixteen bits");
  }
}
/** One plugin's raw scores over the nodes. */
class Scores {
  readonly raw: Int32Array;
  readonly #scoring: Scoring;
  /** Rows whose score is not 0. */
  #apart = 0;
  #position = -1;

  constructor(scoring: Scoring, capacity: number) {
    this.#scoring = scoring;
    this.raw = new Int32Array(capacity);
  }
  /** All are 0. */
  get even(): boolean {
    return this.#apart === 0;
  }
  update(snapshot: Snapshot): void {
    const { raw } = this;
    const { rows, gone } = snapshot.changed(this.#position);
    this.#position = snapshot.position;
    if (rows === snapshot.rows) {
      this.#apart = 0;
      raw.fill(0);
    } else {
      this.#apart -= nonzero(raw, rows) + nonzero(raw, gone);
      for (const row of gone) raw[row] = 0;
    }
    this.#scoring.fill(rows, raw);
    this.#apart += nonzero(raw, rows);
  }
}
function nonzero(column: Uint16Array | Int32Array, rows: Rows): number {
  let count = 0;
  for (let i = 0; i < rows.length; i++) if (column[rows[i]!] !== 0) count++;
  return count;
}

/** What the plugins have said. */
export class Columns {
  readonly #verdicts: Recent<Verdicts>;
  readonly #scores: Recent<Scores>;
  readonly #snapshot: Snapshot;
  /** Columns that are written anew for each pod. */
  readonly #scratch = new Map<string, Int32Array>();
  readonly #codes = new Map<Plugin, Uint16Array>();

  constructor(snapshot: Snapshot, most: number) {
    this.#snapshot = snapshot;
    this.#verdicts = new Recent(most);
    this.#scores = new Recent(most);
  }
  /** A plugin's verdicts on this pod, good until it is asked about the next; undefined: the pod asks nothing of it. */
  verdicts(plugin: Plugin, pod: PodInfo): Verdicts | undefined {
    const filter = plugin.filter?.(pod, this.#snapshot);
    if (!filter) return undefined;
    const { capacity } = this.#snapshot;
    if (filter.key === undefined) {
      const codes = this.#codes.get(plugin) ?? new Uint16Array(capacity);
      this.#codes.set(plugin, codes);
      const verdicts = new Verdicts(filter, codes);
      verdicts.fill(this.#snapshot);
      return verdicts;
    }
    const verdicts = this.#verdicts.get(`${plugin.name} ${filter.key}`, () => new Verdicts(filter, new Uint16Array(capacity)));
    verdicts.update(this.#snapshot);
    return verdicts;
  }
  /** The raw scores of these rows (of others, too, where they are kept); `even`: all are 0. */
  scores(plugin: Plugin, scoring: Scoring, fitting: Rows): { readonly raw: Int32Array; readonly even: boolean } {
    if (scoring.key === undefined) {
      const raw = this.scratch("raw");
      scoring.fill(fitting, raw);
      return { raw, even: false };
    }
    const scores = this.#scores.get(`${plugin.name} ${scoring.key}`, () => new Scores(scoring, this.#snapshot.capacity));
    scores.update(this.#snapshot);
    return scores;
  }
  /** A column for use within one decision; what is in it is nobody's. */
  scratch(name: string): Int32Array {
    const known = this.#scratch.get(name);
    if (known) return known;
    const made = new Int32Array(this.#snapshot.capacity);
    this.#scratch.set(name, made);
    return made;
  }
  /** For when the columns' length has changed. */
  clear(): void {
    for (const kept of [this.#verdicts, this.#scores, this.#scratch, this.#codes]) kept.clear();
  }
}
