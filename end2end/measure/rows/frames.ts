// What a frame costs the page: its own time, and its calls into JavaScript for WebGL.

import { Dashboard } from "../../support/dashboard.ts";
import { figure, ms, percentile } from "../figures.ts";
import { load, publish } from "../load.ts";
import { type Frame, probeFrames } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const SECONDS = 20;
const SKIPPED_SECONDS = 5;

export const frames: Measurement = {
  name: "frames",
  seconds: 30,
  goals: [
    { what: "CPU of a frame that paints, at 1,000 events/s", must: "≤ 4 ms", aims: "≤ 1.5 ms" },
    { what: "calls into JavaScript of such a frame (WebGL)", must: "≤ 20", aims: "≤ 12" },
  ],
  async measure({ page, server }) {
    await probeFrames(page);
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons());
    const begun = await page.evaluate(() => performance.now());
    await load(server.url, 1_000, SECONDS, worker());
    const all: Frame[] = await page.evaluate(() => (window as any).__frames);
    const painted = all.filter(({ at }) => at >= begun + 1_000 * SKIPPED_SECONDS);
    if (painted.length === 0) throw new Error("no frame was drawn by WebGL");
    const [work, calls] = [painted.map((frame) => frame.work_ms), painted.map((frame) => frame.calls)];
    const rate = figure(painted.length / (SECONDS - SKIPPED_SECONDS));
    return [
      { measured: `median ${ms(percentile(work, 0.5))}, p99 ${ms(percentile(work, 0.99))} (${painted.length} frames, ${rate} a second)` },
      { measured: `median ${percentile(calls, 0.5)}, p99 ${percentile(calls, 0.99)}` },
    ];
  },
};
