/** How many of `items`, which stand in ascending order of their numbers, have one no greater than `most`: the place of the first above it. */
export function countUpTo<T>(items: readonly T[], most: number, numberOf: (item: T) => number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (numberOf(items[middle]!) <= most) low = middle + 1;
    else high = middle;
  }
  return low;
}
