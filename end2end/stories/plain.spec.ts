import type { Page } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { tell } from "../support/log.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata,
  ...more,
});
const EVENTS = [
  about("claude", "summon"),
  about("explore", "summon", { parent_daemon: "claude" }),
  about("claude", "invoke", { task: "read the chronicle" }),
  about("claude", "voice", {}, { description: "I materialize." }),
  about("aider", "summon"),
  about("aider", "banish", { invocation_count: 9 }),
];

test("words are plain where a viewer wants them, and nothing else changes", async ({ dashboard, server, page }) => {
  const heads = page.locator("h2:visible");
  const texts = dashboard.rows.locator(".text");
  const marks = dashboard.rows.locator(".sign");
  await tell(server, EVENTS);
  await expect(heads).toHaveText(["Daemons", "Chronicle"]);
  await expect(texts).toHaveText([
    "returns to the void after 9 tasks", "materializes", "read the chronicle", "steps from claude’s shadow", "materializes",
  ]);
  const before = await marks.allTextContents();
  await page.keyboard.press(",");
  await page.getByTestId("words").selectOption("plain");
  await page.keyboard.press("Escape");
  await expect(heads).toHaveText(["Agents", "Log"]);
  await expect(texts).toHaveText(["left, 9 tasks done", "started", "read the chronicle", "started by claude", "started"]);
  await expect(page.getByTestId("hidden-rows")).toHaveText("looks, commands and sayings: 1 hidden");
  await expect(page.getByTestId("spell-submit")).toHaveText("Send");
  await expect(page.locator("#present")).toHaveText("2 here");
  expect(await marks.allTextContents()).toEqual(before);
  await page.getByTestId("filter-spell").selectOption("voice");
  await expect(texts).toHaveText(["said “I materialize.”"]);
  await page.reload();
  await dashboard.isLive();
  await expect(heads).toHaveText(["Agents", "Log"]);
});

test("a server says which words its page begins with, and a viewer's choice comes before it", async ({ page }) => {
  const server = new ArcaneServer(["--plain"]);
  await server.start();
  const dashboard = new Dashboard(page);
  await dashboard.open(server.url);
  const heads = page.locator("h2:visible");
  await tell(server, EVENTS);
  await expect(heads).toHaveText(["Agents", "Log"]);
  await page.keyboard.press(",");
  await page.getByTestId("words").selectOption("fantasy");
  await page.keyboard.press("Escape");
  await expect(heads).toHaveText(["Daemons", "Chronicle"]);
  await server.stop();
});

/** The words of the theme. What is typed, what stands in a shell, and what is data as it is on the wire is in nobody's words. */
const THEME = /\b(spells?|daemons?|realm|summon\w*|banish\w*|familiars?|void|veil|runes?|chronicle|incantations?|mana|gate|cast|invoke\w*|materialize\w*|destabili\w+|shadow)\b/i;

/** All that is written on the page, and said of it to those who listen. */
const written = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const told = new Set<string>();
    const data = "code, pre, script, style, noscript, #absent, #absent *, option[value=fantasy]";
    for (const element of document.querySelectorAll("body *")) {
      if (element.matches(data) || element.closest("[hidden]")) continue;
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) told.add(node.textContent!.trim());
      for (const name of ["aria-label", "aria-description", "aria-valuetext", "title", "placeholder", "alt"]) told.add(element.getAttribute(name) ?? "");
    }
    told.add(document.title);
    return [...told];
  });

test("in plain words no word of the theme is left, wherever one looks", async ({ page }) => {
  const server = new ArcaneServer(["--plain"]);
  await server.start();
  const dashboard = new Dashboard(page);
  const isPlain = async (where: string) => {
    const left = (await written(page)).filter((text) => THEME.test(text));
    expect(left, where).toEqual([]);
  };
  await dashboard.open(server.url);
  await expect(page.locator("h2:visible").first()).toHaveText("Agents");
  await expect(page.getByTestId("empty-state")).toContainText("All is quiet");
  await isPlain("an empty room");
  await tell(server, [
    ...EVENTS.filter((event: any) => event.spell_name === "summon" || event.spell_name === "banish"),
    about("claude", "voice", {}, { description: "All tests pass." }),
    about("codex", "summon"),
    about("codex", "invoke", { task: "cargo build", error: "exit 101", sync: { deadline_ms: 5_000, display_text: "Rune destabilization detected" } }, { success: false }),
    about("gemini", "summon"),
    about("gemini", "voice", { attention: true, task: "git push" }),
  ]);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "failed");
  await page.getByTestId("show-all").click();
  await isPlain("stage, table, log, lane and header");
  for (const [key, testid] of [["?", "help-dialog"], [",", "settings-dialog"], ["i", "stats-dialog"]]) {
    await page.keyboard.press(key);
    await expect(page.getByTestId(testid)).toBeVisible();
    await isPlain(testid);
    await page.keyboard.press("Escape");
  }
  await dashboard.row("summon", "explore").click();
  await expect(dashboard.detail).toContainText("started · explore");
  await isPlain("an event in full");
  await page.keyboard.press("Escape");
  await page.getByTestId("search").click();
  await isPlain("the search");
  await page.getByTestId("search").click();
  await dashboard.daemon("codex").locator(".name").click();
  await expect(page.getByTestId("drawer")).toBeVisible();
  await isPlain("the drawer");
  await page.keyboard.press("Escape");
  await page.getByTestId("scrubber").focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByTestId("travel-banner")).toBeVisible();
  await isPlain("the past");
  await page.keyboard.press("Escape");
  await tell(server, [about("codex", "banish"), about("claude", "banish"), about("explore", "banish"), about("gemini", "banish")]);
  await expect(page.getByTestId("empty-state")).toContainText("Everybody has left");
  await isPlain("everybody is gone");
  await server.stop();
  await expect(dashboard.link).toHaveAttribute("data-state", "reconnecting");
  await isPlain("a server that is gone");
});
