// Rules answer for a person: suggested on the card once something was allowed often enough, and told in the chronicle.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import AxeBuilder from "@axe-core/playwright";

import { allowed, hook, look, open, permission, test } from "../support/asks.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

const tests = (session: string): object => permission({ command: "cargo test --lib" }, { session_id: session });

test("what was allowed five times is allowed always, and the chronicle names the rule", async ({ dashboard, server, page }) => {
  const card = page.getByTestId("card");
  for (let n = 0; n < 5; n += 1) {
    const hears = hook(server, tests(`5f0a1b2c-000${n}`));
    // The pill may be that of the one before.
    await expect(async () => {
      await page.keyboard.press("a");
      await expect(card).toBeVisible({ timeout: 500 });
    }).toPass();
    await page.locator("[data-option=allow]").click();
    expect(await hears).toEqual({ status: 200, body: allowed });
    await expect(page.getByTestId("card-over")).toHaveText("You allowed it: claude goes on.");
    if (n < 4) {
      await expect(page.getByTestId("card-always")).toHaveCount(0);
      await page.keyboard.press("Escape");
      await expect(card).toBeHidden();
    }
  }
  await expect(page.getByTestId("card-always")).toContainText("You allowed `cargo test --lib` 5 times: always, for this project?");
  await page.getByTestId("always").click();
  await expect(page.getByTestId("card-over")).toHaveText("From now on the rule “cargo test --lib in webshop” answers that.");
  // The list is over the card, and leads back to it.
  await page.getByTestId("all-rules").click();
  await expect(page.getByTestId("rule")).toHaveAttribute("data-rule", "cargo test --lib in webshop");
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("rules-dialog")).toBeHidden();
  await expect(page.getByTestId("all-rules")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
  // From here on nobody is called.
  expect(await hook(server, tests("5f0a1b2c-0009"))).toEqual({ status: 200, body: allowed });
  await expect(dashboard.rows.filter({ hasText: "granted by the ward cargo test --lib in webshop" })).toHaveCount(1);
  await expect(page.getByTestId("wait-pill")).toBeHidden();
  // What differs in a word that matters is asked.
  const other = hook(server, permission({ command: "cargo test --lib; rm -rf /" }, { session_id: "5f0a1b2c-0010" }));
  await expect(page.getByTestId("wait-pill")).toBeVisible();
  await page.keyboard.press("a");
  await page.locator("[data-option=deny]").click();
  expect((await other).body.hookSpecificOutput.decision).toEqual({ behavior: "deny" });
});

/** Stories of a server whose configuration has rules. */
const ruled = base.extend({
  server: async ({}, use) => {
    const place = await mkdtemp(join(tmpdir(), "arcane-rules-"));
    const config = join(place, "arcane.toml");
    await writeFile(config, `[[rules]]\nname = "no force"\ncommand = "git push"\ndecision = "deny"\nmessage = "push by hand, please"\n`);
    const server = new ArcaneServer(["--config", config]);
    await server.start();
    await use(server);
    await server.stop();
    await rm(place, { recursive: true, force: true });
  },
});

ruled("the list of rules says what each is about, tries it, and removes one that was added", async ({ server, page }) => {
  const dashboard = await look(page, server.url);
  await server.post("/rules", { name: "make / all", agent: "claude", project: "webshop", command: "make", exact: true, decision: "allow" });
  // A person's own answer, which a rule can be tried on.
  const asked = hook(server, permission({ command: "npm install" }));
  const [id] = await open(server, 1);
  await server.post(`/requests/${id}/answer`, { decision: "deny" });
  await asked;
  await page.keyboard.press(",");
  await page.getByTestId("to-rules").press("Enter");
  const dialog = page.getByTestId("rules-dialog");
  const rule = (name: string) => dialog.locator(`[data-rule="${name}"]`);
  await expect(dialog.getByTestId("rule")).toHaveCount(2);
  await expect(rule("no force")).toContainText("commands that begin with git push");
  await expect(rule("no force")).toContainText("push by hand, please");
  await expect(rule("no force")).toContainText("from arcane.toml");
  await expect(rule("no force").getByTestId("rule-remove")).toHaveCount(0);
  await expect(rule("make / all")).toContainText("claude · webshop · exactly make");
  await rule("make / all").getByTestId("rule-try").click();
  await expect(rule("make / all").getByTestId("rule-tried")).toHaveText("It would have answered none of 1.");
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 800 });
    const { violations } = await new AxeBuilder({ page }).include(".rules").analyze();
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
    expect(await dialog.evaluate((dialog) => dialog.scrollWidth <= dialog.clientWidth)).toBe(true);
  }
  // With keys alone: what changes nothing has the focus first.
  await rule("make / all").getByTestId("rule-remove").press("Enter");
  await expect(page.getByTestId("rule-keep")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(rule("make / all")).toHaveCount(1);
  await rule("make / all").getByTestId("rule-remove").press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(dialog.getByTestId("rule")).toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("to-rules")).toBeFocused();
  // From here on it is asked.
  const hears = hook(server, permission({ command: "make" }));
  const [next] = await open(server, 1);
  await server.post(`/requests/${next}/answer`, { decision: "allow" });
  expect(await hears).toEqual({ status: 200, body: allowed });
  await expect(dashboard.rows.filter({ hasText: "granted" })).toHaveCount(1);
});
