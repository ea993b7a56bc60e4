import type { Page } from "@playwright/test";

import { expect, test } from "../support/test.ts";

/** What a browser's translation does: every text that may be translated stands in elements of its own, and is another one. */
const translate = (page: Page, obeys: boolean) =>
  page.evaluate((obeys) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const texts: Text[] = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) texts.push(node as Text);
    for (const text of texts) {
      const parent = text.parentElement!;
      const kept = parent.closest("[translate]")?.getAttribute("translate") === "no";
      if (!text.data.trim() || parent.matches("script, style") || (obeys && kept)) continue;
      const outer = document.createElement("font");
      outer.innerHTML = "<font></font>";
      outer.firstElementChild!.textContent = `[${text.data}]`;
      // An option holds text only.
      if (parent.matches("option")) text.data = `[${text.data}]`;
      else text.replaceWith(outer);
    }
  }, obeys);

for (const obeys of [true, false]) {
  test(`choices mean what they are in a translated page, ${obeys ? "by a browser" : "by an extension that translates everything"}`, async ({ dashboard, server, page }) => {
    await server.post("/events?room=lab", { spell_name: "summon", daemon_name: "tester" });
    await server.summon("claude");
    await expect(dashboard.row("summon", "claude")).toHaveCount(1);
    await page.getByTestId("room-select").focus();
    await expect(page.getByTestId("room-select").locator("option")).toHaveCount(2);
    await translate(page, obeys);
    for (const [testid, at] of [["filter-spell", 1], ["filter-daemon", 1]] as const) {
      await page.getByTestId(testid).selectOption({ index: at });
    }
    expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ spell: "summon", daemon: "claude" });
    await page.getByTestId("room-select").selectOption({ index: 0 });
    expect(new URL(page.url()).searchParams.get("room")).toBe("lab");
    const values = await page.locator("option").evaluateAll((all) => all.filter((option) => !option.hasAttribute("value")).length);
    expect(values).toBe(0);
  });
}

test("a page that a browser translated goes on telling what happens", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  // Dialogs come when the page is at rest.
  await expect(page.getByTestId("help-dialog").locator("dd").first()).toHaveText("speak a spell");
  await translate(page, true);
  // What stands still is translated.
  await expect(page.getByTestId("help-dialog").locator("dd").first()).toHaveText("[speak a spell]");
  // What changes, and what are names, is not.
  await server.summon("gemini");
  await server.invoke("gemini", "count to three");
  await expect(dashboard.row("invoke", "gemini")).toContainText("count to three");
  await expect(page.locator("#present")).toHaveText("2 present");
  await expect(dashboard.daemon("claude").locator(".name")).toHaveText("claude");
  await page.getByTestId("motion-toggle").click();
  await expect(page.getByTestId("motion-toggle")).toHaveText("○ motion");
  await page.keyboard.press("Space");
  await expect(page.getByTestId("travel-banner")).toContainText("PAST");
  await page.keyboard.press("Escape");
  await server.stop();
  await expect(dashboard.link).toHaveText("reconnecting");
  await expect(page.locator("#quiet")).toContainText("The thread to the realm is cut");
  await server.start();
  await expect(dashboard.link).toHaveText("live");
});
