// A long time under load: what grows, what gets lost, what stutters. `ARCANE_SOAK_SECONDS` says how long.

import type { CDPSession } from "@playwright/test";

import { Dashboard } from "../../support/dashboard.ts";
import { counts } from "../counts.ts";
import { figure, megabytes } from "../figures.ts";
import { load, publish } from "../load.ts";
import { probeMemory, probeSmoothness, type Smoothness } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const SECONDS = Number(process.env.ARCANE_SOAK_SECONDS ?? 60);
/** Everything that is bounded is full by then. */
const WARM_UP_SECONDS = 10;

/** What JavaScript still holds after everything else was let go of. */
async function heap(devtools: CDPSession): Promise<number> {
  await devtools.send("HeapProfiler.collectGarbage");
  const { metrics } = await devtools.send("Performance.getMetrics");
  return metrics.find(({ name }) => name === "JSHeapUsedSize")!.value;
}

export const soak: Measurement = {
  name: "soak",
  seconds: SECONDS + WARM_UP_SECONDS + 15,
  goals: [
    { what: `${SECONDS} s at 1,000 events/s: growth of the heap`, must: "—", aims: "—" },
    { what: "… growth of the memory of WebAssembly", must: "—", aims: "—" },
    { what: "… counts afterwards", must: "exact", aims: "exact" },
    { what: "… frames over 100 ms", must: "0", aims: "0" },
  ],
  async measure({ page, server }) {
    await Promise.all([probeMemory(page), probeSmoothness(page)]);
    await new Dashboard(page).open(server.url);
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable");
    const wasm = () => page.evaluate(() => (window as any).__memory?.buffer.byteLength ?? NaN);
    const next = worker();

    await publish(server.url, summons());
    await load(server.url, 1_000, WARM_UP_SECONDS, next);
    const before = { heap: await heap(devtools), wasm: await wasm() };
    await page.evaluate(() => (window as any).__smoothness.reset());
    const reached = await load(server.url, 1_000, SECONDS, next);
    // Collecting garbage is not the page's doing: how smooth it was is read before.
    const smoothness: Smoothness = await page.evaluate(() => ({ ...(window as any).__smoothness, reset: undefined }));
    const exact = await counts(page, server, reached.last);
    const after = { heap: await heap(devtools), wasm: await wasm() };

    const growth = (kind: "heap" | "wasm") =>
      `${megabytes(after[kind] - before[kind])} (from ${megabytes(before[kind])})`;
    const { frames, gaps_over_100, long_frames, longest_ms, observed } = smoothness;
    const long = observed ? `${long_frames.length} long animation frames, ` : "";
    return [
      { measured: `${growth("heap")}, at ${figure(reached.rate)} events/s` },
      { measured: Number.isNaN(after.wasm) ? "not measured: its memory was not found" : growth("wasm") },
      exact,
      { measured: `${long}${gaps_over_100} gaps in ${frames} frames, the longest ${figure(longest_ms)} ms` },
    ];
  },
};
