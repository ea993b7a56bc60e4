import type { Page } from "@playwright/test";

import { logged, tasks, tell } from "../support/log.ts";
import { durable, expect } from "../support/test.ts";

durable("a page that was cut off goes on without a hole", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  const before = await tell(server, tasks("claude", 1, 5));
  await expect(page.locator("[data-testid=feed-row]").first()).toContainText("task 5");
  await logged(server, before);
  await server.stop();
  await expect(dashboard.link).toHaveAttribute("data-state", "reconnecting");
  await server.start();
  // More than a connection message would bring.
  const after = await tell(server, tasks("claude", 6, 205));
  await dashboard.isLive();
  await expect.poll(async () => (await dashboard.stage()).last_seq).toBeGreaterThanOrEqual(after);
  const state = await dashboard.stage();
  expect([state.missing, state.duplicates]).toEqual([0, 0]);
  await expect(page.getByTestId("feed-note")).toHaveCount(0);
});

/** Waits until the browser keeps a text of the history: what writes it comes a moment after the page. */
const keeps = (page: Page, text: string) =>
  page.waitForFunction((text) => localStorage.getItem("arcaneHistory")?.includes(text), text);

durable("a page that was closed goes on where it was", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 5));
  await expect(page.locator("[data-testid=feed-row]").first()).toContainText("task 5");
  await keeps(page, "task 5");
  await page.goto("about:blank");
  const last = await tell(server, tasks("claude", 6, 205));
  const asked = page.waitForEvent("websocket");
  await dashboard.open(server.url);
  expect((await asked).url()).toMatch(/since=\w+:\d+/);
  await expect.poll(async () => (await dashboard.stage()).last_seq).toBeGreaterThanOrEqual(last);
  expect((await dashboard.stage()).missing).toBe(0);
  await expect(page.getByTestId("feed-note")).toHaveCount(0);
  // What was missed is history: nothing of it was late. Live is only that the page looked who is there.
  expect(Number(await page.locator("#missed").textContent())).toBeLessThanOrEqual(1);
});

durable("what is past retention is a gap that says so", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  const seen = await tell(server, tasks("claude", 1, 5));
  await expect(page.locator("[data-testid=feed-row]").first()).toContainText("task 5");
  await keeps(page, "task 5");
  await page.goto("about:blank");
  const last = await tell(server, tasks("claude", 6, 205));
  await logged(server, last);
  const purged = await fetch(`${server.url}/events?room=main&before=${last - 20}`, { method: "DELETE" });
  expect(purged.status).toBe(200);
  await dashboard.open(server.url);
  await page.getByTestId("feed").evaluate((feed) => feed.scrollTo(0, 1e6));
  await expect(page.getByTestId("feed-note")).toContainText("past retention");
  expect((await dashboard.stage()).missing).toBeGreaterThan(0);
  expect((await dashboard.stage()).missing).toBeLessThan(last - seen);
});
