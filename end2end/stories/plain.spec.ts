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
  await expect(page.getByTestId("hidden-rows")).toHaveText("1 looks, commands and sayings hidden");
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
