import type { Page } from "@playwright/test";

import { colors, five, later, standsStill } from "../support/states.ts";
import { expect, test } from "../support/test.ts";

/** The system's colours, as the browser says them. */
const system = (page: Page) =>
  page.evaluate(() => {
    const probe = document.body.appendChild(document.createElement("i"));
    // The policy forbids style attributes, not what a program sets.
    probe.style.cssText = "forced-color-adjust: none; color: CanvasText; background-color: Canvas; outline: 1px solid Highlight";
    const { color, backgroundColor, outlineColor } = getComputedStyle(probe);
    probe.remove();
    // A highlight lets what it marks shine through; nothing that is drawn does.
    const [ink, ground, chosen] = [color, backgroundColor, outlineColor].map((of) => `rgb(${of.match(/\d+/g)!.slice(0, 3).join(", ")})`);
    return { ink, ground, chosen };
  });

for (const query of ["", "&renderer=2d"]) {
  test(`forced colours are those of the stage, too${query}`, async ({ page, server }, info) => {
    await page.setViewportSize({ width: 1600, height: 1000 });
    await standsStill(page, server.url, five, query);
    const before = (await colors(page)).map(([color]) => color);
    await page.emulateMedia({ forcedColors: "active" });
    await later(page, 1_000);
    const { ink, ground, chosen } = await system(page);
    await page.screenshot({ path: info.outputPath("forced.png") });
    const scene = page.locator("#scene");
    expect(await scene.evaluate((canvas) => getComputedStyle(canvas).backgroundColor)).toBe(ground);
    const painted = await colors(page);
    // Lines have one colour, who waits another, and a sign in what is filled that of the ground.
    const [known, all] = [painted.filter(([color]) => [ink, chosen, ground].includes(color)), painted];
    const sum = (of: typeof painted) => of.reduce((sum, [, count]) => sum + count, 0);
    expect(known.map(([color]) => color).slice(0, 2)).toEqual([ink, chosen]);
    expect(sum(known) / sum(all), JSON.stringify(all)).toBeGreaterThan(0.85);
    expect((await colors(page, ".plot canvas"))[0][0]).toBe(ink);
    await expect(page.locator('[data-testid=daemon-label][data-daemon="codex"]')).toContainText("failed 3 min");
    await expect(page.locator('[data-testid=daemon-label][data-daemon="gemini"]')).toContainText(/waits 1:4\d/);
    // The colours come and go while the page is open.
    await page.emulateMedia({ forcedColors: "none" });
    await later(page, 1_000);
    const after = (await colors(page)).map(([color]) => color);
    expect(after.length).toBeGreaterThan(20);
    expect(before.length).toBeGreaterThan(20);
    expect(await scene.evaluate((canvas) => getComputedStyle(canvas).backgroundColor)).toBe("rgba(0, 0, 0, 0)");
  });
}

test("forced colours hold on a phone's strip and on the wall", async ({ page, server }, info) => {
  await page.emulateMedia({ forcedColors: "active" });
  for (const [name, size, key] of [["phone", { width: 390, height: 844 }, "m"], ["wall", { width: 1920, height: 1080 }, "w"]] as const) {
    await page.setViewportSize(size);
    await standsStill(page, server.url, five);
    await page.keyboard.press(key);
    await later(page, 3_000);
    const { ink } = await system(page);
    expect((await colors(page))[0][0]).toBe(ink);
    await page.screenshot({ path: info.outputPath(`${name}.png`) });
  }
});
