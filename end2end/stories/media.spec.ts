import type { Locator } from "@playwright/test";

import { tasks, tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const ground = (locator: Locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);

test("with forced colours a state is seen by its ground", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.fail("claude");
  await tell(server, tasks("claude", 1, 5));
  await dashboard.hasCircles("claude");
  await page.emulateMedia({ forcedColors: "active" });
  const differs = async (chosen: Locator, other: Locator) => {
    expect(await ground(chosen)).not.toBe(await ground(other));
    expect(await ground(chosen)).not.toBe("rgba(0, 0, 0, 0)");
  };
  const failures = page.getByTestId("filter-failures");
  const before = await ground(failures);
  await failures.click();
  await page.mouse.move(640, 300);
  expect(await ground(failures)).not.toBe(before);
  const ranges = page.getByTestId("range");
  await ranges.last().click();
  await expect(ranges.last()).toHaveAttribute("aria-pressed", "true");
  await differs(ranges.last(), ranges.first());
  await failures.click();
  await page.keyboard.press("i");
  const panel = page.locator("dialog[open]");
  await differs(panel.locator(".bins i").first(), panel);
  await page.keyboard.press("Escape");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Space");
  await expect(page.locator(".edge").first()).toBeVisible();
  await differs(page.locator(".edge").first(), page.locator("html"));
  await page.screenshot({ path: "test-results/forced-colors.png" });
});

test("on paper the tables and every line are there, dark on light, and nothing covers them", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 30));
  await expect(dashboard.rows.first()).toContainText("task 30");
  await page.emulateMedia({ media: "print" });
  for (const testid of ["spell-input", "new-pill", "scrubber", "sound-toggle"]) await expect(page.getByTestId(testid)).toBeHidden();
  await expect(page.locator("#scene")).toBeHidden();
  await expect(dashboard.daemon("claude")).toBeVisible();
  const boxes = await dashboard.rows.evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect()).map(({ top, bottom }) => [top, bottom]));
  boxes.sort(([a], [b]) => a - b);
  expect(boxes.length).toBeGreaterThanOrEqual(31);
  for (const [at, [top]] of boxes.entries()) if (at > 0) expect(top).toBeGreaterThanOrEqual(boxes[at - 1][1] - 1);
  const colors = await page.locator(".realm *").evaluateAll((all) => [...new Set(all.map((element) => getComputedStyle(element).color))]);
  expect(colors).toEqual(["rgb(0, 0, 0)"]);
  expect(await ground(page.locator("html"))).toBe("rgba(0, 0, 0, 0)");
  await page.screenshot({ path: "test-results/print.png", fullPage: true });
  await dashboard.rows.first().evaluate((row) => (row as HTMLElement).click());
  await expect(dashboard.detail).toBeVisible();
  await expect(dashboard.daemon("claude")).toBeHidden();
});
