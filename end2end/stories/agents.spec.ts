import { tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata: { session: "s1", host: "kestrel", project: "webshop", ...metadata },
  ...more,
});
const child = (name: string, parent_daemon: string): object =>
  about(name, "summon", { parent_daemon, agent_id: `${name}-1` });

test("a subagent is a moon beside who started it, and a row below it", async ({ dashboard, server, page }) => {
  await tell(server, [about("claude", "summon"), about("codex", "summon", { session: "s2" })]);
  await dashboard.hasCircles("claude", "codex");
  const place = async (name: string) => (await dashboard.stage()).circles.find((circle) => circle.name === name)!;
  await expect.poll(async () => (await place("claude")).phase).toBe("idle");
  const before = await place("claude");
  await tell(server, [child("explore", "claude"), child("grep", "explore")]);
  await dashboard.hasCircles("claude", "codex", "explore", "grep");
  for (const name of ["explore", "grep"]) {
    await expect(page.locator(`[data-testid=daemon-label][data-daemon=${name}]`)).toHaveAttribute("data-kind", "moon");
    const { x, y } = await place(name);
    expect(Math.hypot(x - before.x, y - before.y)).toBeLessThan(230);
  }
  const after = await place("claude");
  expect([after.x, after.y]).toEqual([before.x, before.y]);
  const rows = () =>
    page.getByTestId("daemon-row").evaluateAll((all) =>
      all.map((row) => [row.getAttribute("data-daemon"), parseFloat(getComputedStyle(row.querySelector("th")!).paddingLeft) - 8]),
    );
  await expect.poll(rows).toEqual([["codex", 0], ["claude", 0], ["explore", 14], ["grep", 28]]);
  await page.reload();
  await dashboard.isLive();
  await dashboard.hasCircles("claude", "codex", "explore", "grep");
  await expect.poll(rows).toEqual([["codex", 0], ["claude", 0], ["explore", 14], ["grep", 28]]);
  await tell(server, [about("grep", "banish", { agent_id: "grep-1" }), about("explore", "banish", { agent_id: "explore-1" })]);
  await dashboard.hasCircles("claude", "codex");
});

test("a session of several that ends leaves the circle where it is", async ({ dashboard, server, page }) => {
  await tell(server, [
    about("claude", "summon", { manifestations: 1 }),
    about("claude", "summon", { session: "s2", manifestations: 2 }),
  ]);
  await dashboard.hasCircles("claude");
  await expect(dashboard.daemon("claude")).toContainText("2 sessions");
  await tell(server, [about("claude", "banish", { session: "s2", manifestations: 1 })]);
  await expect(dashboard.daemon("claude")).not.toContainText("sessions");
  await expect.poll(async () => (await dashboard.stage()).circles.map((circle) => circle.phase)).toEqual(["idle"]);
  await tell(server, [about("claude", "banish", { manifestations: 0 })]);
  await dashboard.hasCircles();
});

test("projects and machines have heads in the table, and a click shows one of them", async ({ dashboard, server, page }) => {
  const rows = () =>
    page.locator("[data-testid=daemon-row], [data-testid=place-row], [data-testid=head-row]").evaluateAll((all) => all.map((row) => row.getAttribute("data-daemon")));
  await tell(server, [
    about("claude", "summon"),
    about("codex", "summon", { session: "s2", project: "atlas", host: "heron" }),
    { spell_name: "summon", daemon_name: "backup" },
  ]);
  await expect.poll(rows).toEqual(["webshop · kestrel", "claude", "atlas · heron", "codex", "no project", "backup"]);
  await page.locator("[data-testid=place-row] .name", { hasText: "webshop" }).click();
  await expect.poll(rows).toEqual(["webshop · kestrel", "claude"]);
  // Who waits elsewhere is not forgotten: the title counts all.
  await tell(server, [about("codex", "voice", { session: "s2", project: "atlas", host: "heron", attention: true }, { description: "May I?" })]);
  await expect(page).toHaveTitle("(1) Arcane");
  await page.locator("[data-testid=place-row] .name").click();
  await expect.poll(rows).toEqual(["Needs you", "codex", "webshop · kestrel", "claude", "no project", "backup"]);
  await expect(dashboard.daemon("codex")).toContainText("May I? · atlas");
});

test("who begins to wait while nobody looks is told by icon and system", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    // A browser without a screen shows no notifications: what the page would have shown is kept.
    const told: string[] = [];
    class Kept {
      static permission = "default";
      static requestPermission = async () => (Kept.permission = "granted");
      onclick = null;
      constructor(title: string, options: { body: string }) {
        told.push(`${title}: ${options.body}`);
      }
    }
    Object.assign(window, { told, Notification: Kept });
  });
  await page.reload();
  await dashboard.isLive();
  const told = () => page.evaluate(() => (window as any).told);
  const icon = () => page.locator("link[rel=icon]").getAttribute("href");
  const waits = (name: string, words: string) => about(name, "voice", { session: name, attention: true }, { description: words });
  const look = (hidden: boolean) =>
    page.evaluate((hidden) => {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => (hidden ? "hidden" : "visible") });
      document.dispatchEvent(new Event("visibilitychange"));
    }, hidden);
  await tell(server, [about("claude", "summon", { session: "claude" }), waits("claude", "May I run rm?")]);
  await expect.poll(icon).toBe("icon-waiting.svg");
  expect((await page.request.get(`${server.url}/icon-waiting.svg`)).headers()["content-type"]).toBe("image/svg+xml");
  // Not asked for, and looked at.
  expect(await told()).toEqual([]);
  await page.keyboard.press(",");
  await page.getByTestId("notify").selectOption("on");
  await expect(page.getByTestId("notify-trouble")).toHaveText("");
  await page.keyboard.press("Escape");
  await look(true);
  await tell(server, [waits("codex", "Which of the two?")]);
  await expect.poll(told).toEqual(["codex waits for you: Which of the two?"]);
  await tell(server, [about("codex", "invoke", { session: "codex", task: "it" }), about("claude", "invoke", { session: "claude", task: "rm" })]);
  await expect.poll(icon).toBe("icon.svg");
  expect(await told()).toHaveLength(1);
});
