// Windows of all sizes: what can be pressed is there and is large enough, the court is where it fits, and nothing covers what is read.

import type { Page } from "@playwright/test";

import { recording, twelve } from "../support/cast.ts";
import type { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

interface Box { left: number; top: number; right: number; bottom: number }

const boxes = (page: Page, selector: string): Promise<Box[]> =>
  page.locator(selector).evaluateAll((elements) =>
    elements
      .filter((element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
      .map((element) => element.getBoundingClientRect())
      .map(({ left, top, right, bottom }) => ({ left, top, right, bottom })));

const meet = (a: Box, b: Box) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;

/** The twelve of the drawing, at the end of what they do. */
async function showTwelve(page: Page): Promise<void> {
  await page.getByTestId("open-recording").setInputFiles({ name: "a.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(recording(twelve)) });
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "recording");
  await page.getByTestId("scrubber").press("End");
  await expect(page.getByTestId("daemon-row").first()).toBeVisible();
}

for (const width of [320, 390]) {
  test(`a window ${width} px wide has all buttons, each as large as a finger`, async ({ page, dashboard: _ }) => {
    await page.setViewportSize({ width, height: 640 });
    await showTwelve(page);
    const pressed = await boxes(page, ".under .chip, [data-testid=daemon-row] button, [data-testid=place-row] button.name");
    expect(pressed.length).toBeGreaterThan(14);
    for (const box of pressed) {
      expect(box.left).toBeGreaterThanOrEqual(0);
      expect(box.right).toBeLessThanOrEqual(width);
      expect(box.right - box.left).toBeGreaterThanOrEqual(43.9);
      expect(box.bottom - box.top).toBeGreaterThanOrEqual(43.9);
    }
    await expect(page.locator(".under label.chip")).toBeVisible();
    // A press at the rim of a name's box opens its drawer.
    const name = page.getByTestId("daemon-row").filter({ hasText: "gemini" }).getByRole("button");
    await name.scrollIntoViewIfNeeded();
    const { x, y, height } = (await name.boundingBox())!;
    await page.mouse.click(x + 4, y + height - 3);
    await expect(page.getByTestId("drawer")).toContainText("gemini");
  });
}

for (const [width, height] of [[1024, 768], [1200, 800], [1280, 800]]) {
  test(`a window of ${width} × ${height} has a court`, async ({ page, dashboard: _ }) => {
    await page.setViewportSize({ width, height });
    await showTwelve(page);
    // In a strip all circles have one height.
    const seats = async () => (await boxes(page, ".label[data-kind^=seat]")).map((box) => Math.round(box.top));
    await expect.poll(async () => new Set(await seats()).size).toBeGreaterThan(2);
    const [hole] = await boxes(page, ".hole");
    expect(hole.right - hole.left).toBeGreaterThanOrEqual(560);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
    for (const box of await boxes(page, ".panel, .spellbar, .switches .pill")) expect(box.right).toBeLessThanOrEqual(width);
  });
}

/** Six that wait for a human. */
async function sixWait(page: Page, server: ArcaneServer): Promise<void> {
  for (const daemon_name of ["claude", "gemini", "codex", "qwen", "aider", "grok"]) {
    await server.publish({ spell_name: "summon", daemon_name });
    await server.publish({ spell_name: "voice", daemon_name, description: "asks", metadata: { attention: true, task: "git push origin main" } });
  }
  await expect(page.locator(".label[data-phase=waiting]")).toHaveCount(6);
}

test("in a low window the spell bar covers neither lane nor label", async ({ page, server, dashboard: _ }) => {
  await page.setViewportSize({ width: 800, height: 360 });
  await sixWait(page, server);
  const [bar] = await boxes(page, ".spellbar .bar");
  const read = await boxes(page, ".label, .lane .message, [data-testid=daemon-row]");
  expect(read.length).toBeGreaterThan(12);
  expect(read.filter((box) => meet(box, bar))).toEqual([]);
  await page.mouse.wheel(0, 200);
  await expect(page.getByTestId("spell-input")).toBeInViewport();
});

for (const [width, height] of [[1280, 800], [1024, 700], [390, 844], [800, 360], [320, 568]]) {
  test(`the answer to a spell covers neither lane nor label in ${width} × ${height}`, async ({ page, server, dashboard }) => {
    await page.setViewportSize({ width, height });
    await sixWait(page, server);
    for (const spell of ["summon mistral", "what is this, and what would be understood"]) {
      await dashboard.cast(spell);
      await expect(dashboard.feedback).not.toBeEmpty();
      const [answer] = await boxes(page, "#feedback");
      const read = await boxes(page, ".lane .message, .label");
      expect(read.length).toBeGreaterThan(6);
      expect(read.filter((box) => meet(box, answer))).toEqual([]);
      expect(answer.left).toBeGreaterThanOrEqual(0);
      expect(answer.right).toBeLessThanOrEqual(width);
      await page.getByTestId("spell-input").press("Escape");
    }
  });
}
