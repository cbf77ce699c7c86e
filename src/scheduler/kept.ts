/** What plugins have said of every row, kept under a key, and brought up to date by what has changed since. */
import { assert } from "#base/assert.ts";
import { Recent } from "#base/recent.ts";
import type { Filter, KeptScoring, Plugin, Refusal, Rows } from "#scheduler/plugin.ts";
import type { PodInfo } from "#scheduler/podinfo.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";
import { Standing } from "#scheduler/standing.ts";

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
  /** Whether it depends on other nodes, too. */
  get wide(): boolean {
    return this.#filter.look !== undefined;
  }
  /** All rows, whatever the codes were. */
  fill(snapshot: Snapshot): void {
    this.codes.fill(0);
    this.#filter.fill(snapshot.rows, this.codes);
    this.refused = nonzero(this.codes, snapshot.rows);
  }
  /** Returns the rows that were asked anew beside those that have changed; undefined: all were. */
  update(snapshot: Snapshot): Rows | undefined {
    if (this.#position === snapshot.position) return NONE;
    const { rows, gone } = snapshot.changed(this.#position);
    this.#position = snapshot.position;
    const more = this.#filter.look ? this.#filter.look() : NOTHING;
    if (rows === snapshot.rows || !more) {
      this.fill(snapshot);
      return undefined;
    }
    this.refused -= nonzero(this.codes, gone);
    for (const row of gone) this.codes[row] = 0;
    this.#again(rows);
    const others = more.length > 0 ? Int32Array.from(more) : NONE;
    this.#again(others);
    assert(this.refusals.length < 65_535, "codes have sixteen bits");
    return others;
  }
  #again(rows: Rows): void {
    this.refused -= nonzero(this.codes, rows);
    this.#filter.fill(rows, this.codes);
    this.refused += nonzero(this.codes, rows);
  }
}
const NOTHING: readonly number[] = [];
const NONE = new Int32Array(0);

/** One plugin's raw scores over the nodes. */
export class Scores {
  readonly raw: Int32Array;
  readonly #scoring: KeptScoring;
  #position = -1;

  constructor(scoring: KeptScoring, capacity: number) {
    this.#scoring = scoring;
    this.raw = new Int32Array(capacity);
  }
  update(snapshot: Snapshot): void {
    const { rows } = snapshot.changed(this.#position);
    this.#position = snapshot.position;
    if (rows.length > 0) this.#scoring.fill(rows, this.raw);
  }
}
function nonzero(codes: Uint16Array, rows: Rows): number {
  let count = 0;
  for (let i = 0; i < rows.length; i++) if (codes[rows[i]!] !== 0) count++;
  return count;
}

/** What the plugins have said. */
export class Columns {
  readonly #verdicts: Recent<Verdicts>;
  readonly #scores: Recent<Scores>;
  readonly #standings: Recent<Standing>;
  readonly #snapshot: Snapshot;
  /** Columns that are written anew for each pod. */
  readonly #scratch = new Map<string, Int32Array>();
  readonly #codes = new Map<Plugin, Uint16Array>();

  constructor(snapshot: Snapshot, most: number) {
    this.#snapshot = snapshot;
    this.#verdicts = new Recent(most);
    this.#scores = new Recent(most);
    this.#standings = new Recent(most);
  }
  /** A plugin's verdicts on this pod, good until it is asked about the next; undefined: the pod asks nothing of it. */
  verdicts(plugin: Plugin, pod: PodInfo): Verdicts | undefined {
    const filter = plugin.filter?.(pod, this.#snapshot);
    if (!filter) return undefined;
    if (filter.key === undefined) return this.#fresh(plugin, filter);
    const verdicts = this.#keptVerdicts(plugin, filter);
    verdicts.update(this.#snapshot);
    return verdicts;
  }
  /** A plugin's raw scores for this pod of a node by itself. */
  scores(plugin: Plugin, scoring: KeptScoring): Int32Array {
    const scores = this.#keptScores(plugin, scoring);
    scores.update(this.#snapshot);
    return scores.raw;
  }
  /** How the nodes stand for this pod by all that is kept, and what the others refuse, if they refuse any node. */
  standing(plugins: readonly Plugin[], pod: PodInfo): { readonly standing: Standing; readonly fresh: readonly Verdicts[] } {
    const snapshot = this.#snapshot;
    const fresh: Verdicts[] = [];
    const filters: [Plugin, Filter][] = [];
    const scorings: [Plugin, KeptScoring][] = [];
    let key = "";
    for (const plugin of plugins) {
      const filter = plugin.filter?.(pod, snapshot);
      if (filter?.key !== undefined) {
        filters.push([plugin, filter]);
        key += `${plugin.name} ${filter.key};`;
      } else if (filter) {
        const verdicts = this.#fresh(plugin, filter);
        if (verdicts.refused > 0) fresh.push(verdicts);
      }
      const scoring = plugin.score?.(pod, snapshot);
      if (!scoring) continue;
      scorings.push([plugin, scoring]);
      key += `by ${plugin.name} ${scoring.key};`;
    }
    const standing = this.#standings.get(key, () => {
      // it must hear of each row that a wide one asks anew, so it has that one to itself
      const verdicts = filters.map(([plugin, filter]) =>
        filter.look ? new Verdicts(filter, new Uint16Array(snapshot.capacity)) : this.#keptVerdicts(plugin, filter),
      );
      const scores = scorings.map(([plugin, scoring]) => {
        const { weight = 1 } = plugin;
        return { scores: this.#keptScores(plugin, scoring), weight, scaled: scoring.scaled };
      });
      return new Standing(verdicts, scores, snapshot.capacity);
    });
    standing.update(snapshot);
    return { standing, fresh };
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
    for (const kept of [this.#verdicts, this.#scores, this.#standings, this.#scratch, this.#codes]) kept.clear();
  }

  #fresh(plugin: Plugin, filter: Filter): Verdicts {
    const codes = this.#codes.get(plugin) ?? new Uint16Array(this.#snapshot.capacity);
    this.#codes.set(plugin, codes);
    const verdicts = new Verdicts(filter, codes);
    verdicts.fill(this.#snapshot);
    return verdicts;
  }
  #keptVerdicts(plugin: Plugin, filter: Filter): Verdicts {
    return this.#verdicts.get(`${plugin.name} ${filter.key}`, () => new Verdicts(filter, new Uint16Array(this.#snapshot.capacity)));
  }
  #keptScores(plugin: Plugin, scoring: KeptScoring): Scores {
    return this.#scores.get(`${plugin.name} ${scoring.key}`, () => new Scores(scoring, this.#snapshot.capacity));
  }
}
