import { Dashboard } from "../support/dashboard.ts";
import { tasks, tell } from "../support/log.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

/** What the browser keeps: how many events of whom. */
const kept = (dashboard: Dashboard, daemon: string): Promise<number> =>
  dashboard.page.evaluate((daemon) => {
    const all = Object.values({ ...localStorage }).join("\n");
    return all.split(`"daemon_name":"${daemon}"`).length - 1;
  }, daemon);

test("two servers' events are kept apart", async ({ dashboard, server, page }) => {
  const other = new ArcaneServer(["--allowed-origins", server.url]);
  await other.start();
  try {
    await server.summon("claude");
    await expect(dashboard.row("summon", "claude")).toHaveCount(1);
    await expect.poll(() => kept(dashboard, "claude")).toBeGreaterThan(0);
    await page.goto(`${server.url}/?server=${other.url}`);
    await dashboard.isLive();
    await expect(dashboard.row("summon", "claude")).toHaveCount(0);
    await other.summon("elsewhere");
    await expect(dashboard.row("summon", "elsewhere")).toHaveCount(1);
    await expect.poll(() => kept(dashboard, "elsewhere")).toBeGreaterThan(0);
    await dashboard.open(server.url);
    await expect(dashboard.row("summon", "claude")).toHaveCount(1);
    await expect(dashboard.row("summon", "elsewhere")).toHaveCount(0);
  } finally {
    await other.stop();
  }
});

test("two tabs of one room keep what either of them saw", async ({ dashboard, server, context }) => {
  const tab = new Dashboard(await context.newPage());
  // The second tab hears its welcome and one event: its page slept meanwhile.
  let hears = true;
  await tab.page.routeWebSocket(/\/ws\/events/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((message) => hears && socket.send(message));
  });
  await tab.open(server.url);
  hears = false;
  await tell(server, tasks("claude", 1, 31));
  await expect.poll(() => kept(dashboard, "claude")).toBe(31);
  hears = true;
  await tell(server, tasks("claude", 32, 32));
  await expect(tab.rows.first()).toContainText("task 32");
  await tab.page.close({ runBeforeUnload: true });
  await expect.poll(() => kept(dashboard, "claude")).toBe(32);
  await dashboard.page.reload();
  await dashboard.isLive();
  await expect(dashboard.rows).toHaveCount(32);
});

test("tabs of two rooms do not overwrite each other's events", async ({ dashboard, server, page, context }) => {
  const tab = new Dashboard(await context.newPage());
  await tab.open(`${server.url}/?room=lab`);
  await tell(server, tasks("claude", 1, 31));
  await expect.poll(() => kept(dashboard, "claude")).toBe(31);
  await server.post("/events?room=lab", { spell_name: "summon", daemon_name: "tester" });
  await expect.poll(() => kept(tab, "tester")).toBe(1);
  expect(await kept(tab, "claude")).toBe(31);
  await tab.page.close();
  // A server without a memory: what is shown can only be the browser's own.
  await server.stop();
  await server.start();
  await page.reload();
  await dashboard.isLive();
  await expect(dashboard.rows).toHaveCount(31);
  await page.goto(`${server.url}/?room=lab`);
  await dashboard.isLive();
  await expect(dashboard.row("summon", "tester")).toHaveCount(1);
});
