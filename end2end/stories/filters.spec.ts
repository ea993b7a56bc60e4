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

for (const width of [1280, 1366, 1440, 1920, 390]) {
  test(`the filters can be read at a width of ${width}`, async ({ dashboard, server, page }) => {
    await page.setViewportSize({ width, height: 800 });
    await server.summon("a-daemon-with-a-name-that-is-rather-long-for-the-name-of-one");
    await dashboard.hasCircles("a-daemon-with-a-name-that-is-rather-long-for-the-name-of-one");
    for (const which of ["filter-spell", "filter-daemon"]) {
      expect((await page.getByTestId(which).boundingBox())!.width).toBeGreaterThanOrEqual(82);
    }
    const panel = (await page.locator(".chronicle").boundingBox())!;
    const last = (await page.getByTestId("search").boundingBox())!;
    expect(last.x + last.width).toBeLessThanOrEqual(panel.x + panel.width);
    await page.locator(".chronicle").screenshot({ path: `test-results/filters-${width}.png` });
  });
}
