/**
 * How the nodes stand for all pods that ask alike: of the columns that are kept for them, which nodes pass and what each gets in all. It
 * follows the columns row by row, so that after a pod has come to a node only that node's figure is worked out anew.
 */
import type { Scores, Verdicts } from "#scheduler/kept.ts";
import { type Rows, type Scaled, scaled } from "#scheduler/plugin.ts";
import type { Snapshot } from "#scheduler/snapshot.ts";
import { Tournament } from "#scheduler/tournament.ts";

/** The total of a node that a filter refuses. */
const REFUSED = -1;

interface Weighed {
  readonly scores: Scores;
  readonly weight: number;
  /** Absent: the raw scores are 0…100 already. */
  readonly scaled: Scaled | undefined;
}

/** Raw scores that are brought to 0…100 by the greatest among the nodes that pass. */
class Scaling {
  /** By row; 0 where the node does not pass. */
  readonly raw: Int32Array;
  readonly #source: Scores;
  readonly #weight: number;
  readonly #way: Scaled;
  /** How many rows have each raw score but 0. */
  readonly #held = new Map<number, number>();
  #greatest = 0;

  constructor(source: Scores, weight: number, way: Scaled, capacity: number) {
    this.#source = source;
    this.#weight = weight;
    this.#way = way;
    this.raw = new Int32Array(capacity);
  }
  clear(): void {
    this.raw.fill(0);
    this.#held.clear();
  }
  take(row: number, passes: boolean): void {
    const [is, was] = [passes ? this.#source.raw[row]! : 0, this.raw[row]!];
    if (is === was) return;
    this.raw[row] = is;
    if (was !== 0) this.#count(was, -1);
    if (is !== 0) this.#count(is, 1);
  }
  #count(raw: number, sign: 1 | -1): void {
    const held = (this.#held.get(raw) ?? 0) + sign;
    if (held === 0) this.#held.delete(raw);
    else this.#held.set(raw, held);
  }
  /** Whether the greatest is another than before. */
  turned(): boolean {
    const was = this.#greatest;
    this.#greatest = Math.max(0, ...this.#held.keys());
    return this.#greatest !== was;
  }
  share(row: number): number {
    return this.#weight * scaled(this.raw[row]!, this.#greatest, this.#way);
  }
  /** How much more these rows get where only they pass: adds it to `totals`. */
  among(rows: Rows, totals: Int32Array): void {
    // all are alike, then as now
    if (this.#greatest === 0) return;
    let greatest = 0;
    for (let i = 0; i < rows.length; i++) if (this.raw[rows[i]!]! > greatest) greatest = this.raw[rows[i]!]!;
    if (greatest === this.#greatest) return;
    for (const row of rows) totals[row]! += this.#weight * scaled(this.raw[row]!, greatest, this.#way) - this.share(row);
  }
}

/** The greatest total, and the rows that have it, in the nodes' order. */
export interface Best {
  readonly total: number;
  readonly ties: number;
  nth(skip: number): number;
}
export class Standing {
  /** By row: what the node gets of all that is kept; below 0 where it does not pass. */
  readonly totals: Int32Array;
  /** How many nodes pass. */
  passing = 0;
  readonly #verdicts: readonly Verdicts[];
  readonly #scores: readonly Weighed[];
  readonly #plain: readonly Weighed[];
  readonly #scalings: readonly Scaling[];
  #position = -1;
  /** The nodes' order that the tournament is played in. */
  #rows: Rows | undefined;
  #tournament: Tournament | undefined;

  constructor(verdicts: readonly Verdicts[], scores: readonly Weighed[], capacity: number) {
    this.#verdicts = verdicts;
    this.#scores = scores;
    this.#plain = scores.filter(s => !s.scaled);
    this.#scalings = scores.flatMap(s => (s.scaled ? [new Scaling(s.scores, s.weight, s.scaled, capacity)] : []));
    this.totals = new Int32Array(capacity).fill(REFUSED);
  }
  update(snapshot: Snapshot): void {
    if (this.#position === snapshot.position) return;
    const { rows } = snapshot.changed(this.#position);
    this.#position = snapshot.position;
    let anew = rows === snapshot.rows || this.#rows !== snapshot.rows;
    const due: Rows[] = [rows];
    for (const verdicts of this.#verdicts) {
      const more = verdicts.update(snapshot);
      // a narrow one may have been asked by others before, and says nothing of rows that have not changed
      if (!verdicts.wide) continue;
      if (!more) anew = true;
      else if (more.length > 0) due.push(more);
    }
    for (const { scores } of this.#scores) scores.update(snapshot);
    if (anew) {
      this.totals.fill(REFUSED);
      this.passing = 0;
      for (const scaling of this.#scalings) scaling.clear();
      due.splice(0, due.length, snapshot.rows);
    }
    for (const list of due) for (let i = 0; i < list.length; i++) this.#take(list[i]!);
    let turned = false;
    for (const scaling of this.#scalings) turned = scaling.turned() || turned;
    if (turned) due.splice(0, due.length, snapshot.rows);
    for (const list of due) for (let i = 0; i < list.length; i++) this.#weigh(list[i]!);
    this.#rows = snapshot.rows;
    if (anew || turned) this.#tournament = undefined;
    else if (this.#tournament)
      for (const list of due)
        for (let i = 0; i < list.length; i++) this.#tournament.set(snapshot.placeOf(list[i]!), this.totals[list[i]!]!);
  }
  best(): Best {
    const rows = this.#rows!;
    this.#tournament ??= new Tournament(rows.length, place => this.totals[rows[place]!]!);
    const played = this.#tournament;
    return { total: played.best, ties: played.ties, nth: skip => rows[played.nth(skip)]! };
  }
  /** What these rows, of those that pass, get where the others do not count: written to `totals`. */
  among(rows: Rows, totals: Int32Array): void {
    for (let i = 0; i < rows.length; i++) totals[rows[i]!] = this.totals[rows[i]!]!;
    for (const scaling of this.#scalings) scaling.among(rows, totals);
  }

  /** Whether the row passes; what it gets is worked out when all rows have been taken. */
  #take(row: number): void {
    const verdicts = this.#verdicts;
    let passes = true;
    for (let i = 0; passes && i < verdicts.length; i++) passes = verdicts[i]!.codes[row] === 0;
    if (this.totals[row]! >= 0) this.passing--;
    if (passes) this.passing++;
    this.totals[row] = passes ? 0 : REFUSED;
    for (let i = 0; i < this.#scalings.length; i++) this.#scalings[i]!.take(row, passes);
  }
  #weigh(row: number): void {
    if (this.totals[row]! < 0) return;
    let total = 0;
    for (let i = 0; i < this.#plain.length; i++) total += this.#plain[i]!.weight * this.#plain[i]!.scores.raw[row]!;
    for (let i = 0; i < this.#scalings.length; i++) total += this.#scalings[i]!.share(row);
    this.totals[row] = total;
  }
}
