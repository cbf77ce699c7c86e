/**
 * Modules that few need are read when they are wanted: what everybody would have to wait for is less then. How long the reading takes is
 * left to the machine, so virtual time stands still meanwhile, as it does for every promise that has something to do.
 */
const reading = new Set<Promise<unknown>>();

/** To be called with an `import()`; resolves with what it does. */
export function wanted<T>(module: Promise<T>): Promise<T> {
  reading.add(module);
  const over = () => {
    reading.delete(module);
  };
  module.then(over, over);
  return module;
}

/** Resolves as `rest` does, once nothing is being read either. */
export async function restRead(rest: () => Promise<void>): Promise<void> {
  await rest();
  while (reading.size > 0) {
    await Promise.allSettled(reading);
    await rest();
  }
}
