import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata: { session: daemon_name, host: "kestrel", project: "webshop", ...metadata },
  ...more,
});
const EVENTS = [
  about("aider", "summon"),
  about("claude", "invoke", { phase: "begin", call_id: "1", task: "cargo test" }),
  about("codex", "summon"),
  about("codex", "invoke", { task: "cargo build", error: "exit 101" }, { success: false }),
  about("gemini", "voice", { attention: true, task: "git push" }),
];

async function hasNoBarriers(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
}

test("the wall is read from afar, and Escape or a tap in a corner leads back", async ({ dashboard, server, page }) => {
  await page.setViewportSize({ width: 1920, height: 1080 });
  await tell(server, EVENTS);
  await dashboard.hasCircles("aider", "claude", "codex", "gemini");
  await page.keyboard.press("w");
  const panel = page.locator(".panel.daemons");
  await expect(panel).toBeHidden();
  const share = (selector: string) =>
    page.locator(selector).first().evaluate((element) => parseFloat(getComputedStyle(element).fontSize) / innerHeight);
  expect(await share("[data-testid=wait-pill]")).toBeCloseTo(0.032, 3);
  expect(await share(".numbers dd")).toBeCloseTo(0.022, 3);
  expect(await share("[data-testid=link-state]")).toBeCloseTo(0.018, 3);
  await hasNoBarriers(page);
  await page.mouse.click(1915, 1075);
  await expect(panel).toBeVisible();
  await page.keyboard.press("w");
  await expect(panel).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(panel).toBeVisible();
});

test("on a phone everything that is pressed is as large as a finger", async ({ dashboard, server, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await tell(server, EVENTS);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "failed");
  await expect(page.getByTestId("wait-pill")).toBeInViewport();
  await expect(page.getByTestId("working")).toBeInViewport();
  const small = () =>
    page.locator("button:visible, select:visible, [role=button]:visible").evaluateAll((all) =>
      all
        .filter((element) => !element.matches(".label, .corner, .daemons .name"))
        .map((element) => ({ name: element.textContent || element.getAttribute("aria-label") || element.className, box: element.getBoundingClientRect() }))
        .filter(({ box }) => box.height < 43.5 || box.width < 43.5)
        .map(({ name, box }) => `${name}: ${box.width} × ${box.height}`),
    );
  expect(await small()).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await hasNoBarriers(page);
  await page.getByTestId("wait-pill").click();
  await expect(page.getByTestId("drawer")).toBeInViewport({ ratio: 0.9 });
  await hasNoBarriers(page);
  expect(await small()).toEqual([]);
});

test("at 200 % nothing is lost", async ({ dashboard, server, page }) => {
  // Half the pixels of a window of 1280 by 800.
  await page.setViewportSize({ width: 640, height: 400 });
  await tell(server, EVENTS);
  for (const name of ["aider", "claude", "codex", "gemini"]) {
    await dashboard.daemon(name).scrollIntoViewIfNeeded();
    await expect(dashboard.daemon(name)).toBeInViewport();
  }
  for (const testid of ["wait-pill", "statistics", "spell-input", "filter-failures", "scrubber", "figure"]) {
    await page.getByTestId(testid).scrollIntoViewIfNeeded();
    await expect(page.getByTestId(testid)).toBeInViewport();
  }
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
});

test("who waits is called out at once, and what failed is said politely", async ({ dashboard, server, page }) => {
  await tell(server, [about("claude", "summon"), about("codex", "summon")]);
  await dashboard.hasCircles("claude", "codex");
  await tell(server, [about("codex", "invoke", { task: "cargo build", error: "exit 101" }, { success: false })]);
  await expect(page.locator("p[role=status].unseen")).toHaveText(/codex failed: cargo build: exit 101/);
  await tell(server, [about("claude", "voice", { attention: true, task: "git push" })]);
  await expect(page.locator("p[role=alert]")).toHaveText("claude waits for you: git push", { timeout: 2_000 });
});
