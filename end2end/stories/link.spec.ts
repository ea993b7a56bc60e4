import { reopenWithMemory } from "../support/kept.ts";
import { expect, test } from "../support/test.ts";

test("a lost server is admitted, and found again", async ({ dashboard, server }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await server.stop();
  await expect(dashboard.link).toHaveAttribute("data-state", "reconnecting");
  await server.start();
  await dashboard.isLive();
  await server.summon("gemini");
  await expect(dashboard.row("summon", "gemini")).toHaveCount(1);
});

test("what happened before a reload is still there after it", async ({ dashboard, server }) => {
  await server.summon("claude");
  await expect(dashboard.row("summon", "claude")).toHaveCount(1);
  // Another server, without a memory: what is shown now can only be the browser's own.
  await server.stop();
  await server.start();
  await dashboard.page.reload();
  await dashboard.isLive();
  await expect(dashboard.row("summon", "claude")).toHaveCount(1);
});

test("history can be replayed, and left again", async ({ dashboard }) => {
  await reopenWithMemory(dashboard.page);
  await dashboard.isLive();
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
  const banner = dashboard.page.getByTestId("travel-banner");
  await expect(banner).toBeHidden();
  // What is short may be over between two looks: every mode that the page was in is noted.
  await dashboard.page.evaluate(() => {
    const state = document.querySelector("[data-testid=link-state]")!;
    const modes: (string | null)[] = ((window as any).modes = []);
    new MutationObserver(() => modes.push(state.getAttribute("data-mode"))).observe(state, { attributeFilter: ["data-mode"] });
  });
  await dashboard.page.getByTestId("replay-button").click();
  await expect.poll(() => dashboard.page.evaluate(() => (window as any).modes)).toContain("playing");
  await dashboard.page.keyboard.press("Escape");
  await expect(banner).toBeHidden();
  await dashboard.isLive();
});
