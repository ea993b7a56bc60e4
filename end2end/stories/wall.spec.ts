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
  await expect(page.getByTestId("card")).toBeInViewport({ ratio: 0.9 });
  await hasNoBarriers(page);
  expect(await small()).toEqual([]);
  await page.getByTestId("card-details").click();
  await expect(page.getByTestId("drawer")).toBeInViewport({ ratio: 0.9 });
  await hasNoBarriers(page);
  expect(await small()).toEqual([]);
});

test.describe("with a finger", () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 844 } });

  test("the strip of a phone is scrolled sideways to those who stand last", async ({ dashboard, server, page }) => {
    await tell(server, [...EVENTS, ...["grok", "qwen", "mistral"].map((name) => about(name, "summon"))]);
    await expect.poll(async () => (await dashboard.stage()).circles.length).toBe(7);
    const places = async () => (await dashboard.stage()).circles.map(({ x }) => x).sort((a, b) => a - b);
    const before = await places();
    expect(before[0]).toBeGreaterThan(20);
    expect(before[6]).toBeGreaterThan(390);
    const box = (await page.locator("#scene").boundingBox())!;
    const client = await page.context().newCDPSession(page);
    const at = (x: number) => ({ touchPoints: [{ x, y: box.y + 90 }] });
    await client.send("Input.dispatchTouchEvent", { type: "touchStart", ...at(360) });
    for (let x = 350; x >= 20; x -= 10) await client.send("Input.dispatchTouchEvent", { type: "touchMove", ...at(x) });
    await client.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
    await expect.poll(async () => (await places())[6]).toBeLessThan(380);
    expect(await page.evaluate(() => scrollX + scrollY)).toBe(0);
  });
});

test("a phone's wall has everything in view, and a way out", async ({ dashboard, server, page }) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await tell(server, EVENTS);
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "failed");
  await page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await page.keyboard.press("w");
  await expect(page.locator(".panel.daemons")).toBeHidden();
  const below = await page.locator("header.top").evaluate((top) => Math.max(...[...top.querySelectorAll("*")].map((one) => one.getBoundingClientRect().bottom)));
  await expect.poll(async () => {
    const tops = await page.getByTestId("daemon-label").evaluateAll((all) => all.map((one) => one.getBoundingClientRect().top));
    return tops.length === 4 && tops.every((top) => top > below);
  }).toBe(true);
  await page.mouse.click(385, 839);
  await expect(page.locator(".panel.daemons")).toBeVisible();
});

test("at 200 % nothing is lost", async ({ dashboard, server, page }) => {
  // Half the pixels of a window of 1280 by 800.
  await page.setViewportSize({ width: 640, height: 400 });
  await tell(server, EVENTS);
  // The table has room for rows.
  await expect.poll(async () => (await page.locator(".daemons .scroll").boundingBox())!.height).toBeGreaterThan(200);
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
  await expect(page.locator("p[role=alert].unseen")).toHaveText("claude waits for you: git push", { timeout: 2_000 });
});
