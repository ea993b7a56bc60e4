import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { logged, tasks, tell } from "../support/log.ts";
import { durable, expect, test } from "../support/test.ts";

async function hasNoBarriers(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target).join(", ")})`);
  expect(told).toEqual([]);
}

/** Lets the server's clock pass into another second, so that moments can be told apart. */
const another = (page: Page) => page.waitForFunction((begun) => Date.now() - begun > 2_200, Date.now());

test("the empty page has no barriers", async ({ dashboard, page }) => {
  await expect(page.getByTestId("empty-state")).toBeVisible();
  await hasNoBarriers(page);
  await dashboard.hasCircles();
});

test("the living page has no barriers", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.summon("gemini");
  await server.invoke("claude", "count to three");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
  await hasNoBarriers(page);
  await dashboard.row("invoke", "claude").click();
  await expect(dashboard.detail).toBeVisible();
  await hasNoBarriers(page);
});

test("a failure and a lost server have no barriers", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.fail("claude");
  await expect(dashboard.displayText).toBeVisible();
  await hasNoBarriers(page);
  await server.stop();
  await expect(dashboard.link).toHaveAttribute("data-state", "reconnecting");
  await hasNoBarriers(page);
});

test("a storm of failures has no barriers", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await Promise.all(Array.from({ length: 12 }, () => server.fail("claude")));
  await expect(page.getByTestId("storm")).toBeVisible();
  await hasNoBarriers(page);
  await dashboard.hasCircles("claude");
});

durable("the past has no barriers, paused or playing", async ({ dashboard, server, page }) => {
  const banner = page.getByTestId("travel-banner");
  await server.summon("claude");
  await another(page);
  await logged(server, await tell(server, tasks("claude", 1, 20)));
  await expect(page.getByTestId("feed-row").first()).toContainText("task 20");
  await another(page);
  await expect.poll(async () => (await dashboard.stage()).log).toBe(true);

  await page.getByTestId("replay-button").click();
  await expect(banner).toHaveAttribute("data-mode", "playing");
  await page.getByTestId("play").click();
  await expect(banner).toHaveAttribute("data-mode", "past");
  await hasNoBarriers(page);
  await page.getByTestId("speed").selectOption("0.5×");
  await page.getByTestId("play").click();
  await expect(banner).toHaveAttribute("data-mode", "playing");
  await hasNoBarriers(page);
  await expect(banner).toHaveAttribute("data-mode", "playing");
});

test("the help has no barriers", async ({ dashboard, page }) => {
  await page.keyboard.press("?");
  await expect(page.getByTestId("help-dialog")).toBeVisible();
  await hasNoBarriers(page);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("help-dialog")).toBeHidden();
  await dashboard.isLive();
});

test("the page on a phone has no barriers", async ({ dashboard, server, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await hasNoBarriers(page);
  await server.summon("claude");
  await server.invoke("claude", "count to three");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
  await hasNoBarriers(page);
  await dashboard.row("invoke", "claude").click();
  await expect(dashboard.detail).toBeVisible();
  await hasNoBarriers(page);
});
