// Sheets of frames, to judge motion by: each spell, and the beginning and the end of each state, at fixed moments of the page's own clock.
// They are in test-results/motion, and in no commit: npm run motion

import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { eventAt, MOMENTS, recordingOf, scenes } from "../support/scenes.ts";
import { sheet, type Shot } from "../support/sheet.ts";
import { test } from "../support/test.ts";

const folder = process.env.ARCANE_SHEETS ?? fileURLToPath(new URL("../test-results/motion", import.meta.url));
const painter = process.env.ARCANE_PAINTER ?? "webgl2";
/** Width of a picture on its sheet, pixels. */
const WIDE = 640;
const less = process.env.ARCANE_LESS_MOTION === "1";

test.use({ viewport: { width: 960, height: 680 }, contextOptions: { reducedMotion: less ? "reduce" : "no-preference" } });

/** So much is turned at a time, milliseconds: what the page's style sheet moves goes on in such steps. */
const STEP_MS = 50;

/** Time passes on the page's own clock, also for what its style sheet moves. */
const turn = (page: Page, ms: number): Promise<void> =>
  page.evaluate(
    async ({ ms, step }) => {
      const kept = window as unknown as { turned?: number; begun?: WeakMap<Animation, number> };
      const begun = (kept.begun ??= new WeakMap());
      const end = (kept.turned ?? 0) + ms;
      while ((kept.turned ?? 0) < end) {
        const part = Math.min(step, end - (kept.turned ?? 0));
        (window as any).__arcane.tick(part);
        const now = (kept.turned = (kept.turned ?? 0) + part);
        await new Promise((done) => setTimeout(done));
        for (const animation of document.getAnimations()) {
          if (!begun.has(animation)) begun.set(animation, now);
          animation.pause();
          const at = now - begun.get(animation)!;
          if (at >= Number(animation.effect!.getComputedTiming().endTime)) animation.finish();
          else animation.currentTime = at;
        }
      }
    },
    { ms, step: STEP_MS },
  );

for (const scene of scenes) {
  test(`${scene.name}, frame by frame`, async ({ page, server }) => {
    // As a graphics card draws it.
    await page.addInitScript(() => localStorage.setItem("arcaneQuality", "high"));
    await page.goto(`${server.url}/?view=wall&clock=manual&seed=7&renderer=${painter}`);
    await page.waitForFunction(() => (window as any).__arcane?.tick);
    await page.evaluate((text) => (window as any).__arcane.open(text), recordingOf(scene));
    await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).recording);
    // The scene is judged as if it were live.
    await page.evaluate(() => {
      const live = new CSSStyleSheet();
      live.replaceSync(".visit, .notice, .edge { display: none !important }");
      document.adoptedStyleSheets.push(live);
    });
    const shots: Shot[] = [];
    let now = 0;
    for (const moment of scene.moments ?? MOMENTS) {
      // The frame that performs the event is the first of it.
      const at = eventAt(scene) + moment + 17;
      await turn(page, at - now);
      now = at;
      shots.push({ title: `${scene.name}  ${moment} ms`, png: await page.screenshot() });
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(`${folder}/${less ? "less-" : ""}${scene.name}.png`, await sheet(page, shots, 4, WIDE));
  });
}
