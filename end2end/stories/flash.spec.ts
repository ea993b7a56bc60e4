import { setTimeout as pause } from "node:timers/promises";

import type { Page } from "@playwright/test";

import { changesPerSecond, COLUMNS, flashingArea, mean, redArea, ROWS, samplesOf, watchStage } from "../support/flashes.ts";
import type { Sample } from "../support/flashes.ts";
import type { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

const test = base.extend<{ page: Page }>({
  page: async ({ page }, use) => {
    await watchStage(page);
    await use(page);
  },
});

const [SECONDS, BATCHES, BATCH] = [10, 20, 10];

/** So many failures a second, evenly, whatever each answer takes. */
async function fails(server: ArcaneServer, daemons: string[]): Promise<number> {
  const begun = performance.now();
  const answers: Promise<{ status: number }>[] = [];
  for (let n = 0; n < SECONDS * BATCHES; n++) {
    const failure = (_: unknown, at: number) => ({
      spell_name: "invoke",
      daemon_name: daemons[at % daemons.length],
      success: false,
      // However slow this machine is, it is in time: what is late would not even wish to invert.
      metadata: { task: "break", execution_time: 0.1, sync: { deadline_ms: 2_000 } },
    });
    answers.push(server.publish(Array.from({ length: BATCH }, failure)));
    // Nothing is waited for here: this is the pace.
    await pause(Math.max(0, begun + (n + 1) * (1000 / BATCHES) - performance.now()));
  }
  expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([201]));
  return SECONDS * BATCHES * BATCH;
}

/** At most one pair of opposing changes a second, and never on a quarter of the stage; no red that comes and goes. */
function neverFlashes(samples: Sample[]): void {
  expect(changesPerSecond(samples)).toBeLessThanOrEqual(2);
  expect(flashingArea(samples)).toBeLessThan(0.25);
  expect(redArea(samples)).toBeLessThanOrEqual(0.25);
}

const areApart = (times: number[]) =>
  times.slice(1).forEach((at, n) => expect(at - times[n]).toBeGreaterThanOrEqual(1000));

const begins = (page: Page) => page.evaluate(() => void ((window as any).sampling = true));

test("two hundred failures a second for ten seconds never flash", async ({ dashboard, server, page }) => {
  test.setTimeout(60_000);
  const daemons = ["claude", "gemini", "codex-cli", "reviewer"];
  for (const daemon of daemons) await server.publish({ spell_name: "summon", daemon_name: daemon });
  await dashboard.hasCircles(...daemons);
  await begins(page);
  const sent = await fails(server, daemons);
  await expect.poll(async () => (await dashboard.stage()).storm).toBe(sent);
  await expect(page.getByTestId("storm")).toContainText(`${sent} in this storm`);

  const samples = await samplesOf(page);
  expect(samples.length).toBeGreaterThan(40);
  neverFlashes(samples);
  const { inversion_times_ms } = await dashboard.stage();
  expect(inversion_times_ms.length).toBeGreaterThan(0);
  areApart(inversion_times_ms);
});

test("a failure every second inverts and does not flash", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await begins(page);
  for (let n = 1; n <= 4; n++) {
    const { inversion_times_ms } = await dashboard.stage();
    const last = inversion_times_ms.at(-1) ?? 0;
    await page.waitForFunction((last) => performance.now() - last > 1_050, last);
    await server.fail("claude");
    await expect.poll(async () => (await dashboard.stage()).inversions_total).toBe(n);
  }
  const samples = await samplesOf(page);
  // The inversions are there, and below what counts as a change.
  const means = samples.map(mean);
  expect(Math.max(...means) - Math.min(...means)).toBeGreaterThan(0.03);
  neverFlashes(samples);
  areApart((await dashboard.stage()).inversion_times_ms);
});

base("the measure finds flashes where there are some", () => {
  const frames = (light: (at: number, cell: number) => number, red = 0): Sample[] =>
    Array.from({ length: 100 }, (_, n) => ({
      at: n * 50,
      light: Array.from({ length: COLUMNS * ROWS }, (_, cell) => light(n * 50, cell)),
      red: Array.from({ length: COLUMNS * ROWS }, () => (n % 10 < 5 ? red : 0)),
    }));
  const blinks = (at: number) => (at % 500 < 250 ? 0.01 : 0.2);
  expect(changesPerSecond(frames(blinks))).toBe(4);
  expect(flashingArea(frames(blinks))).toBe(1);
  expect(flashingArea(frames((at, cell) => (cell < 57.6 ? blinks(at) : 0)))).toBeCloseTo(0.1, 2);
  expect(redArea(frames(() => 0, 0.9))).toBe(1);
  // Slowly is not flashing, nor is little, nor what is bright all the time.
  expect(changesPerSecond(frames((at) => at / 10_000))).toBeLessThanOrEqual(1);
  expect(changesPerSecond(frames((at) => (at % 500 < 250 ? 0.01 : 0.1)))).toBe(0);
  expect(changesPerSecond(frames((at) => (at % 500 < 250 ? 0.85 : 1)))).toBe(0);
  expect(redArea(frames(() => 0, 0.7))).toBe(0);
});
