import { tasks, tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";
import type { ArcaneServer } from "../support/server.ts";
import type { Dashboard } from "../support/dashboard.ts";

/** More events than the chronicle holds. Gives the number of the last. */
async function flood(dashboard: Dashboard, server: ArcaneServer): Promise<void> {
  let last = 0;
  for (let n = 0; n < 5; n++) last = await tell(server, tasks("gemini", 1_000 + 500 * n, 1_499 + 500 * n));
  await expect.poll(async () => (await dashboard.stage()).last_seq, { timeout: 20_000 }).toBe(last);
}

const pill = (dashboard: Dashboard) => dashboard.page.getByTestId("new-pill");

test("what a reader points at stays under a flood, can be opened and pinned", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 30));
  await expect(dashboard.rows.first()).toContainText("task 30");
  await dashboard.rows.nth(3).hover();
  await flood(dashboard, server);
  await expect(pill(dashboard)).toHaveText("2000+ new");
  await expect(dashboard.rows.first()).toContainText("task 30");
  await dashboard.rows.nth(3).click();
  await expect(dashboard.detail).toContainText("task 27");
  await page.getByTestId("pin").click();
  await expect(page.getByTestId("pin-row")).toContainText("task 27");
  await page.keyboard.press("Escape");
  await page.getByTestId("pin-row").click();
  await expect(dashboard.detail).toContainText("task 27");
  await page.keyboard.press("Escape");
  await page.mouse.move(640, 300);
  await expect(dashboard.rows.first()).toContainText("task 3499");
  await expect(pill(dashboard)).toBeHidden();
});

test("a reader who scrolled goes on reading under a flood", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 200));
  await expect(dashboard.rows.first()).toContainText("task 200");
  const feed = page.getByTestId("feed");
  await feed.evaluate((feed) => feed.scrollTo(0, 3_300));
  const hundredth = dashboard.rows.filter({ has: page.getByText("task 100", { exact: true }) });
  await expect(hundredth).toHaveCount(1);
  await flood(dashboard, server);
  await expect(pill(dashboard)).toBeVisible();
  await expect(hundredth).toHaveCount(1);
  await feed.evaluate((feed) => feed.scrollTo(0, 0));
  await expect(dashboard.rows.first()).toContainText("task 3499");
  await expect(pill(dashboard)).toBeHidden();
});

test("what a reader came to by keys stays what it is", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 30));
  await expect(dashboard.rows.first()).toContainText("task 30");
  await page.getByTestId("feed").focus();
  for (let n = 0; n < 4; n++) await page.keyboard.press("ArrowDown");
  await tell(server, tasks("gemini", 1, 20));
  await expect(pill(dashboard)).toHaveText("20 new");
  await page.keyboard.press("Enter");
  await expect(dashboard.detail).toContainText("task 27");
  await page.keyboard.press("Escape");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(dashboard.detail).toContainText("task 26");
  await page.keyboard.press("Escape");
  await pill(dashboard).click();
  await expect(dashboard.rows.first()).toContainText("task 20");
});

test("a filter that is chosen far down begins at its newest event", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await tell(server, tasks("claude", 1, 300));
  await expect(dashboard.rows.first()).toContainText("task 300");
  await page.getByTestId("feed").evaluate((feed) => feed.scrollTo(0, 6_600));
  await expect(dashboard.rows.filter({ has: page.getByText("task 100", { exact: true }) })).toBeInViewport();
  await page.getByTestId("filter-spell").selectOption("invoke");
  await expect(dashboard.rows.filter({ has: page.getByText("task 300", { exact: true }) })).toBeInViewport();
});

test.describe("with a finger", () => {
  test.use({ hasTouch: true });

  test("a row that was tapped and closed lets the list go on", async ({ dashboard, server, page }) => {
    await server.summon("claude");
    await dashboard.row("summon", "claude").tap();
    await expect(dashboard.detail).toBeVisible();
    await dashboard.detail.getByText("Close").tap();
    await expect(dashboard.detail).toBeHidden();
    await tell(server, tasks("claude", 1, 3));
    await expect(dashboard.rows.first()).toContainText("task 3");
    await expect(pill(dashboard)).toBeHidden();
  });
});

test("the figures of an event that stays open go on", async ({ dashboard, server, page }) => {
  await tell(server, tasks("claude", 1, 1));
  await dashboard.rows.first().click();
  await expect(dashboard.detail).toContainText("1 call");
  await page.getByTestId("copy").click();
  await expect(page.getByTestId("copy")).not.toHaveText("Copy JSON");
  const said = await page.getByTestId("copy").textContent();
  await tell(server, tasks("claude", 2, 3));
  await expect(dashboard.detail).toContainText("3 calls");
  await expect(page.getByTestId("copy")).toHaveText(said!);
});
