import type { Page } from "@playwright/test";

import { reopenWithMemory } from "../support/kept.ts";
import { logged, tasks, tell } from "../support/log.ts";
import { durable, expect } from "../support/test.ts";

const banner = (page: Page) => page.getByTestId("travel-banner");
const scrubber = (page: Page) => page.getByTestId("scrubber");

/** Lets the server's clock pass into another second, so that moments can be told apart. */
const another = (page: Page) => page.waitForFunction((begun) => Date.now() - begun > 2_200, Date.now());

durable("a moment of the past is shown as it was, and live goes on meanwhile", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  const before = (await tell(server, tasks("claude", 1, 30))) as number;
  await dashboard.hasCircles("claude");
  await another(page);
  await server.summon("gemini");
  await server.banish("claude");
  await dashboard.hasCircles("gemini");
  const said = (await tell(server, tasks("gemini", 31, 31))) as number;
  await logged(server, said);
  await another(page);

  // Back to when only claude was there.
  await scrubber(page).focus();
  const at = async () => (await dashboard.stage()).shown_seq;
  await expect.poll(async () => { await page.keyboard.press("ArrowLeft"); return at(); }).toBe(before);
  await expect(banner(page)).toBeVisible();
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-mode", "past");
  await dashboard.hasCircles("claude");
  await expect(dashboard.daemon("claude")).toHaveAttribute("data-state", "idle");
  await expect(dashboard.row("summon", "gemini")).toHaveCount(0);
  await expect(page.locator("[data-testid=feed-row]").first()).toContainText("task 30");
  await expect(page).toHaveTitle(/◷ .* · Arcane/);
  expect((await dashboard.stage()).worked_ms).toBeLessThan(100);

  // What happens now is not shown, and not lost.
  await tell(server, tasks("gemini", 32, 40));
  await expect.poll(async () => (await dashboard.stage()).last_seq).toBe(said + 9);
  expect(await at()).toBe(before);
  await page.keyboard.press("Escape");
  await expect(banner(page)).toBeHidden();
  await dashboard.hasCircles("gemini");
  await expect(page.locator("[data-testid=feed-row]").first()).toContainText("task 40");
  expect((await dashboard.stage()).missing).toBe(0);
  await expect(page).toHaveTitle("Arcane");
});

durable("the past plays at its own pace and arrives in the present", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await another(page);
  const last = await tell(server, tasks("claude", 1, 20));
  await logged(server, last);
  await another(page);
  await page.reload();
  await dashboard.isLive();
  await expect.poll(async () => (await dashboard.stage()).log).toBe(true);

  await page.getByTestId("replay-button").click();
  await expect(banner(page)).toHaveAttribute("data-mode", "playing");
  await expect.poll(async () => (await dashboard.stage()).circles.map((circle) => circle.name)).toEqual(["claude"]);
  await page.getByTestId("play").click();
  await expect(banner(page)).toHaveAttribute("data-mode", "past");
  await page.getByTestId("speed").selectOption("10×");
  // Missed deadlines are about what is live.
  const missed = page.locator("#missed");
  const before = await missed.textContent();
  await page.getByTestId("play").click();
  await expect(banner(page)).toBeHidden({ timeout: 20_000 });
  await dashboard.isLive();
  await expect(missed).toHaveText(before!);
  await expect(page.locator("[data-testid=feed-row]").filter({ hasText: "task 20" })).toHaveCount(1);
});

durable("a pointer scrubs, and the end of the strip is live", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await logged(server, 1);
  await dashboard.hasCircles("claude");
  const box = (await scrubber(page).boundingBox())!;
  const press = (part: number) => page.mouse.move(box.x + box.width * part, box.y + box.height / 2);
  await press(0.5);
  await page.mouse.down();
  await expect(banner(page)).toBeVisible();
  await expect(page.getByTestId("empty-past")).toBeVisible();
  await dashboard.hasCircles();
  await press(0.7);
  await expect(scrubber(page)).toHaveAttribute("aria-valuetext", /min ago|s ago/);
  await page.mouse.up();
  await scrubber(page).press("End");
  await expect(banner(page)).toBeHidden();
  await dashboard.hasCircles("claude");
});

durable("a log that does not answer says so, and is asked again", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  const busy = { status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Busy", status: 503, detail: "The log is being checked." }) };
  await page.route(/\/events\?/, (route) => route.fulfill(busy));
  await scrubber(page).press("Home");
  const trouble = page.getByTestId("travel-trouble");
  await expect(trouble).toContainText("The log is being checked.");
  await page.unroute(/\/events\?/);
  await trouble.getByText("Try again").click();
  await expect(trouble).toBeHidden();
  await expect(page.getByTestId("empty-past")).toBeVisible();
  await page.getByTestId("back-to-live").click();
  await dashboard.hasCircles("claude");
});

durable("a server without a log lets the browser's own memory be visited", async ({ dashboard, server, page }) => {
  const none = { status: 404, contentType: "application/problem+json", body: JSON.stringify({ title: "Not Found", status: 404 }) };
  await page.route(/\/events(\?|\/activity)/, (route) => route.fulfill(none));
  await server.summon("claude");
  await reopenWithMemory(page);
  await dashboard.isLive();
  await dashboard.hasCircles("claude");
  await page.getByTestId("replay-button").click();
  await expect(page.getByTestId("travel-note")).toContainText("what this browser kept");
  await expect(banner(page)).toBeHidden({ timeout: 20_000 });
  await dashboard.hasCircles("claude");
});

durable("longer ranges are loaded from the log", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  for (const range of ["1 h", "1 day", "all"]) {
    const asked = page.waitForResponse(/\/events\/activity/);
    await page.getByTestId("range").getByText(range, { exact: true }).click();
    expect((await asked).status()).toBe(200);
  }
  await expect(page.getByTestId("range").last()).toHaveAttribute("aria-pressed", "true");
});
