/** A port as whoever uses it finds it when each of its calls waits first, and what it throws is told. Files that it opens are so as well. */
export function slowed<T extends object>(
  port: T,
  wait: () => Promise<void> | undefined,
  failed: (error: unknown) => void = () => undefined,
): T {
  return new Proxy(port, {
    get(target, name) {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      if (name === "readNow") return value.bind(target);
      return async (...args: unknown[]) => {
        await wait();
        try {
          const made = (await value.apply(target, args)) as unknown;
          return name === "open" ? slowed(made as object, wait, failed) : made;
        } catch (error) {
          failed(error);
          throw error;
        }
      };
    },
  });
}
