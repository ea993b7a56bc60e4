import { readFile } from "node:fs/promises";

import type { Page } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

const event = (room: string, spell_name: string, daemon_name: string, at: number) => ({
  spell_name,
  daemon_name,
  timestamp: `2026-01-31T09:00:0${at}.000000`,
  success: true,
  description: "",
  metadata: { task: `${room} ${at}` },
  seq: at,
  room,
});

/** Lines as a file. */
const lines = (...lines: object[]) => lines.map((line) => JSON.stringify(line)).join("\n");

const ofLab = lines(
  { arcane_recording: 1, room: "lab", present: [{ daemon_name: "tester", color: "#8B5CF6" }] },
  event("lab", "invoke", "tester", 1),
  event("lab", "summon", "second", 2),
);

/** What `arcane export` writes. */
const ofSeveral = lines(
  { type: "arcane-export", version: 1 },
  { type: "room", room: "lab", epoch: "k1", first: 1, head: 3 },
  event("lab", "summon", "tester", 1),
  event("lab", "invoke", "tester", 2),
  event("lab", "summon", "second", 3),
  { type: "room", room: "ops", epoch: "k2", first: 1, head: 2 },
  event("ops", "summon", "watch", 1),
  event("ops", "invoke", "watch", 2),
  { type: "end", events: 5 },
);

async function openFile(page: Page, text: string): Promise<void> {
  await page.getByTestId("open-recording").setInputFiles({ name: "a.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(text) });
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "recording");
}

const rooms = async (server: ArcaneServer): Promise<string[]> => {
  const answer: any = await (await fetch(`${server.url}/rooms`)).json();
  return answer.rooms.map((card: any) => card.room);
};

for (const way of ["Escape", "Back to live"]) {
  test(`a recording of another room is left by ${way} to the room from before`, async ({ dashboard, server, page }) => {
    await server.summon("claude");
    await dashboard.hasCircles("claude");
    await openFile(page, ofLab);
    await expect(page.getByTestId("travel-note")).toContainText("lab");
    await expect(dashboard.row("summon", "claude")).toHaveCount(0);
    await (way === "Escape" ? page.keyboard.press("Escape") : page.getByTestId("back-to-live").click());
    await dashboard.isLive();
    await dashboard.hasCircles("claude");
    await expect(page.getByTestId("room-select")).toHaveValue("main");
    expect(new URL(page.url()).search).toBe("");
    await expect(dashboard.row("summon", "second")).toHaveCount(0);
    await server.summon("gemini");
    await dashboard.hasCircles("claude", "gemini");
    expect(await rooms(server)).toEqual(["main"]);
  });
}

test("a room that is chosen while a recording is open is entered", async ({ dashboard, server, page }) => {
  await server.post("/events?room=ops", { spell_name: "summon", daemon_name: "watch" });
  await openFile(page, ofLab);
  await page.getByTestId("room-select").focus();
  await page.getByTestId("room-select").selectOption("ops");
  await dashboard.isLive();
  await dashboard.hasCircles("watch");
  await expect(page).toHaveURL(/\?room=ops$/);
  await expect(dashboard.row("invoke", "tester")).toHaveCount(0);
});

test("a spell that is cast while a recording is open is seen where it acts", async ({ dashboard, page }) => {
  await openFile(page, ofLab);
  await dashboard.cast("summon claude");
  await dashboard.isLive();
  await dashboard.hasCircles("claude");
  await expect(dashboard.row("summon", "claude")).toHaveCount(1);
});

test("a server of fixed rooms is not asked for a recording's room", async ({ page }) => {
  const server = new ArcaneServer(["--rooms", "main"]);
  await server.start();
  try {
    await page.goto(server.url);
    await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
    await openFile(page, ofLab);
    await page.keyboard.press("Escape");
    await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
  } finally {
    await server.stop();
  }
});

test("a backup of one room is shown as that room's", async ({ dashboard, page }) => {
  await openFile(page, ofSeveral.split("\n").slice(0, 5).join("\n"));
  await expect(page.getByTestId("travel-note")).toContainText("lab");
  await expect(page.getByTestId("notice")).not.toContainText("left out");
  await expect(page.getByTestId("recorded-room")).toBeHidden();
  await page.getByTestId("scrubber").press("End");
  await dashboard.hasCircles("second", "tester");
});

test("a backup of several rooms is shown one room at a time", async ({ dashboard, page }) => {
  await openFile(page, ofSeveral);
  const shown = page.getByTestId("recorded-room");
  await expect(shown).toHaveValue("lab");
  await expect(page.getByTestId("notice")).toContainText("A recording of 3 events of the room lab, one of 2 rooms");
  await expect(page.getByTestId("notice")).not.toContainText("left out");
  await page.getByTestId("scrubber").press("End");
  await dashboard.hasCircles("second", "tester");
  await shown.selectOption("ops");
  await page.getByTestId("scrubber").press("End");
  await dashboard.hasCircles("watch");
  await expect(dashboard.row("invoke", "tester")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await dashboard.isLive();
  await expect(page.getByTestId("room-select")).toHaveValue("main");
});

test("a recording that was chosen with keys or a click leaves the keys to the page", async ({ dashboard, page }) => {
  for (const again of [false, true]) {
    const chooser = page.waitForEvent("filechooser");
    if (again) {
      await page.getByTestId("open-recording").focus();
      await page.keyboard.press("Space");
    } else await page.getByText("↑ Open").click();
    await (await chooser).setFiles({ name: "a.ndjson", mimeType: "application/x-ndjson", buffer: Buffer.from(ofLab) });
    await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "recording");
    await page.keyboard.press("f");
    await expect(page).toHaveURL(/success=false/);
    await page.keyboard.press("f");
    await page.keyboard.press("Escape");
    await dashboard.isLive();
  }
  // The chooser was closed without a file: the keys are the page's there, too, as on any button.
  await page.getByTestId("open-recording").focus();
  await page.keyboard.press("f");
  await expect(page).toHaveURL(/success=false/);
});

/** What a page says of a room: counts, cost, and who has which state. */
const told = async (page: Page): Promise<string[]> => {
  const header = ["working", "failed", "idle", "cost"].map((id) => page.getByTestId(id).innerText());
  const rows = await page.getByTestId("daemon-row").evaluateAll((rows) =>
    rows.map((row) => `${row.getAttribute("data-daemon")} ${row.getAttribute("data-state")}`).sort());
  return [...(await Promise.all(header)), await page.getByTestId("wait-pill").locator("b").first().innerText(), ...rows];
};

async function saved(page: Page): Promise<string> {
  const download = page.waitForEvent("download");
  await page.getByTestId("save-recording").click();
  const file = await (await download).path();
  return readFile(file, "utf8");
}

/** Events beyond those that a page which comes later is sent: who waits, fails and cost most is in none of them. */
async function longAgo(server: ArcaneServer): Promise<void> {
  const about = (daemon_name: string, spell_name: string, metadata: object, more = {}) => ({ daemon_name, spell_name, metadata, ...more });
  const early = [
    about("gemini", "summon", {}), about("codex", "summon", {}), about("claude", "summon", {}), about("qwen", "summon", {}),
    about("codex", "invoke", { task: "cargo build", error: "exit 101", cost_usd: 4.17 }, { success: false }),
    about("gemini", "voice", { attention: true, task: "git push" }),
    about("qwen", "invoke", { phase: "begin", call_id: "c1", task: "npm test" }),
  ];
  for (const event of early) await server.publish(event);
  for (let n = 0; n < 150; n++) await server.publish(about("claude", "invoke", { task: `step ${n}`, cost_usd: 0.01 }));
}

test("a recording of a page that came late has the figures of the page", async ({ page, server }) => {
  await longAgo(server);
  const dashboard = new Dashboard(page);
  await dashboard.open(server.url);
  await expect(page.getByTestId("cost")).toHaveText("$ 5.67");
  const before = await told(page);
  const file = await saved(page);
  expect(file.split("\n").filter((line) => line.includes("spell_name")).length).toBeLessThan(150);
  await openFile(page, file);
  await expect(page.getByTestId("notice")).not.toContainText("alone");
  await page.getByTestId("scrubber").press("End");
  await expect(page.getByTestId("cost")).toHaveText("$ 5.67");
  expect(await told(page)).toEqual(before);
  await expect(page.getByTestId("travel-note")).not.toContainText("figures");
});

test("a recording that lacks what was before it says of what its figures are", async ({ page, server }) => {
  await longAgo(server);
  const dashboard = new Dashboard(page);
  await dashboard.open(server.url);
  await page.route("**/roster?*", (route) => route.abort());
  const file = await saved(page);
  await openFile(page, file);
  await expect(page.getByTestId("notice")).toContainText("figures are of these events alone");
  await page.getByTestId("scrubber").press("End");
  await expect(page.getByTestId("travel-note")).toContainText(/figures of this recording, \d{4}-\d\d-\d\d \d\d:\d\d:\d\d to \d\d:\d\d:\d\d/);
});
