// The stage with 4, 12, 60 and 200 agents, for the documentation: beside the drawings that it was made from.

import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { type Act, crowd, four, recording, twelve } from "../support/cast.ts";
import { test } from "../support/test.ts";

const folder = process.env.ARCANE_PICTURES ?? fileURLToPath(new URL("../../docs/pictures", import.meta.url));

async function show(page: Page, url: string, acts: Act[]): Promise<void> {
  await page.goto(url);
  await page.waitForFunction(() => (window as any).__arcane?.tick);
  await page.evaluate((text) => (window as any).__arcane.open(text), recording(acts));
  // To its end, and until everything has come to rest.
  for (const ms of [1_000, 2_000]) await page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);
  await page.getByTestId("scrubber").press("End");
  for (const ms of [1_000, 5_000, 1_000]) await page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
}

for (const renderer of ["webgl2", "2d"]) {
  for (const [name, acts] of [["4", four], ["12", twelve], ["60", crowd(60)], ["200", crowd(200)]] as [string, Act[]][]) {
    test(`${name} agents with ${renderer}`, async ({ page, server }) => {
      await page.setViewportSize({ width: 1600, height: 960 });
      const how = renderer === "2d" ? "&renderer=2d" : "";
      await show(page, `${server.url}/?clock=manual&seed=7${how}`, acts);
      await page.screenshot({ path: `${folder}/stage-${name}-${renderer}.png` });
    });
  }
}
