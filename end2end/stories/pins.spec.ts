import type { Locator, Page } from "@playwright/test";

import { tasks, tell } from "../support/log.ts";
import type { ArcaneServer } from "../support/server.ts";
import { durable, expect, test } from "../support/test.ts";

const pins = (page: Page): Locator => page.getByTestId("pin-row");

async function pin(page: Page, row: Locator): Promise<void> {
  await row.click();
  await page.getByTestId("pin").click();
  await close(page);
}

/** Closes the detail; the next Escape is the page's. */
async function close(page: Page): Promise<void> {
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("event-detail")).toBeHidden();
}

/** What a row opens. */
async function opens(page: Page, row: Locator, task: string): Promise<void> {
  await row.click();
  await expect(page.getByTestId("event-detail")).toContainText(`"task": "${task}"`);
  await close(page);
}

const of = (server: ArcaneServer, room: string, daemon_name: string, task: string) =>
  server.post(`/events?room=${room}`, [{ spell_name: "invoke", daemon_name, metadata: { task, execution_time: 1 } }]);

test("a pin stays with its room, and what is clicked is what opens", async ({ dashboard, server, page }) => {
  await of(server, "main", "claude", "of main");
  await of(server, "lab", "codex", "of lab");
  await pin(page, dashboard.row("invoke", "claude"));
  await opens(page, pins(page), "of main");
  await page.getByTestId("room-select").focus();
  await page.getByTestId("room-select").selectOption("lab");
  await expect(dashboard.row("invoke", "codex")).toBeVisible();
  await expect(pins(page)).toHaveCount(0);
  await dashboard.row("invoke", "codex").click();
  await expect(page.getByTestId("pin")).toHaveText("Pin");
  await page.getByTestId("pin").click();
  await expect(page.getByTestId("pin")).toHaveText("Unpin");
  await close(page);
  await opens(page, pins(page), "of lab");
  await page.getByTestId("room-select").selectOption("main");
  await expect(pins(page)).toHaveText([/of main/]);
  await opens(page, pins(page), "of main");
  // A recording has its own; what was pinned before is there again after it.
  await page.evaluate(() => (window as any).__arcane.open('{"spell_name":"invoke","daemon_name":"old","metadata":{"task":"of old"}}'));
  await page.getByTestId("scrubber").press("End");
  await expect(pins(page)).toHaveCount(0);
  await pin(page, dashboard.row("invoke", "old"));
  await opens(page, pins(page), "of old");
  await page.keyboard.press("Escape");
  await dashboard.isLive();
  await expect(pins(page)).toHaveText([/of main/]);
  await opens(page, pins(page), "of main");
});

durable("a pin opens its event in the past, too", async ({ dashboard, server, page }) => {
  await tell(server, tasks("claude", 1, 300));
  await page.reload();
  await dashboard.isLive();
  const row = (task: string): Locator => dashboard.rows.filter({ hasText: task });
  const kept = ["task 297", "task 298"];
  for (const task of kept) await pin(page, row(task));
  // A pause shows what was a moment ago, and a quick machine is here before that.
  const told = JSON.parse(await page.evaluate(() => (window as any).__arcane.state())).moment;
  await page.waitForFunction((told) => JSON.parse((window as any).__arcane.state()).moment > told + 3_000, told);
  await expect(async () => {
    await page.getByTestId("scrubber").focus();
    await page.keyboard.press("Escape");
    await page.keyboard.press("Space");
    await expect(row("task 300")).toBeVisible({ timeout: 500 });
    await expect(page.getByTestId("travel-banner")).toHaveAttribute("data-mode", "past", { timeout: 500 });
  }).toPass();
  for (const task of kept) await opens(page, pins(page).filter({ hasText: task }), task);
  await row("task 298").click();
  await expect(page.getByTestId("pin")).toHaveText("Unpin");
  await page.getByTestId("pin").click();
  await page.keyboard.press("Escape");
  await expect(pins(page)).toHaveText([/task 297/]);
});
