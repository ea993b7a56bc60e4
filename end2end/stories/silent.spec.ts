// A call that gives no sign for two minutes, by the page's own clock.

import { eventAt, recordingOf, scenes } from "../support/scenes.ts";
import { expect, test } from "../support/test.ts";

test("a call without a sign for two minutes is silent, until the next one", async ({ page, server }) => {
  const scene = scenes.find((scene) => scene.name === "silence-ends")!;
  const tick = (ms: number) => page.evaluate((ms) => (window as any).__arcane.tick(ms), ms);
  const shown = page.locator('.label[data-daemon="claude"]');
  const row = page.locator('[data-testid=daemon-row][data-daemon="claude"]');
  // So high that labels have a second line.
  await page.setViewportSize({ width: 1600, height: 960 });
  await page.goto(`${server.url}/?clock=manual&seed=7`);
  await page.waitForFunction(() => (window as any).__arcane?.tick);
  await page.evaluate((text) => (window as any).__arcane.open(text), recordingOf(scene));
  await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).recording);

  // Four minutes pass within five seconds: after two of these it has just been heard of.
  await tick(500 + 2_000);
  await expect(shown).toHaveAttribute("data-phase", "working");
  await expect(page.getByTestId("silent")).toBeHidden();
  await tick(2_000);
  await expect(shown).toHaveAttribute("data-phase", "silent");
  await expect(shown).toContainText(/no sign for 3:\d\d/);
  await expect(row).toHaveAttribute("data-state", "silent");
  await expect(page.getByTestId("silent")).toHaveText("1");
  await expect(page.getByTestId("working")).toHaveText("0");

  // Its next sign, and what it is at is what it was at.
  await tick(eventAt(scene) + 500 - 4_500);
  await expect(shown).toHaveAttribute("data-phase", "working");
  await expect(shown).toContainText("cargo test --workspace");
  await expect(row).toHaveAttribute("data-state", "working");
  await expect(page.getByTestId("silent")).toBeHidden();
});
