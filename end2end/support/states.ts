// One agent in each of the five states, and the page that shows them with a clock that stands still.

import type { Page } from "@playwright/test";

import { type Act, four, recording } from "./cast.ts";

/** One in each of the five states. */
export const five: Act[] = [
  ...four,
  { name: "qwen", project: "atlas", machine: "forge-2", state: "idle", since: 360, task: "" },
];

/** Opens a recording at its end, in a page whose clock is turned by hand. */
export async function standsStill(page: Page, url: string, acts: Act[], query = ""): Promise<void> {
  await page.goto(`${url}/?clock=manual&seed=7${query}`);
  await page.waitForFunction(() => (window as any).__arcane?.tick);
  await page.evaluate((text) => (window as any).__arcane.open(text), recording(acts));
  await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).recording);
  await later(page, 1_000);
  await page.getByTestId("scrubber").press("End");
  await later(page, 3_000);
}

/** So much later. */
export const later = (page: Page, ms: number) => page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);

/**
 * How often each colour occurs on the canvas, the most frequent first: those of pixels that are painted whole. It is read in the task
 * that paints: afterwards its pixels are the browser's.
 */
export const colors = (page: Page, selector = "#scene"): Promise<[color: string, count: number][]> =>
  page.evaluate((selector) => {
    (window as any).__arcane.tick(500);
    const scene = document.querySelector<HTMLCanvasElement>(selector)!;
    const copy = Object.assign(document.createElement("canvas"), { width: scene.width, height: scene.height });
    const context = copy.getContext("2d")!;
    context.drawImage(scene, 0, 0);
    const { data } = context.getImageData(0, 0, copy.width, copy.height);
    const counts = new Map<string, number>();
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] < 250) continue;
      const color = `rgb(${data[at]}, ${data[at + 1]}, ${data[at + 2]})`;
      counts.set(color, (counts.get(color) ?? 0) + 1);
    }
    return [...counts].sort(([, a], [, b]) => b - a);
  }, selector);
