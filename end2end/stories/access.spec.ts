import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { expect, test } from "../support/test.ts";

async function hasNoBarriers(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help} (${nodes.map((node) => node.target).join(", ")})`);
  expect(told).toEqual([]);
}

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
