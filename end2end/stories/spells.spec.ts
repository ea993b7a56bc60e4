import { readFile } from "node:fs/promises";

import { expect, test } from "../support/test.ts";

test("a spell from the spell bar summons: a circle appears and the feed shows it", async ({ dashboard }) => {
  await dashboard.hasCircles();
  await dashboard.cast("summon the logic keeper");
  await expect(dashboard.row("summon", "claude")).toHaveCount(1);
  await expect(dashboard.row("summon", "claude")).toHaveAttribute("data-success", "true");
  await dashboard.hasCircles("claude");
  await expect(dashboard.daemon("claude")).toBeVisible();
  await dashboard.cast("banish claude");
  await dashboard.hasCircles();
});

test("what others cast arrives too", async ({ dashboard, server }) => {
  await server.summon("gemini");
  await server.summon("codex-cli");
  await dashboard.hasCircles("codex-cli", "gemini");
  await server.invoke("codex-cli", "count to three");
  await expect(dashboard.row("invoke", "codex-cli")).toContainText("count to three");
});

test("a spell that is not understood says why and what would be", async ({ dashboard }) => {
  await dashboard.cast("sumon claude");
  await expect(dashboard.feedback).toContainText(/spell/i);
  await expect(dashboard.suggestions.first()).toHaveText("summon claude");
  await dashboard.suggestions.first().click();
  await expect(dashboard.spell).toHaveValue("summon claude");
  await dashboard.spell.press("Enter");
  await dashboard.hasCircles("claude");
});

test("a forbidden spell is not cast", async ({ dashboard }) => {
  await dashboard.cast("please do not summon claude");
  await expect(dashboard.feedback).toContainText("negation");
  await dashboard.hasCircles();
});

test("a refused spell tells the reason", async ({ dashboard, server }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await dashboard.cast("summon claude");
  await expect(dashboard.feedback).toContainText(/claude/i);
  await expect(dashboard.row("summon", "claude").and(dashboard.page.locator("[data-success=false]"))).toHaveCount(1);
});

test("a slash goes to the spell bar", async ({ dashboard }) => {
  await dashboard.spell.blur();
  await dashboard.page.keyboard.press("/");
  await expect(dashboard.spell).toBeFocused();
  await expect(dashboard.spell).toHaveValue("");
});

test("after a cast the keys of the page work again, and a failed cast is still there to mend", async ({ dashboard, page }) => {
  await dashboard.cast("sumon claude");
  await expect(dashboard.feedback).toContainText(/spell/i);
  await expect(dashboard.spell).toBeFocused();
  await expect(dashboard.spell).toHaveValue("sumon claude");
  await dashboard.cast("summon claude");
  await dashboard.hasCircles("claude");
  await expect(dashboard.spell).not.toBeFocused();
  await page.keyboard.press("f");
  await expect(page.getByTestId("filter-failures")).toHaveAttribute("aria-pressed", "true");
  await page.keyboard.press("/");
  await page.keyboard.press("/");
  await expect(dashboard.spell).toBeFocused();
  await expect(dashboard.spell).toHaveValue("");
  await page.keyboard.type("ask claude to read /tmp/a");
  await expect(dashboard.spell).toHaveValue("ask claude to read /tmp/a");
});

test("markup in a task is text", async ({ dashboard, server }) => {
  const task = "<img src=x onerror='window.hacked=1'><b>bold</b>";
  await server.summon("claude");
  await server.invoke("claude", task);
  const row = dashboard.row("invoke", "claude");
  await expect(row).toContainText("<b>bold</b>");
  await row.click();
  await expect(dashboard.detail).toContainText("<img src=x");
  await expect(dashboard.page.locator("img[src=x]")).toHaveCount(0);
  expect(await dashboard.page.evaluate(() => (window as any).hacked)).toBeUndefined();
});

test("the first minute of the README, typed as it stands there", async ({ dashboard, page }) => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const lines = readme.split("## The first minute")[1]!.split("```")[1]!.split("\n").slice(1, -1);
  expect(lines.length).toBeGreaterThan(3);
  await page.mouse.click(640, 300);
  for (const line of lines) {
    const answer = page.waitForResponse(/\/spell\/cast/);
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
    expect((await answer).ok()).toBe(true);
    await expect(dashboard.spell).not.toBeFocused();
  }
  await dashboard.hasCircles("gemini");
  await expect(page.getByTestId("travel-banner")).toBeHidden();
});
