// From the bus to the eye, as the page itself reports it to the server.

import { Dashboard } from "../../support/dashboard.ts";
import { figure, ms, percent, percentile } from "../figures.ts";
import { load, publish } from "../load.ts";
import { probeSeen, type Sample } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const RATE = 1_000;
const SECONDS = 30;
const SKIPPED_SECONDS = 5;

export const latency: Measurement = {
  name: "latency",
  seconds: 40,
  goals: [
    { what: "emit → paint at 1,000 events/s, 30 s", must: "≤ 150 ms", aims: "≤ 60 ms" },
    { what: "deadlines missed, visible tab, at 1,000 events/s", must: "≤ 1 %", aims: "≤ 0.1 %" },
  ],
  async measure({ page, server }) {
    await probeSeen(page);
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons());
    const begun = await page.evaluate(() => performance.now());
    const reached = await load(server.url, RATE, SECONDS, worker());
    // The page reports once a second.
    await page.waitForTimeout(1_500);
    const all: Sample[] = await page.evaluate(() => (window as any).__seen);
    const samples = all.filter(({ at }) => at >= begun + 1_000 * SKIPPED_SECONDS);
    if (samples.length === 0) throw new Error("the page reported nothing");
    const late = samples.map(({ late_ms }) => late_ms);
    const missed = samples.filter(({ missed }) => missed).length;
    const share = samples.length / (RATE * (SECONDS - SKIPPED_SECONDS));
    const of = `${samples.length} samples, ${percent(share)} of the events`;
    return [
      { measured: `p50 ${ms(percentile(late, 0.5))}, p99 ${ms(percentile(late, 0.99))} (${of}; ${figure(reached.rate)} events/s)` },
      { measured: `${percent(missed / samples.length)} (${missed} of ${samples.length} samples)` },
    ];
  },
};
