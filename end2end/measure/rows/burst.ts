// Five thousand events within a second: does anybody have to wait, and does anything get lost?

import { Dashboard } from "../../support/dashboard.ts";
import { counts } from "../counts.ts";
import { figure, ms } from "../figures.ts";
import { load, publish } from "../load.ts";
import { probeSmoothness, type Smoothness } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

export const burst: Measurement = {
  name: "burst",
  seconds: 15,
  goals: [
    { what: "burst of 5,000 events within a second: longest frame", must: "—", aims: "—" },
    { what: "… long animation frames over 100 ms", must: "0", aims: "0" },
    { what: "… counts afterwards", must: "exact", aims: "exact" },
  ],
  async measure({ page, server }) {
    await probeSmoothness(page);
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons());
    await page.waitForTimeout(3_000);
    await page.evaluate(() => (window as any).__smoothness.reset());
    const reached = await load(server.url, 5_000, 1, worker());
    await page.waitForTimeout(2_000);
    const smoothness: Smoothness = await page.evaluate(() => ({ ...(window as any).__smoothness, reset: undefined }));
    const { longest_ms, frames, gaps_over_100, long_frames, observed } = smoothness;
    const long = long_frames.length > 0 ? `${long_frames.length} (${long_frames.map(Math.round).join(", ")} ms)` : "0";
    return [
      { measured: `${ms(longest_ms)} (${frames} frames, ${gaps_over_100} over 100 ms; ${figure(reached.rate)} events/s)` },
      { measured: observed ? long : "not measured: this browser does not observe them" },
      await counts(page, server, reached.last),
    ];
  },
};
