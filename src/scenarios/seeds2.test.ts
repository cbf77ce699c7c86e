import { test } from "node:test";
import { scenarios } from "#scenarios/all.ts";
import { endsWell } from "#scenarios/seeds.ts";

for (const scenario of scenarios) test(`${scenario.name}: ${scenario.says} (2 of 4)`, () => endsWell(scenario, 2));
