// What a reader of the page meets, state by state: no barrier that axe knows, and every word on its ground by 4.5 to 1.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { crowd } from "../support/cast.ts";
import { unreadable } from "../support/contrast.ts";
import { Dashboard } from "../support/dashboard.ts";
import { logged, tasks, tell } from "../support/log.ts";
import type { ArcaneServer } from "../support/server.ts";
import { five, later, standsStill } from "../support/states.ts";
import { durable as test, expect } from "../support/test.ts";

async function hasNoBarriers(page: Page): Promise<void> {
  // Where the system forces its colours, they are the system's: axe reads those of the style sheet.
  const forced = await page.evaluate(() => matchMedia("(forced-colors: active)").matches);
  const { violations } = await new AxeBuilder({ page }).disableRules(forced ? ["color-contrast"] : []).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
  if (!forced) expect(await unreadable(page)).toEqual([]);
}

/** A page that is live, and an agent that has done something. */
async function live(page: Page, server: ArcaneServer): Promise<Dashboard> {
  const dashboard = new Dashboard(page);
  await dashboard.open(server.url);
  await server.summon("claude");
  await logged(server, await tell(server, tasks("claude", 1, 12)));
  await expect(dashboard.rows.first()).toContainText("task 12");
  return dashboard;
}

const alone = (state: string) => async (page: Page, server: ArcaneServer) => {
  await standsStill(page, server.url, five.filter((act) => act.state === state));
  await expect(page.locator(`[data-testid=daemon-row][data-state=${state}]`)).toBeVisible();
};

const key = (name: string, there: string) => async (page: Page, server: ArcaneServer) => {
  await live(page, server);
  await page.keyboard.press(name);
  await expect(page.locator(there)).toBeVisible();
};

const states: [name: string, reach: (page: Page, server: ArcaneServer) => Promise<void>][] = [
  ...["waiting", "failed", "silent", "working", "idle"].map((state): [string, ReturnType<typeof alone>] => [`an agent that is ${state}`, alone(state)]),
  ["the table of a crowd", (page, server) => standsStill(page, server.url, crowd(60))],
  ["the chronicle, nothing hidden", async (page, server) => {
    await live(page, server);
    await page.keyboard.press("f");
    await page.keyboard.press("f");
    await server.publish({ spell_name: "voice", daemon_name: "claude", description: "All is well." });
    await page.getByTestId("show-all").click();
    await expect(page.locator("[data-spell=voice][data-testid=feed-row]").first()).toBeVisible();
  }],
  ["a drawer on a desk", async (page, server) => {
    await standsStill(page, server.url, five);
    await page.locator("[data-testid=daemon-row][data-daemon=codex] .name").click();
    await later(page, 1_000);
    await expect(page.getByTestId("drawer")).toBeVisible();
  }],
  ["plain words", async (page, server) => {
    await live(page, server);
    await page.keyboard.press(",");
    await page.getByTestId("words").selectOption("plain");
    await page.keyboard.press("Escape");
    await expect(page.locator("h2:visible").first()).toHaveText("Agents");
  }],
  ["the settings", key(",", "[data-testid=settings-dialog]")],
  ["the help", key("?", "[data-testid=help-dialog]")],
  ["the statistics", key("i", "[data-testid=stats-dialog]")],
  ["a search", async (page, server) => {
    await live(page, server);
    await page.getByTestId("search").click();
    await page.getByTestId("search-field").fill("task 7");
    await expect(page.getByTestId("search-field")).toBeFocused();
  }],
  ["a visit to the past", async (page, server) => {
    await live(page, server);
    await page.getByTestId("scrubber").focus();
    await page.keyboard.press("ArrowLeft");
    await expect(page.getByTestId("travel-banner")).toHaveAttribute("data-mode", "past");
  }],
  ["a recording", (page, server) => standsStill(page, server.url, five)],
  ["the wall", async (page, server) => {
    await standsStill(page, server.url, five);
    await page.keyboard.press("w");
    await later(page, 1_000);
  }],
  ["a phone", async (page, server) => {
    await page.setViewportSize({ width: 390, height: 844 });
    await standsStill(page, server.url, five);
  }],
  ["an empty room", async (page, server) => {
    await new Dashboard(page).open(server.url);
    await expect(page.getByTestId("empty-state")).toBeVisible();
  }],
  ["a server that is gone", async (page, server) => {
    const dashboard = await live(page, server);
    await server.stop();
    await expect(dashboard.link).toHaveAttribute("data-state", "reconnecting");
  }],
  ["forced colours", async (page, server) => {
    await page.emulateMedia({ forcedColors: "active" });
    await standsStill(page, server.url, five);
  }],
];

for (const [name, reach] of states) {
  test(`${name}: no barriers, and every word can be read`, async ({ page, server }, info) => {
    await reach(page, server);
    // What has just changed has faded in by then.
    await page.evaluate(() => Promise.allSettled(document.getAnimations().filter((one) => one instanceof CSSTransition).map((one) => one.finished)));
    await page.screenshot({ path: info.outputPath("seen.png") });
    await hasNoBarriers(page);
  });
}
