// What docs/stage.md shows: 12, 60 and 200 agents, the five states, plain words, a phone, the drawer; as WebP, since these are many.

import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { type Act, crowd, four, recording, twelve } from "../support/cast.ts";
import { compressed } from "../support/picture.ts";
import { sheet } from "../support/sheet.ts";
import { test } from "../support/test.ts";

const folder = process.env.ARCANE_PICTURES ?? fileURLToPath(new URL("../../docs", import.meta.url));
const desk = { width: 1600, height: 960 };
const five: Act[] = [...four, { ...twelve[6], project: "ledger" }];

/** Opens a recording at its end, as if it were live, once everything has come to rest. */
async function open(page: Page, url: string, acts: Act[], size: { width: number; height: number }): Promise<void> {
  await page.setViewportSize(size);
  await page.goto(url);
  await page.waitForFunction(() => (window as any).__arcane?.tick);
  await page.evaluate((text) => {
    (window as any).__arcane.open(text);
    const live = new CSSStyleSheet();
    live.replaceSync(".visit, .notice { display: none !important }");
    document.adoptedStyleSheets.push(live);
  }, recording(acts));
  await tick(page, 1_000);
  await page.getByTestId("scrubber").press("End");
  await page.evaluate(() => {
    (document.activeElement as HTMLElement).blur();
    document.querySelector(".realm")!.classList.remove("travelling");
    document.querySelector(".realm")!.scrollTop = 0;
    scrollTo(0, 0);
  });
  for (const ms of [1_000, 4_000, 1_000]) await tick(page, ms);
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.effect!.getComputedTiming().endTime !== Infinity && animation.finish()));
}

const tick = (page: Page, ms: number) => page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);
const address = (url: string) => `${url}/?clock=manual&seed=7`;

async function save(page: Page, name: string): Promise<void> {
  const png = await page.screenshot();
  writeFileSync(`${folder}/stage-${name}.webp`, await compressed(page, png));
}

test.beforeEach(async ({ page }) => {
  // As a graphics card draws it.
  await page.addInitScript(() => localStorage.setItem("arcaneQuality", "high"));
});

for (const [count, acts] of [["12", twelve], ["60", crowd(60)], ["200", crowd(200)]] as [string, Act[]][]) {
  test(`${count} agents`, async ({ page, server }) => {
    await open(page, address(server.url), acts, desk);
    await save(page, count);
  });
}

test("the five states, and in the system's own colours", async ({ page, server }) => {
  const shots = [];
  for (const forcedColors of ["none", "active"] as const) {
    await page.emulateMedia({ forcedColors });
    await open(page, address(server.url), five, { width: 1000, height: 640 });
    await page.keyboard.press("w");
    for (const ms of [1_000, 1_000]) await tick(page, ms);
    shots.push({ title: "", png: await page.screenshot() });
  }
  const png = await sheet(page, shots, 1, 1000);
  await page.goto(server.url);
  writeFileSync(`${folder}/stage-states.webp`, await compressed(page, png));
});

test("plain words", async ({ page, server }) => {
  await page.addInitScript(() => localStorage.setItem("arcaneWords", "plain"));
  await open(page, address(server.url), four, { width: 1280, height: 800 });
  await save(page, "plain");
});

test("a phone", async ({ page, server }) => {
  await open(page, address(server.url), twelve, { width: 390, height: 844 });
  await save(page, "phone");
});

test("a daemon's drawer", async ({ page, server }) => {
  await open(page, address(server.url), twelve, desk);
  await page.locator('[data-testid=daemon-row][data-daemon="codex"] .name').click();
  await page.getByTestId("drawer").waitFor();
  for (const ms of [500, 500]) await tick(page, ms);
  await save(page, "drawer");
});
