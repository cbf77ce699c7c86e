import { localStoreCases } from "./case.ts";
import { memoryStore, restoreMemory } from "./memory.ts";

localStoreCases("memory", {
  open: async options => {
    const store = memoryStore(options);
    return { store, dispose: () => store.close() };
  },
  restore: async (options, stream) => {
    const store = await restoreMemory(options, stream);
    return { store, dispose: () => store.close() };
  },
});
