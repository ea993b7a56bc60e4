// Many agents at work: from the bus to the eye, what is missed, and whether every count is right.

import { Dashboard } from "../../support/dashboard.ts";
import { figure, ms, percent, percentile } from "../figures.ts";
import { load, publish } from "../load.ts";
import { probeSeen, type Sample } from "../probes.ts";
import type { Bench, Found, Measurement } from "../row.ts";
import { crowds, workers } from "../work.ts";

const SECONDS = 20;
const SKIPPED_SECONDS = 5;

/** So many agents, at so many events a second. */
export function crowd(agents: number, rate: number): Measurement {
  const load_ = `${agents} agents at ${figure(rate)} events/s, ${SECONDS} s`;
  return {
    name: `crowd-${agents}`,
    seconds: SECONDS + 12,
    goals: [
      { what: `emit → paint with ${load_}`, must: "≤ 150 ms", aims: "≤ 60 ms" },
      { what: `deadlines missed with ${load_}`, must: "≤ 1 %", aims: "≤ 0.1 %" },
    ],
    measure: (bench) => measured(bench, agents, rate),
  };
}

async function measured({ page, server }: Bench, agents: number, rate: number): Promise<Found[]> {
  await probeSeen(page);
  const dashboard = new Dashboard(page);
  await dashboard.open(server.url);
  await publish(server.url, crowds(agents));
  const begun = await page.evaluate(() => performance.now());
  const reached = await load(server.url, rate, SECONDS, workers(agents));
  await page.waitForFunction((last) => JSON.parse((window as any).__arcane.state()).last_seq >= last, reached.last);
  // The page reports once a second.
  await page.waitForTimeout(1_500);
  const { events_total, missing, duplicates } = await dashboard.stage();
  const all: Sample[] = await page.evaluate(() => (window as any).__seen);
  const samples = all.filter(({ at }) => at >= begun + 1_000 * SKIPPED_SECONDS);
  if (samples.length === 0) throw new Error("the page reported nothing");
  const late = samples.map(({ late_ms }) => late_ms);
  const missed = samples.filter(({ missed }) => missed).length;
  const told = reached.events + agents;
  const exact = events_total === told && missing === 0 && duplicates === 0;
  return [
    {
      measured: `p50 ${ms(percentile(late, 0.5))}, p99 ${ms(percentile(late, 0.99))} (${samples.length} samples; ${figure(reached.rate)} events/s)`,
      wrong: exact ? undefined : `the page counts ${events_total} of ${told} events, ${missing} missing, ${duplicates} twice`,
    },
    { measured: `${percent(missed / samples.length)} (${missed} of ${samples.length} samples)` },
  ];
}
