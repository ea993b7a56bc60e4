import { type Page, type Request, type Route } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

const recording = {
  name: "one.ndjson",
  mimeType: "application/x-ndjson",
  buffer: Buffer.from('{"spell_name":"summon","daemon_name":"ada","success":true,"description":"","timestamp":"2026-01-01T00:00:00Z"}\n'),
};
const PART = "**/*_later.wasm";

/** Milliseconds from the arrival of the page's own program until the part is asked for; null: it was not. */
const rested = (page: Page) =>
  page.evaluate(() => {
    const files = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const of = (ending: string) => files.find((file) => file.name.endsWith(ending));
    const [own, part] = [of("_bg.wasm"), of("_later.wasm")];
    return own && part ? part.startTime - own.responseEnd : null;
  });

test("what opens later is fetched when the page is at rest, without being asked", async ({ page, dashboard: _ }) => {
  await expect.poll(() => rested(page)).toBeGreaterThan(1_400);
  // From here on it is there: nothing is fetched any more.
  await expect(page.getByTestId("help-dialog")).toBeAttached();
  await page.route(PART, (route) => route.abort());
  await page.keyboard.press("?");
  await expect(page.getByTestId("help-dialog")).toBeVisible();
  await expect(page.getByTestId("notice")).toBeEmpty();
});

for (const [key, dialog] of [["?", "help-dialog"], ["i", "stats-dialog"], [",", "settings-dialog"]] as const) {
  test(`the ${dialog} opens as soon as what it needs is there`, async ({ page, dashboard }) => {
    let go = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    await page.route(PART, async (route) => (await held, route.continue()));
    await page.reload();
    await dashboard.isLive();
    await page.keyboard.press(key);
    await expect(page.getByTestId(dialog)).toBeHidden();
    go();
    await expect(page.getByTestId(dialog)).toBeVisible();
    await page.keyboard.press("Escape");
    await expect(page.getByTestId(dialog)).toBeHidden();
  });
}

const parts: [string, (page: Page) => Promise<void>, string][] = [
  ["the search", (page) => page.getByTestId("search").click(), "search-field"],
  ["a visit to the past", (page) => page.keyboard.press("Space"), "travel-banner"],
  ["an answer to a spell", (page) => new Dashboard(page).cast("banish nobody-at-all"), "spell-feedback"],
  ["a recording", (page) => page.getByTestId("open-recording").setInputFiles(recording), "travel-banner"],
];
for (const [what, open, testid] of parts) {
  test(`${what} begins as soon as what it needs is there`, async ({ page, server, dashboard }) => {
    await server.summon("claude");
    let go = () => {};
    const held = new Promise<void>((resolve) => (go = resolve));
    await page.route(PART, async (route) => (await held, route.continue()));
    await page.reload();
    await dashboard.isLive();
    await expect(dashboard.row("summon", "claude")).toBeVisible();
    await open(page);
    await expect(page.getByTestId(testid)).toBeHidden();
    go();
    await expect(page.getByTestId(testid)).toBeVisible();
  });
}

const answers: [string, (route: Route) => Promise<void>][] = [
  ["does not come", (route) => route.abort()],
  ["is missing", (route) => route.fulfill({ status: 404, contentType: "application/problem+json", body: "{}" })],
  ["is another page", (route) => route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html>" })],
];
for (const [what, answer] of answers) {
  test(`a part that ${what} is a message in the page, and one line of the console at most`, async ({ page, dashboard }) => {
    await page.route(PART, answer);
    const lines: string[] = [];
    // What a driver has to say is a warning.
    page.on("console", (message) => message.type() === "error" && lines.push(message.text()));
    const over = async () => {
      const isPart = (request: Request) => request.url().endsWith("_later.wasm");
      await Promise.race([page.waitForEvent("requestfinished", isPart), page.waitForEvent("requestfailed", isPart)]);
      // What is to be said of it has been said when the next request is answered.
      await page.evaluate(() => fetch("/healthz").then((answer) => answer.text()));
      return lines.splice(0);
    };
    // The page asks by itself once, when it is at rest.
    const rested = over();
    await page.reload();
    await dashboard.isLive();
    const first = await rested;
    expect(first.length, first.join(" | ")).toBeLessThanOrEqual(1);
    for (const press of [1, 2, 3]) {
      const said = over();
      await page.keyboard.press("?");
      await expect(page.getByTestId("notice")).toContainText("has not come");
      expect((await said).length, `press ${press}`).toBeLessThanOrEqual(1);
    }
  });

  test(`a part that ${what} is told of, and comes at the next try`, async ({ page, server, dashboard }) => {
    await page.route(PART, answer);
    await page.reload();
    await dashboard.isLive();
    await server.summon("claude");
    await dashboard.row("summon", "claude").click();
    await expect(page.getByTestId("notice")).toContainText("has not come");
    await expect(dashboard.detail).toBeHidden();
    // The page goes on, and its keys mean what they meant.
    await page.keyboard.press("?");
    await expect(page.getByTestId("help-dialog")).toBeHidden();
    await page.unrouteAll();
    await dashboard.row("summon", "claude").click();
    await expect(dashboard.detail).toContainText("claude");
  });
}

test("below a path the part is fetched from there", async ({ page }) => {
  const server = new ArcaneServer(["--base-path", "/arcane"]);
  await server.start();
  try {
    const dashboard = new Dashboard(page);
    await dashboard.open(`${server.url}/`);
    const part = page.waitForResponse(PART);
    await page.keyboard.press("?");
    await expect(page.getByTestId("help-dialog")).toBeVisible();
    const response = await part;
    expect(new URL(response.url()).pathname).toMatch(/^\/arcane\/arcane-web-[0-9a-f]{16}_later\.wasm$/);
    expect(response.headers()).toMatchObject({
      "content-type": "application/wasm",
      "content-encoding": "br",
      "cache-control": "public, max-age=31536000, immutable",
    });
  } finally {
    await server.stop();
  }
});
