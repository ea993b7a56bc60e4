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
  await Promise.all([server.fail("claude"), server.fail("claude")]);
  const inversions = async () => (await dashboard.stage()).inversions_total;
  await expect.poll(inversions).toBe(1);
  const [begun] = (await dashboard.stage()).inversion_times_ms;
  await dashboard.page.waitForFunction((begun) => performance.now() - begun > 1_100, begun);
  await server.fail("claude");
  await expect.poll(inversions).toBe(2);
  const [first, second] = (await dashboard.stage()).inversion_times_ms;
  expect(second - first).toBeGreaterThanOrEqual(1000);
});

test("a storm of failures is counted instead of shown one by one", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await Promise.all(Array.from({ length: 12 }, () => server.fail("claude")));
  await expect(page.getByTestId("storm")).toContainText(/failing: \d+ in 10 s/);
  expect((await dashboard.stage()).inversions_total).toBeLessThanOrEqual(1);
  await expect(page.locator("[data-testid=feed-row][data-success=false]")).toHaveCount(12);
});

test("in a flood red is the call that failed, and nothing that came with it", async ({ dashboard, server, page }) => {
  await server.summon("codex");
  await expect(page.locator("[data-testid=daemon-label][data-phase=idle]")).toHaveCount(1);
  await page.evaluate(() => {
    const red = ((window as any).red = new Set<string>());
    const look = () => {
      const said = document.querySelectorAll("[data-testid=daemon-label][data-phase=failed] span, [data-testid=lane][data-kind=failure] #spoken");
      said.forEach((line) => red.add(line.textContent!));
      requestAnimationFrame(look);
    };
    look();
  });
  const call = (task: string, success = true) => ({ spell_name: "invoke", daemon_name: "codex", success, metadata: { task, sync: { deadline_ms: 2_000 } } });
  const edits = Array.from({ length: 120 }, (_, n) => call(`Edit file${n}.rs`));
  edits.splice(95, 0, call("cargo test", false));
  await server.publish(edits);
  const red = () => page.evaluate(() => [...(window as any).red]);
  await expect.poll(red).not.toEqual([]);
  // What came after it succeeded: it is over, and the lane has said it.
  await expect(page.locator("[data-testid=daemon-label][data-phase=idle]")).toHaveCount(1);
  for (const said of await red()) expect(said).toContain("cargo test");
  await page.getByTestId("filter-failures").click();
  await expect(dashboard.rows).toHaveText(/cargo test/);
});

test("whoever asks for less motion gets a frame instead of an inversion", async ({ page, server, dashboard }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.reload();
  await dashboard.isLive();
  await expect(page.getByTestId("motion-toggle")).toHaveAttribute("aria-pressed", "false");
  await server.fail("claude");
  await expect(page.locator(".badge")).toHaveCount(1);
  await expect(dashboard.displayText).toBeVisible();
});
