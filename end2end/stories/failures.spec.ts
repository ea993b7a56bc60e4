import { expect, test } from "../support/test.ts";

test("a failure shows its text", async ({ dashboard, server }) => {
  await server.summon("claude");
  await server.fail("claude");
  await expect(dashboard.displayText).toBeVisible();
  await expect(dashboard.displayText).not.toBeEmpty();
  await expect(dashboard.row("invoke", "claude")).toHaveAttribute("data-success", "false");
});

test("failures in a row never invert twice within a second", async ({ dashboard, server }) => {
  await server.summon("claude");
  const inversions = async () => {
    await server.fail("claude");
    return (await dashboard.stage()).inversions_total;
  };
  await expect.poll(inversions, { intervals: [50], timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  const times = (await dashboard.stage()).inversion_times_ms;
  const gaps = times.slice(1).map((time, i) => time - times[i]);
  expect(gaps.length).toBeGreaterThan(0);
  for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1000);
});

test("whoever asks for less motion sees no inversion at all", async ({ page, server, dashboard }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.reload();
  await dashboard.isLive();
  await server.fail("claude");
  await expect(dashboard.displayText).toBeVisible();
  expect((await dashboard.stage()).inversions_total).toBe(0);
});
