/**
 * The key that has been in a map longest, for maps that forget. The caller takes that key out of the map (or moves it to its end) before it
 * asks again. A map remembers the places of what left it, and a walk that begins anew passes all of them; this one goes on where it was.
 */
export function oldestOf<K>(map: ReadonlyMap<K, unknown>): () => K | undefined {
  let walk = map.keys();
  return () => {
    const { value, done } = walk.next();
    if (!done) return value;
    walk = map.keys();
    return walk.next().value;
  };
}
