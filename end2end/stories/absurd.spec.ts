import { holdsEverything } from "../support/boxes.ts";
import type { Dashboard } from "../support/dashboard.ts";
import { tell } from "../support/log.ts";
import type { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

/** Nothing that may turn the lines of its neighbours, or hide, or take no place. */
const SIGNS = "\u202e\u2066שלום עולם\u200f مرحبا\u200b\u200d\u2060\ufeff 👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿" + "Z̸̡͎".repeat(60);
const MARKUP = "<img src=x onerror='window.hacked=1'><script>window.hacked=2</script><svg onload=window.hacked=3>&amp;";

const invoke = (daemon_name: string, metadata: object, more: object = {}): object => ({
  spell_name: "invoke",
  daemon_name,
  metadata,
  ...more,
});

const failure = (daemon_name: string, text: string): object =>
  invoke(daemon_name, { task: text, error: text, sync: { display_text: text } }, { success: false, description: text });

/** Waits until everything that was told is on the page. */
async function hasAll(dashboard: Dashboard, server: ArcaneServer, seq: number): Promise<void> {
  await expect.poll(async () => (await dashboard.stage()).last_seq).toBeGreaterThanOrEqual(seq);
  // Also looks, parses and voices.
  const show = dashboard.page.getByTestId("show-all").and(dashboard.page.locator("[aria-pressed=false]"));
  const shown = async () => {
    if (await show.isVisible()) await show.click();
    return Number(await dashboard.rows.first().getAttribute("data-seq"));
  };
  await expect.poll(shown).toBeGreaterThanOrEqual(seq);
  const state = await dashboard.stage();
  expect([state.events_total, state.missing, state.duplicates, state.undecodable]).toEqual([state.last_seq, 0, 0, 0]);
  expect(await dashboard.page.evaluate(() => (window as any).hacked)).toBeUndefined();
  await expect(dashboard.page.locator("img, body script, iframe")).toHaveCount(0);
  await dashboard.isLive();
}

test("a task of ten kilobytes stays in its row", async ({ dashboard, server }) => {
  await server.summon("claude");
  const long = { task: "w".repeat(10_000), execution_time: 1, parameters: { text: "x".repeat(10_000) } };
  const seq = await tell(server, [
    invoke("claude", long),
    invoke("claude", { task: "many words ".repeat(900) }),
    failure("claude", "y".repeat(10_000)),
    { spell_name: "voice", daemon_name: "claude", description: "z".repeat(10_000) },
    { spell_name: "parse", metadata: { spell_text: "p".repeat(10_000), parsed_action: "a".repeat(1_000) } },
    invoke("n".repeat(64), long),
  ]);
  await hasAll(dashboard, server, seq);
  await holdsEverything(dashboard);
});

test("text that runs the other way, hides or piles up stays in its row", async ({ dashboard, server }) => {
  await server.summon("claude");
  const seq = await tell(server, [
    invoke("claude", { task: SIGNS, execution_time: 1 }),
    invoke("claude", { task: "\u200b\u200d\u2060\ufeff" }),
    invoke("claude", { task: "line one\nline two\r\n\tline three\u0000\u2028end" }),
    { spell_name: "voice", daemon_name: "claude", description: SIGNS },
    failure("claude", SIGNS),
  ]);
  await hasAll(dashboard, server, seq);
  // A row that turns its text has not turned its neighbours.
  const aside = (await dashboard.rows.first().locator(".aside").boundingBox())!;
  const row = (await dashboard.rows.first().boundingBox())!;
  expect(aside.x + aside.width).toBeGreaterThan(row.x + row.width - 20);
  await holdsEverything(dashboard);
});

test("markup in every text is text", async ({ dashboard, server, page }) => {
  const texts = { task: MARKUP, error: MARKUP, model: MARKUP, reason: MARKUP, parent_daemon: MARKUP, query_type: MARKUP };
  const more = { spell_text: MARKUP, parsed_action: MARKUP, tone: MARKUP, event: MARKUP, audio_path: MARKUP, [MARKUP]: MARKUP };
  const sync = { display_text: MARKUP, text_color: MARKUP, animation: MARKUP, particles: MARKUP, audio: MARKUP };
  const metadata = { ...texts, ...more, sync, color: MARKUP, conduit: MARKUP, daemon_name: MARKUP };
  const spells = ["summon", "banish", "reveal", "parse", "voice", "invoke"];
  const one = (success: boolean) =>
    spells.map((spell_name) => ({ spell_name, daemon_name: "claude", success, description: MARKUP, metadata }));
  const seq = await tell(server, [...one(true), ...one(false)]);
  await hasAll(dashboard, server, seq);
  await expect(dashboard.displayText).toContainText("<img src=x");
  for (const row of await dashboard.rows.all()) {
    await row.click();
    await expect(dashboard.detail).toContainText("<img src=x");
    await page.keyboard.press("Escape");
  }
  await hasAll(dashboard, server, seq);
  await holdsEverything(dashboard);
});

test("a length of time that no clock shows stays in its row", async ({ dashboard, server }) => {
  const times = [1e-300, 1e15, 1e308, 123_456_789.987_654, 0, null];
  const took = (execution_time: number | null) => invoke("n".repeat(64), { task: "takes its time", execution_time });
  const seq = await tell(server, times.map(took));
  await hasAll(dashboard, server, seq);
  // However long it took, one can read what.
  for (const text of await dashboard.rows.locator(".text").all()) {
    expect((await text.boundingBox())!.width).toBeGreaterThan(40);
  }
  await holdsEverything(dashboard);
});

test("counts that nobody counts stay in the table", async ({ dashboard, server }) => {
  const counts = [0, 2 ** 53, 2 ** 63];
  const times = [1e-300, 1e308, 123_456_789.987_654];
  const counted = counts.map((invocation_number, n) => invoke(`counts-${n}`, { task: "t", invocation_number }));
  const worked = times.map((execution_time, n) => invoke(`works-${n}`, { task: "t", execution_time }));
  const banished = counts.map((invocation_count, n) => ({
    spell_name: "banish",
    daemon_name: `gone-${n}`,
    metadata: { total_time: 1e308, invocation_count },
  }));
  const looked = { spell_name: "reveal", metadata: { daemon_count: 2 ** 63 } };
  const seq = await tell(server, [...counted, ...worked, ...banished, looked]);
  await hasAll(dashboard, server, seq);
  await holdsEverything(dashboard);
});

test("what is no number is refused by name, or shown as none", async ({ dashboard, server }) => {
  await server.summon("claude");
  const refused = async (metadata: object, pointer: string) => {
    const { status, answer } = await server.publish(invoke("claude", metadata));
    expect([status, JSON.stringify(answer)], pointer).toEqual([422, expect.stringContaining(pointer)]);
  };
  for (const execution_time of ["NaN", "Infinity", "1", -1, -1e308, true, [1], {}]) {
    await refused({ execution_time }, "/metadata/execution_time");
  }
  for (const invocation_number of ["1", -1, 1.5, 1e308]) await refused({ invocation_number }, "/metadata/invocation_number");
  for (const deadline_ms of [-1, 0.5, "200", null, 1e10]) await refused({ sync: { deadline_ms } }, "/metadata/sync/deadline_ms");
  await refused({ sync: { invert: "yes" } }, "/metadata/sync/invert");
  await refused({ task: 7 }, "/metadata/task");
  await refused({ parameters: [] }, "/metadata/parameters");
  // What the protocol does not know, nobody checks.
  const strange = ["NaN", null, 1e308, -1, [], {}, true];
  const fields = (value: unknown) => ({ attention: value, phase: value, total_time: value, color: value, model: value });
  const told = (value: unknown, n: number) => invoke("claude", { task: `strange ${n}`, ...fields(value), sync: { emitted_at: value } });
  const seq = await tell(server, strange.map(told));
  await hasAll(dashboard, server, seq);
  await holdsEverything(dashboard);
});

test("a deadline of nothing is missed and a deadline of days is kept", async ({ dashboard, server }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  const missed = async () => (await dashboard.stage()).missed;
  const painted = async () => (await dashboard.stage()).painted;
  // A summons is two events, and its greeting may be painted after the circle is there.
  await expect.poll(painted).toBe(2);
  const [before, shown] = [await missed(), await painted()];
  const due = (deadline_ms: number) => invoke("claude", { task: `in ${deadline_ms}`, sync: { deadline_ms } });
  await tell(server, [due(0), due(0)]);
  await expect.poll(missed).toBe(before + 2);
  const seq = await tell(server, [due(1e9), due(4_294_967_295)]);
  await expect.poll(painted).toBe(shown + 4);
  expect(await missed()).toBe(before + 2);
  await hasAll(dashboard, server, seq);
  await expect(dashboard.page.locator("#missed")).toHaveText(String(before + 2));
});

test("events of other centuries are told like any others", async ({ dashboard, server }) => {
  const times = ["0001-01-01T00:00:00", "1969-12-31T23:59:59", "1970-01-01T00:00:00", "2262-04-12T00:00:00", "9999-12-31T23:59:59"];
  const seq = await tell(server, times.map((timestamp) => invoke("claude", { task: timestamp }, { timestamp })));
  await hasAll(dashboard, server, seq);
  await expect(dashboard.row("invoke", "claude")).toHaveCount(times.length);
  await holdsEverything(dashboard);
});

test("a thousand daemons are told, and the ones that are shown fit", async ({ dashboard, server, page }) => {
  const all = Array.from({ length: 1_000 }, (_, n) => ({ spell_name: "summon", daemon_name: `d-${n}` }));
  await hasAll(dashboard, server, await tell(server, all));
  expect((await dashboard.stage()).circles.length).toBeGreaterThan(0);
  await page.getByTestId("fold").first().click();
  await expect(page.getByTestId("daemon-row").first()).toBeVisible();
  await holdsEverything(dashboard);
  await tell(server, all.map((event) => ({ ...event, spell_name: "banish" })));
  await dashboard.hasCircles();
});

test("the longest names of a full stage stay in the window", async ({ dashboard, server }) => {
  const all = Array.from({ length: 28 }, (_, n) => ({ spell_name: "summon", daemon_name: `daemon-${n}-`.padEnd(64, "x") }));
  await hasAll(dashboard, server, await tell(server, all));
  await expect(dashboard.page.locator(".label[data-kind^=seat]")).toHaveCount(8);
  await holdsEverything(dashboard);
});

test("the strip of a phone holds its buttons", async ({ dashboard, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  const edge = async (selector: string) => {
    const { x, width } = (await page.locator(selector).boundingBox())!;
    return x + width;
  };
  await expect.poll(async () => (await edge("#replay")) <= (await edge(".strip"))).toBe(true);
  await dashboard.isLive();
});

test("the table says how many daemons are present, also beyond its rows", async ({ dashboard, server, page }) => {
  const all = Array.from({ length: 1_000 }, (_, n) => ({ spell_name: "summon", daemon_name: `daemon-${n}` }));
  await hasAll(dashboard, server, await tell(server, all));
  await expect(page.locator("#present")).toHaveText("1000 present");
});

test("unknown fields and spells are refused by name, and open metadata is kept", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  const refused = async (event: object, named: string) => {
    const { status, answer } = await server.publish(event);
    expect([status, JSON.stringify(answer)], named).toEqual([422, expect.stringContaining(named)]);
  };
  await refused({ spell_name: "transmogrify" }, "transmogrify");
  await refused({ spell_name: MARKUP }, "/spell_name");
  await refused({ spell_name: "summon", daemon_name: MARKUP }, "/daemon_name");
  await refused({ spell_name: "summon", daemon_name: "x".repeat(65) }, "/daemon_name");
  await refused({ spell_name: "summon", surprise: 1 }, "/surprise");
  await refused({ spell_name: "summon", timestamp: "-1" }, "/timestamp");
  await refused({ spell_name: "summon", description: "x".repeat(20_000) }, "/description");
  const strange = { surprise: { deeply: [[[{ nested: [null, true] }]]] }, __proto: 1, constructor: "x", toString: null, "": "" };
  const seq = await tell(server, [invoke("claude", { task: "strange", ...strange, sync: { aurora: [1], animation: "aurora" } })]);
  await hasAll(dashboard, server, seq);
  await dashboard.row("invoke", "claude").click();
  await expect(dashboard.detail).toContainText('"surprise"');
  await page.keyboard.press("Escape");
  await holdsEverything(dashboard);
});

test("a spell of a later version is shown as what it is", async ({ page, server, dashboard }) => {
  // This server has none, so the page hears it from a socket that the story writes into.
  await page.routeWebSocket(/\/ws\/events/, (socket) => {
    const upstream = socket.connectToServer();
    upstream.onMessage((message) => {
      const text = String(message);
      const later = text.replace('"spell_name":"invoke"', '"spell_name":"transmogrify","later":[{}]');
      socket.send(text.includes("from later") ? later : message);
    });
  });
  await page.reload();
  await dashboard.isLive();
  const seq = await tell(server, [invoke("claude", { task: "from later" }, { description: "turns lead into gold" })]);
  await hasAll(dashboard, server, seq);
  await expect(dashboard.row("transmogrify", "claude")).toContainText("turns lead into gold");
  await holdsEverything(dashboard);
});
