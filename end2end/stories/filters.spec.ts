import { expect, test } from "../support/test.ts";

test("filters are in the address and survive a reload", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.summon("gemini");
  await server.invoke("claude", "count to three");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);

  await page.getByTestId("filter-spell").selectOption("summon");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(0);
  await expect(dashboard.row("summon", "gemini")).toHaveCount(1);
  await expect(page).toHaveURL(/[?&]spell=summon/);

  await page.getByTestId("filter-daemon").selectOption("gemini");
  await expect(dashboard.row("summon", "claude")).toHaveCount(0);
  await expect(page).toHaveURL(/[?&]daemon=gemini/);

  await page.reload();
  await dashboard.isLive();
  await expect(dashboard.row("summon", "gemini")).toHaveCount(1);
  await expect(dashboard.rows.and(page.locator(":not([data-daemon=gemini])"))).toHaveCount(0);
});

test("only failures can be shown", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await server.fail("claude");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
  await page.getByTestId("filter-failures").click();
  await expect(page.locator("[data-testid=feed-row][data-success=true]")).toHaveCount(0);
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
});

test("each room has its own stream", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await expect(dashboard.row("summon", "claude")).toHaveCount(1);
  await page.goto(`${server.url}/?room=lab`);
  await dashboard.isLive();
  await server.post("/events?room=lab", { spell_name: "summon", daemon_name: "tester" });
  await expect(dashboard.row("summon", "tester")).toHaveCount(1);
  await expect(dashboard.row("summon", "claude")).toHaveCount(0);
});
