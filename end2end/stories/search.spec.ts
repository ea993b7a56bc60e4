import { logged, tasks, tell } from "../support/log.ts";
import { durable, expect, test } from "../support/test.ts";

durable("a search finds what the chronicle no longer holds", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.invoke("claude", "translate the letter to Zürich");
  for (let n = 0; n < 5; n++) await tell(server, tasks("gemini", 500 * n + 1, 500 * n + 500));
  const last = await tell(server, tasks("claude", 1, 1));
  await logged(server, last);
  await page.reload();
  await dashboard.isLive();
  await page.getByTestId("search").click();
  const field = page.getByTestId("search-field");
  const found = page.getByTestId("found-row");
  await expect(field).toBeFocused();
  await expect(page.getByTestId("feed")).toBeHidden();
  await field.fill("letter zurich");
  await field.press("Enter");
  await expect(found).toHaveCount(1);
  await found.click();
  await expect(dashboard.detail).toContainText("translate the letter to Zürich");
  await page.getByTestId("pin").click();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("pin-row")).toContainText("translate the letter");

  // Page by page, and by the filter.
  await field.fill("task");
  await field.press("Enter");
  await expect(found).toHaveCount(50);
  await page.getByTestId("search-more").click();
  await expect(found).toHaveCount(100);
  await page.getByTestId("filter-daemon").selectOption("claude");
  // The echo of the letter's invocation has the word, too.
  await expect(found).toHaveCount(2);
  await field.fill("nobody said this");
  await field.press("Enter");
  await expect(page.getByTestId("search-said")).toHaveText("Nothing in the log has these words.");
  await page.screenshot({ path: "test-results/search.png" });
  await field.press("Escape");
  await expect(page.getByTestId("feed")).toBeVisible();
  await expect(page.getByTestId("search")).toHaveAttribute("aria-pressed", "false");
});

test("a log that does not answer is said, and a recording is searched itself", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  const busy = { status: 503, contentType: "application/problem+json", body: JSON.stringify({ title: "Busy", status: 503, detail: "The index is being made." }) };
  await page.route(/\/events\?.*q=/, (route) => route.fulfill(busy));
  await page.getByTestId("search").click();
  await page.getByTestId("search-field").fill("claude");
  await page.getByTestId("search-field").press("Enter");
  await expect(page.getByTestId("search-said")).toHaveText("The index is being made.");
  await page.evaluate(() => (window as any).__arcane.open('{"spell_name":"invoke","daemon_name":"old","metadata":{"task":"build it"}}'));
  await page.getByTestId("scrubber").press("End");
  await page.getByTestId("search-field").fill("BUILD");
  await page.getByTestId("search-field").press("Enter");
  await expect(page.getByTestId("found-row")).toHaveCount(1);
  await expect(page.getByTestId("search-said")).toContainText("what the page holds");
});

test("text of the chronicle can be selected, and the event does not open", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.invoke("claude", "count to three");
  const text = dashboard.row("invoke", "claude").locator(".text");
  await expect(text).toHaveText("count to three");
  const box = (await text.boundingBox())!;
  await page.mouse.move(box.x + 2, box.y + box.height / 2);
  await page.mouse.down();
  await page.mouse.move(box.x + 95, box.y + box.height / 2, { steps: 5 });
  await page.mouse.up();
  await expect.poll(() => page.evaluate(() => String(getSelection()))).toContain("count to");
  await expect(dashboard.detail).toBeHidden();
  // A click opens it, and so do keys.
  await text.click();
  await expect(dashboard.detail).toBeVisible();
  await page.keyboard.press("Escape");
  for (const key of ["Enter", "Space"]) {
    await page.getByTestId("feed").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press(key);
    await expect(dashboard.detail).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(dashboard.detail).toBeHidden();
    await expect(page.getByTestId("travel-banner")).toBeHidden();
  }
});

test("what is found is of what is shown, live and in a recording", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.invoke("claude", "alpha of the room");
  await page.getByTestId("search").click();
  const field = page.getByTestId("search-field");
  const found = page.getByTestId("found-row");
  await field.fill("alpha");
  await field.press("Enter");
  await expect(found.filter({ hasText: "alpha of the room" }).first()).toBeVisible();
  const line = (task: string, seq: number) =>
    JSON.stringify({ spell_name: "invoke", daemon_name: "old", success: true, seq, timestamp: `2020-01-31T09:00:${10 + seq}.000000`, metadata: { task } });
  const text = [line("Alpha-tests are built", 1), line("other", 2), line("the last alpha", 40)].join("\n");
  await page.evaluate((text) => (window as any).__arcane.open(text), text);
  // The whole recording, also what was not played yet.
  await expect(found).toHaveText([/the last alpha/, /Alpha-tests are built/]);
  for (const [words, count] of [["success", 0], ["2020", 0], ['"alpha tests"', 1], ["tests alph", 1], ["alph tests", 0]] as const) {
    await field.fill(words);
    await field.press("Enter");
    await expect(found).toHaveCount(count);
  }
  // A recording has a date, and is no time ago.
  await expect(page.getByTestId("travel-moment")).toContainText("2020-01-31");
  await expect(page.getByTestId("travel-banner")).not.toContainText("ago");
  await field.fill("alpha");
  await field.press("Enter");
  await page.getByTestId("back-to-live").click();
  await dashboard.isLive();
  await expect(found.filter({ hasText: "alpha of the room" }).first()).toBeVisible();
  await expect(found.filter({ hasText: "last alpha" })).toHaveCount(0);
});
