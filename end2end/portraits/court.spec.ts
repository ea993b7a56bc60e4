// The stage with 12, 60 and 200 agents, for docs/stage.md.

import { fileURLToPath } from "node:url";

import { type Act, crowd, recording, twelve } from "../support/cast.ts";
import { test } from "../support/test.ts";

const folder = process.env.ARCANE_PICTURES ?? fileURLToPath(new URL("../../docs", import.meta.url));

for (const [count, acts] of [["12", twelve], ["60", crowd(60)], ["200", crowd(200)]] as [string, Act[]][]) {
  test(`${count} agents`, async ({ page, server }) => {
    const tick = (ms: number) => page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);
    await page.setViewportSize({ width: 1600, height: 960 });
    await page.goto(`${server.url}/?clock=manual&seed=7`);
    await page.waitForFunction(() => (window as any).__arcane?.tick);
    await page.evaluate((text) => (window as any).__arcane.open(text), recording(acts));
    await tick(1_000);
    // To its end, and until everything has come to rest.
    await page.getByTestId("scrubber").press("End");
    for (const ms of [1_000, 5_000, 1_000]) await tick(ms);
    await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
    await page.screenshot({ path: `${folder}/stage-${count}.jpg`, quality: 86 });
  });
}
