/** The list of all faults: adding one is its file and two lines here. */
import { type Answer, answer } from "./answer.ts";
import { type ClockSkew, clockSkew } from "./clockskew.ts";
import { type ContainerCrash, containerCrash } from "./containercrash.ts";
import { type ControlPlaneDeath, controlPlaneDeath } from "./controlplanedeath.ts";
import { type Crash, crash } from "./crash.ts";
import { type DiskFault, disk } from "./disk.ts";
import type { FaultKind, Span } from "./fault.ts";
import { type KubeletDeath, kubeletDeath } from "./kubeletdeath.ts";
import { type MessageFault, message } from "./message.ts";
import { type NodeDeath, nodeDeath } from "./nodedeath.ts";
import { type NodePartition, nodePartition } from "./nodepartition.ts";
import { type Partition, partition } from "./partition.ts";
import { type Pressure, pressure } from "./pressure.ts";
import { type FailingProbes, probes } from "./probes.ts";
import { type Pulls, pulls } from "./pulls.ts";
import { type RuntimeDeath, runtimeDeath } from "./runtimedeath.ts";
import { type TrafficFault, traffic } from "./traffic.ts";
import { type WatchCut, watchCut } from "./watchcut.ts";

/** What goes wrong, as plain data: `{ at: "5m", fault: "nodeDeath", node: "node-2", for: "10m" }`. */
export type Fault = Span &
  (
    | Answer
    | ClockSkew
    | ContainerCrash
    | ControlPlaneDeath
    | Crash
    | DiskFault
    | KubeletDeath
    | MessageFault
    | NodeDeath
    | NodePartition
    | Partition
    | Pressure
    | FailingProbes
    | Pulls
    | RuntimeDeath
    | TrafficFault
    | WatchCut
  );
export type FaultName = Fault["fault"];

export const faultKinds = [
  answer,
  clockSkew,
  containerCrash,
  controlPlaneDeath,
  crash,
  disk,
  kubeletDeath,
  message,
  nodeDeath,
  nodePartition,
  partition,
  pressure,
  probes,
  pulls,
  runtimeDeath,
  traffic,
  watchCut,
] as unknown as readonly FaultKind<Fault>[];
