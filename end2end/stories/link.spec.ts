import type { Page } from "@playwright/test";

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
  // What writes it comes a moment after the page.
  await dashboard.page.waitForFunction(() => localStorage.getItem("arcaneHistory")?.includes("claude"));
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

for (const [way, act] of [
  ["the network is back", async (page: Page) => { await page.context().setOffline(true); await page.context().setOffline(false); }],
  ["somebody asks for it", (page: Page) => page.getByTestId("try-now").click()],
  ["somebody comes back to the page", (page: Page) => page.evaluate(() => void window.dispatchEvent(new Event("focus")))],
] as const) {
  test(`a lost server is tried at once when ${way}`, async ({ dashboard, server, page }) => {
    const sockets: number[] = [];
    page.on("websocket", () => sockets.push(Date.now()));
    await server.stop();
    // A wait that is longer than the story has patience.
    await expect(page.locator(".link .dim")).toHaveText(/in [4-9] s/, { timeout: 20_000 });
    await server.start();
    const before = sockets.length;
    const begun = Date.now();
    await act(page);
    await expect.poll(() => sockets.length).toBeGreaterThan(before);
    expect(sockets[before] - begun).toBeLessThan(2_000);
    await dashboard.isLive();
  });
}

test("what is reported while a socket opens does not end it", async ({ dashboard, server, page }) => {
  let sockets = 0;
  let cut = () => {};
  await page.routeWebSocket(/\/ws\/events/, async (socket) => {
    // The second one takes its time.
    if (++sockets === 2) await new Promise((resolve) => setTimeout(resolve, 2_500));
    const upstream = socket.connectToServer();
    cut = () => socket.close({ code: 1011 });
    upstream.onMessage((message) => socket.send(message));
  });
  await page.reload();
  await dashboard.isLive();
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  const painted = (await dashboard.stage()).painted;
  // Painted, and not reported yet.
  await server.invoke("claude", "count to three");
  await expect.poll(async () => (await dashboard.stage()).painted, { intervals: [20] }).toBeGreaterThan(painted);
  cut();
  await expect.poll(() => sockets).toBe(2);
  await expect(dashboard.link).toHaveAttribute("data-state", "live", { timeout: 6_000 });
});
