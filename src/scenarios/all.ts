/** The list of all scenarios: adding one is its file and a line here. */
import { binPacking } from "#scenarios/binpacking.ts";
import { callers } from "#scenarios/callers.ts";
import { containerHealing } from "#scenarios/containerhealing.ts";
import { deadHour } from "#scenarios/deadhour.ts";
import { everyWrite } from "#scenarios/everywrite.ts";
import { failingDisk } from "#scenarios/failingdisk.ts";
import { life } from "#scenarios/life.ts";
import { namespaceDeletion } from "#scenarios/namespacedeletion.ts";
import { nodeHealing } from "#scenarios/nodehealing.ts";
import { podHealing } from "#scenarios/podhealing.ts";
import { rollback } from "#scenarios/rollback.ts";
import { rollingUpdate } from "#scenarios/rollingupdate.ts";
import { scaling } from "#scenarios/scaling.ts";
import type { Scenario } from "#scenarios/scenario.ts";
import { severalPlanes } from "#scenarios/severalplanes.ts";
import { shortNodes } from "#scenarios/shortnodes.ts";

export const scenarios: readonly Scenario[] = [
  life,
  containerHealing,
  podHealing,
  nodeHealing,
  rollingUpdate,
  rollback,
  scaling,
  deadHour,
  severalPlanes,
  binPacking,
  namespaceDeletion,
  everyWrite,
  failingDisk,
  shortNodes,
  callers,
];
