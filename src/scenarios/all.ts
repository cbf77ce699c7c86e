/** The list of all scenarios: adding one is its file and a line here. */
import { life } from "#scenarios/life.ts";
import { podHealing } from "#scenarios/podhealing.ts";
import { rollingUpdate } from "#scenarios/rollingupdate.ts";
import type { Scenario } from "#scenarios/scenario.ts";

export const scenarios: readonly Scenario[] = [life, podHealing, rollingUpdate];
