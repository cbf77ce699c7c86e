/** Columns, printed as kubectl prints them: three spaces between, headers in capitals. */

export interface Table {
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object?: { readonly metadata?: TableMetadata } }[];
}
interface TableMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}
export interface TableStyle {
  readonly wide?: boolean;
  /** A column of namespaces comes first. */
  readonly namespaces?: boolean;
  /** Stands before each name, e.g. pod/. */
  readonly prefix?: string;
  readonly labels?: boolean;
  readonly noHeaders?: boolean;
}
const cell = (value: unknown) => (value === null || value === undefined ? "<none>" : String(value));

export function tableLines(
  { columnDefinitions, rows }: Table,
  { wide, namespaces, prefix = "", labels, noHeaders }: TableStyle = {},
): string[] {
  const shown = columnDefinitions.map((c, at) => ({ name: c.name, priority: c.priority, at })).filter(c => wide || c.priority === 0);
  const lines = rows.map(row => {
    const meta = row.object?.metadata;
    const cells = shown.map(c => (c.name === "Name" ? `${prefix}${cell(row.cells[c.at])}` : cell(row.cells[c.at])));
    const pairs = Object.entries(meta?.labels ?? {}).map(([key, value]) => `${key}=${value}`);
    return [...(namespaces ? [meta?.namespace ?? ""] : []), ...cells, ...(labels ? [pairs.join(",") || "<none>"] : [])];
  });
  const headers = [...(namespaces ? ["NAMESPACE"] : []), ...shown.map(c => c.name.toUpperCase()), ...(labels ? ["LABELS"] : [])];
  return aligned(noHeaders ? lines : [headers, ...lines]);
}

/** Pads all cells but a row's last to their column's width. */
export function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, c] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, c.length);
  return rows.map(row => row.map((c, i) => (i === row.length - 1 ? c : c.padEnd(widths[i]! + 3))).join(""));
}
