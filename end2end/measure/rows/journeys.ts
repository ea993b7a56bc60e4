// The same of every event, and where the time goes: on the way to the page, or waiting for a frame.

import { Dashboard } from "../../support/dashboard.ts";
import { ms, percentile } from "../figures.ts";
import { load, publish } from "../load.ts";
import { type Journey, probeJourneys } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const SECONDS = 15;
const SKIPPED_SECONDS = 5;

export const journeys: Measurement = {
  name: "journeys",
  seconds: 25,
  goals: [
    { what: "emit → paint, every event, on the machine's clock", must: "≤ 150 ms", aims: "≤ 60 ms" },
    { what: "… of which emit → page", must: "—", aims: "—" },
    { what: "… of which page → paint", must: "—", aims: "—" },
  ],
  async measure({ page, server }) {
    await probeJourneys(page);
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons());
    const begun = await page.evaluate(() => performance.now());
    await load(server.url, 1_000, SECONDS, worker());
    await page.waitForTimeout(500);
    const all: Journey[] = await page.evaluate(() => (window as any).__journeys);
    const some = all.filter(({ at }) => at >= begun + 1_000 * SKIPPED_SECONDS);
    if (some.length === 0) throw new Error("no event was followed to a frame");
    const both = (values: number[]) => `p50 ${ms(percentile(values, 0.5))}, p99 ${ms(percentile(values, 0.99))}`;
    return [
      { measured: `${both(some.map((one) => one.painted_ms))} (${some.length} events)` },
      { measured: both(some.map((one) => one.heard_ms)) },
      { measured: both(some.map((one) => one.painted_ms - one.heard_ms)) },
    ];
  },
};
