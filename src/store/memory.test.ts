import { storeCases } from "./case.ts";
import { memoryStore } from "./memory.ts";

storeCases("memory", async options => {
  const store = memoryStore(options);
  return { store, dispose: () => store.close() };
});
