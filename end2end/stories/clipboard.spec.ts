import type { Page } from "@playwright/test";

import type { Dashboard } from "../support/dashboard.ts";
import type { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

/** Stories of a page whose clipboard is what the story makes of it. */
const test = base.extend<{ clipboard: "absent" | "refused" | "both" | "there" }>({
  clipboard: ["there", { option: true }],
  page: async ({ page, clipboard }, use) => {
    await page.addInitScript((clipboard) => {
      const kept = { text: "" };
      (window as any).kept = kept;
      const writeText = async (text: string) => {
        if (clipboard !== "there") throw new DOMException("no", "NotAllowedError");
        kept.text = text;
      };
      const value = clipboard === "absent" ? undefined : { writeText };
      Object.defineProperty(navigator, "clipboard", { value });
      document.execCommand = () => {
        if (clipboard === "both") return false;
        kept.text = String(getSelection());
        return true;
      };
    }, clipboard);
    await use(page);
  },
});

const kept = (page: Page): Promise<string> => page.evaluate(() => (window as any).kept.text);

async function copies(dashboard: Dashboard, server: ArcaneServer): Promise<void> {
  await server.summon("claude");
  // The list stands still: a row that is clicked does not become another one.
  await dashboard.page.getByTestId("feed").hover();
  await dashboard.row("summon", "claude").click();
  await dashboard.page.getByTestId("copy").click();
}

for (const clipboard of ["there", "absent", "refused"] as const) {
  test.describe(`with a clipboard that is ${clipboard}`, () => {
    test.use({ clipboard });

    test("an event is copied, and the page says so", async ({ dashboard, server, page }) => {
      await copies(dashboard, server);
      await expect(page.getByTestId("copy")).toHaveText("Copied");
      expect(JSON.parse(await kept(page))).toMatchObject({ spell_name: "summon", daemon_name: "claude" });
    });
  });
}

test.describe("without any clipboard", () => {
  test.use({ clipboard: "both" });

  test("the page says that nothing was copied, and selects the text", async ({ dashboard, server, page }) => {
    await copies(dashboard, server);
    await expect(page.getByTestId("copy")).toHaveText("Not copied: it is selected");
    expect(await page.evaluate(() => String(getSelection()))).toContain('"spell_name": "summon"');
    expect(await kept(page)).toBe("");
    await page.keyboard.press("Escape");
    // The list stands still: a row that is clicked does not become another one.
  await dashboard.page.getByTestId("feed").hover();
  await dashboard.row("summon", "claude").click();
    await expect(page.getByTestId("copy")).toHaveText("Copy JSON");
  });
});
