import { replicaSetController } from "./replicaset.ts";
export const controllers = [replicaSetController];
