import type { Page } from "@playwright/test";

import type { Dashboard } from "../support/dashboard.ts";
import { tell } from "../support/log.ts";
import type { ArcaneServer } from "../support/server.ts";
import { durable, expect } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata,
  ...more,
});

const begins = (daemon: string, call_id: string, task: string): object =>
  about(daemon, "reveal", { query_type: "progress", phase: "begin", call_id, task });

/** Names and states of the table's rows. */
const states = (dashboard: Dashboard): Promise<string[]> =>
  dashboard.page
    .getByTestId("daemon-row")
    .evaluateAll((rows) => rows.map((row) => `${row.getAttribute("data-daemon")} ${row.getAttribute("data-state")}`).sort());

const head = async (server: ArcaneServer): Promise<number> => {
  const answer = await (await fetch(`${server.url}/roster`)).json();
  return answer.roster.seq;
};

/** The text of a figure of the table's foot. */
const figure = (page: Page, term: RegExp): Promise<string | null> =>
  page.locator("dl.mana div").filter({ hasText: term }).locator("dd").textContent();

durable("who is present, works, waits and failed is so after a reload, and loading writes nothing", async ({ dashboard, server }) => {
  await server.summon("claude");
  await tell(server, [
    about("codex", "summon"),
    about("aider", "invoke", { task: "index the tree", execution_time: 2 }),
    about("codex", "invoke", { task: "cargo test", error: "exit 101" }, { success: false }),
    begins("gemini", "c1", "read 300 files"),
    about("cursor", "voice", { attention: true }, { description: "May I run rm?" }),
  ]);
  // What happened since has left the page's own memory.
  for (let n = 0; n < 8; n += 1) {
    await tell(server, Array.from({ length: 50 }, (_, i) => about("claude", "invoke", { task: `task ${n} ${i}` })));
  }
  const expected = ["aider idle", "claude idle", "codex failed", "cursor waiting", "gemini working"];
  await expect.poll(() => states(dashboard)).toEqual(expected);
  await dashboard.hasCircles("aider", "claude", "codex", "cursor", "gemini");
  const before = await head(server);
  await dashboard.page.evaluate(() => localStorage.clear());
  await dashboard.page.reload();
  await dashboard.isLive();
  await expect.poll(() => states(dashboard)).toEqual(expected);
  await dashboard.hasCircles("aider", "claude", "codex", "cursor", "gemini");
  await expect(dashboard.daemon("codex")).toContainText("cargo test: exit 101");
  await expect(dashboard.daemon("cursor")).toContainText("May I run rm?");
  await expect(dashboard.daemon("gemini")).toContainText("read 300 files");
  expect(await head(server)).toBe(before);
});

durable("a call is work from its beginning to its end, on that circle only", async ({ dashboard, server }) => {
  await tell(server, [about("claude", "summon"), about("codex", "summon"), begins("codex", "a", "build the page")]);
  const phase = async (name: string) => (await dashboard.stage()).circles.find((circle) => circle.name === name)?.phase;
  await expect.poll(() => phase("codex")).toBe("working");
  expect(await phase("claude")).toBe("idle");
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "working");
  await expect(dashboard.daemon("codex")).toContainText("build the page");
  // To be looked at ends nothing.
  await fetch(`${server.url}/daemons/codex`);
  await tell(server, [about("codex", "invoke", { call_id: "a", task: "build the page", execution_time: 7 })]);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "idle");
  await expect.poll(() => phase("codex")).toBe("idle");
  await dashboard.page.getByTestId("figure").selectOption("mean");
  await expect(dashboard.daemon("codex")).toContainText("7.00 s");
});

durable("a call is one row: work that goes on, then how it ended", async ({ dashboard, server }) => {
  const { page } = dashboard;
  const row = (task: string) => dashboard.rows.filter({ hasText: task });
  await tell(server, [about("codex", "summon"), begins("codex", "a", "build the page"), begins("codex", "b", "lint it")]);
  await expect(row("build the page")).toContainText(/page0:0[1-9]/);
  await tell(server, [
    about("codex", "invoke", { call_id: "a", task: "build the page", execution_time: 7 }),
    about("codex", "invoke", { call_id: "b", task: "lint it", error: "exit 1" }, { success: false }),
    begins("codex", "c", "think"),
    about("codex", "voice", {}, { description: "I am done." }),
    begins("codex", "d", "write"),
  ]);
  const isSo = async () => {
    await expect(row("build the page")).toHaveCount(1);
    await expect(row("build the page")).toContainText("7.00 s");
    await expect(row("lint it")).toHaveCount(1);
    await expect(row("lint it")).toContainText("exit 1");
    await expect(row("lint it")).toHaveAttribute("data-success", "false");
    // The daemon spoke: what it did before is over, and nobody knows since when.
    await expect(row("think")).toContainText("–");
    await expect(row("write")).toContainText(/\d:\d\d/);
    // In the order of their beginnings, whatever ended when.
    await expect(dashboard.rows.locator(".text")).toHaveText(["write", "think", "lint it", "build the page", "materializes"]);
  };
  await isSo();
  await row("build the page").click();
  await expect(dashboard.detail).toContainText("invoke · codex");
  await page.keyboard.press("Escape");
  await page.reload();
  await dashboard.isLive();
  await isSo();
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await dashboard.isLive();
  await isSo();
  await page.getByTestId("filter-spell").selectOption("invoke");
  await expect(dashboard.rows).toHaveCount(4);
  await page.getByTestId("filter-spell").selectOption("");
  await page.getByTestId("filter-failures").click();
  await expect(dashboard.rows).toHaveText(/lint it/);
});

durable("looks, parses and voices are counted, and shown to who asks", async ({ dashboard, server }) => {
  const { page } = dashboard;
  const texts = dashboard.rows.locator(".text");
  await tell(server, [
    about("codex", "summon"),
    about("codex", "voice", {}, { description: "I rise." }),
    about("codex", "reveal", { query_type: "progress", task: "half" }),
    begins("codex", "a", "push"),
    about("codex", "voice", { attention: true, call_id: "a", task: "push?" }),
  ]);
  await expect(page.getByTestId("hidden-rows")).toHaveText("looks, parses and voices: 2 hidden");
  await expect(texts).toHaveText(["push", "materializes"]);
  await expect(dashboard.rows.first()).toHaveClass(/waits/);
  await expect(dashboard.rows.first().locator("time")).toHaveText(/^\d\d:\d\d$/);
  await page.getByTestId("show-all").click();
  await expect(texts).toHaveText(["push", "half", "“I rise.”", "materializes"]);
  await page.getByTestId("show-all").click();
  await page.getByTestId("filter-spell").selectOption("voice");
  await expect(texts).toHaveText(["asks: push?", "“I rise.”"]);
});

durable("a failure lasts until it was seen", async ({ dashboard, server }) => {
  await tell(server, [about("codex", "summon"), about("codex", "invoke", { task: "t", error: "exit 1" }, { success: false })]);
  await tell(server, [begins("codex", "b", "again")]);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "failed");
  await tell(server, [about("codex", "reveal", { query_type: "acknowledge" })]);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "working");
  await expect(dashboard.rows.first()).toContainText("its failure was seen");
});

durable("who was published is listed, and is banished by a spell", async ({ dashboard, server }) => {
  await tell(server, [about("codex", "summon")]);
  await dashboard.hasCircles("codex");
  await dashboard.cast("list active daemons");
  await expect(dashboard.feedback).toContainText("codex");
  await dashboard.cast("banish codex");
  await dashboard.hasCircles();
  await expect(dashboard.row("banish", "codex")).toHaveText(/returns to the void$/);
});

const ask = async (server: ArcaneServer, path: string): Promise<any> => (await fetch(`${server.url}${path}`)).json();

/** Cost of all events of the log that `counts`, in cents. */
async function spent(server: ArcaneServer, counts: (event: any) => boolean = () => true): Promise<string> {
  let [sum, after] = [0, 0];
  for (;;) {
    const { events } = await (await fetch(`${server.url}/events?limit=1000&after=${after}`)).json();
    if (events.length === 0) return `$ ${sum.toFixed(2)}`;
    for (const event of events.filter(counts)) sum += event.metadata.cost_usd ?? 0;
    after = events.at(-1).seq;
  }
}

durable("under every window table, statistics, detail and past agree with the log to the cent", async ({ dashboard, server }) => {
  const { page } = dashboard;
  const work = (daemon: string, n: number) =>
    about(daemon, "invoke", { task: `${daemon} ${n}`, execution_time: 0.5, cost_usd: 0.0137 * (1 + (n % 9)), input_tokens: 7 });
  const names = ["aider", "claude", "codex"];
  await tell(server, Array.from({ length: 700 }, (_, n) => work(names[n % 3], n)));
  await tell(server, [about("codex", "banish"), about("claude", "summon")]);
  const last = await tell(server, Array.from({ length: 200 }, (_, n) => work(names[n % 2], n)));
  await tell(server, [about("codex", "reveal", { query_type: "enrich", cost_usd: 1.005 })]);
  const begun = (await ask(server, "/roster")).roster.daemons.find((one: any) => one.daemon_name === "claude");
  const summoned = last - 200;
  const ofSession = (event: any) => event.daemon_name !== "claude" || event.seq > summoned;
  expect(begun.session.invocations).toBe(100);
  const agree = async (window: string, words: string, sum: string) => {
    await page.getByTestId("window").first().selectOption(window);
    await expect.poll(() => figure(page, new RegExp(`cost ${words}`))).toBe(sum);
    const told = await ask(server, `/statistics?window=${window || "today"}`);
    expect(`$ ${told.sums.cost_usd.toFixed(2)}`).toBe(sum);
    const own = `$ ${told.figures.find((one: any) => one.daemon_name === "claude").cost_usd.toFixed(2)}`;
    // The list stands still: a row that is clicked does not become another one.
    await page.getByTestId("feed").hover();
    await page.locator("[data-testid=feed-row][data-daemon=claude]").first().click();
    await expect(dashboard.detail).toContainText(`${own} ${words}`);
    await page.keyboard.press("Escape");
    await page.getByTestId("statistics").click();
    const dialog = page.getByTestId("stats-dialog");
    await expect(dialog).toContainText(`calls ${words}`);
    await expect(dialog.locator("tbody tr", { hasText: "claude" })).toContainText(own);
    await page.keyboard.press("Escape");
  };
  const all = async () => {
    await agree("", "today", await spent(server));
    await agree("session", "this session", await spent(server, ofSession));
    await agree("all", "in all", await spent(server));
  };
  await all();
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await dashboard.isLive();
  await all();
  await expect(page.locator("#last-heard")).toHaveText(/last event ([2-9]|\d\d) s ago/);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Space");
  await expect(dashboard.link).toHaveAttribute("data-mode", /past|paused/);
  await all();
});

durable("table, statistics and the past sum what the log has, and say of which day", async ({ dashboard, server }) => {
  const { page } = dashboard;
  const costs = Array.from({ length: 300 }, (_, n) => 0.01 + (n % 7) * 0.003);
  await tell(server, [about("claude", "summon")]);
  await tell(server, costs.map((cost_usd) => about("claude", "invoke", { task: "x", execution_time: 0.5, cost_usd, input_tokens: 10 })));
  const sum = `$ ${costs.reduce((sum, cost) => sum + cost, 0).toFixed(2)}`;
  await expect.poll(() => figure(page, /cost today/)).toBe(sum);
  await expect.poll(() => figure(page, /tokens/)).toBe("3000 · –");
  await page.evaluate(() => localStorage.clear());
  await page.reload();
  await dashboard.isLive();
  await expect.poll(() => figure(page, /cost today/)).toBe(sum);
  await page.getByTestId("figure").selectOption("tasks");
  await expect(dashboard.daemon("claude")).toContainText("300");
  await page.getByTestId("statistics").click();
  const dialog = page.getByTestId("stats-dialog");
  await expect(dialog).toContainText("calls today");
  await expect(dialog.locator("tbody tr", { hasText: "claude" })).toContainText(sum);
  await page.keyboard.press("Escape");
  // The same moment as the past: stand still, and look. The moment is of a whole strip of time, not of this very event.
  await expect(page.locator("#last-heard")).toHaveText(/last event ([2-9]|\d\d) s ago/);
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("Space");
  await expect(dashboard.link).toHaveAttribute("data-mode", /past|paused/);
  await expect.poll(() => figure(page, /cost today/)).toBe(sum);
});

durable("a daemon that fails unannounced has a row, and the table says what it leaves out", async ({ dashboard, server }) => {
  const failed = { task: "cargo build", error: "exit 101", execution_time: 3, cost_usd: 2 };
  await tell(server, [about("ghost", "invoke", failed, { success: false })]);
  const { page } = dashboard;
  const ghost = dashboard.daemon("ghost");
  for (const [figure, shown] of [["tasks", "1"], ["success", "0.0 %"], ["mean", "3.00 s"], ["tokens", "–"], ["cost", "$ 2.00"]]) {
    await page.getByTestId("figure").selectOption(figure);
    await expect(ghost.locator("b")).toHaveText(shown);
  }
  await expect(ghost).toHaveAttribute("data-state", "gone");
  expect(await figure(page, /waited/)).toBe("–");
  await expect(page.getByTestId("left-out")).toBeHidden();
  await tell(server, Array.from({ length: 120 }, (_, n) => about(`d${n}`, "summon")));
  await expect(page.getByTestId("left-out")).toBeHidden();
  await expect(page.getByTestId("fold")).toHaveText(["120 idle ▸", "1 gone ▸"]);
  await expect(page.getByTestId("daemon-row")).toHaveCount(0);
  await page.getByTestId("fold").first().click();
  await expect(page.getByTestId("daemon-row")).toHaveCount(40);
  await expect(page.getByTestId("left-out")).toHaveText("80 more");
  await page.getByTestId("left-out").click();
  await expect(page.getByTestId("daemon-row")).toHaveCount(120);
  await expect(page.getByTestId("left-out")).toBeHidden();
  await page.reload();
  await dashboard.isLive();
  await expect(page.getByTestId("figure")).toHaveValue("cost");
});
