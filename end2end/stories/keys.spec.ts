import type { Page } from "@playwright/test";

import { expect, test } from "../support/test.ts";

/** Presses a key of another layout, as Chromium tells of it. */
const press = (page: Page, pressed: KeyboardEventInit, times = 1) =>
  page.evaluate(([pressed, times]) => {
    const target = document.activeElement ?? document.body;
    for (let n = 0; n < times; n++) {
      const event = new KeyboardEvent("keydown", { bubbles: true, cancelable: true, repeat: n > 0, ...pressed });
      target.dispatchEvent(event);
    }
  }, [pressed, times] as const);

const motion = (page: Page) => page.getByTestId("motion-toggle");

for (const [order, pressed] of [
  ["Chromium's and Firefox's order", { key: "Enter", code: "Enter", isComposing: true }],
  ["Safari's order", { key: "Enter", code: "Enter", keyCode: 229 }],
] as const) {
  test(`Enter that ends a composition casts nothing, in ${order}`, async ({ dashboard, server, page }) => {
    const cast: string[] = [];
    page.on("request", (request) => request.method() === "POST" && cast.push(request.url()));
    await dashboard.spell.fill("summon くろーど");
    await press(page, pressed);
    await press(page, { ...pressed, key: "Escape", code: "Escape" });
    await expect(dashboard.spell).toHaveValue("summon くろーど");
    await expect(dashboard.feedback).toHaveText("");
    await dashboard.spell.fill("summon claude");
    await press(page, { key: "Enter", code: "Enter" });
    await dashboard.hasCircles("claude");
    expect(cast.length).toBe(1);
    await server.banish("claude");
  });
}

test("a key that is held acts once", async ({ dashboard, page }) => {
  await dashboard.spell.blur();
  const before = await motion(page).getAttribute("aria-pressed");
  await press(page, { key: "m", code: "KeyM" }, 30);
  await expect(motion(page)).not.toHaveAttribute("aria-pressed", before!);
  await press(page, { key: "f", code: "KeyF" }, 10);
  await expect(page.getByTestId("filter-failures")).toHaveAttribute("aria-pressed", "true");
  await press(page, { key: " ", code: "Space" }, 10);
  await expect(page.getByTestId("travel-banner")).toHaveAttribute("data-mode", /past|looking/);
  // Held in the field, it empties it and stays there; held on the page, it leaves the past and nothing more.
  await dashboard.spell.fill("summon");
  await press(page, { key: "Escape", code: "Escape" }, 10);
  await expect(dashboard.spell).toHaveValue("");
  await expect(page.getByTestId("travel-banner")).toBeVisible();
});

test("a slash that is held leads to the spell bar and writes nothing", async ({ dashboard, page }) => {
  await dashboard.spell.blur();
  for (let n = 0; n < 5; n++) await page.keyboard.down("/");
  await page.keyboard.up("/");
  await expect(dashboard.spell).toBeFocused();
  await expect(dashboard.spell).toHaveValue("");
  // No spell begins with it; within one it is a character like any other.
  await page.keyboard.type("//");
  await expect(dashboard.spell).toHaveValue("");
  await page.keyboard.type("ask claude to read a//b");
  await expect(dashboard.spell).toHaveValue("ask claude to read a//b");
});

test("a spell is cast once however long Enter is held", async ({ dashboard, page }) => {
  const cast: string[] = [];
  page.on("request", (request) => request.method() === "POST" && cast.push(request.url()));
  await dashboard.spell.fill("summon claude");
  await press(page, { key: "Enter", code: "Enter" }, 2);
  await dashboard.hasCircles("claude");
  await dashboard.spell.fill("invoke claude to count");
  for (let n = 0; n < 5; n++) await press(page, { key: "Enter", code: "Enter", repeat: true });
  await expect(dashboard.spell).toHaveValue("invoke claude to count");
  expect(cast.length).toBe(1);
});

for (const [layout, m, slash] of [
  ["Cyrillic", "ь", "."],
  ["Greek", "μ", "/"],
  ["Hebrew", "צ", "."],
  ["Arabic", "ة", "ظ"],
  ["Caps Lock", "M", "/"],
] as const) {
  test(`shortcuts work with ${layout}`, async ({ dashboard, page }) => {
    await dashboard.spell.blur();
    const before = await motion(page).getAttribute("aria-pressed");
    await press(page, { key: m, code: "KeyM" });
    await expect(motion(page)).not.toHaveAttribute("aria-pressed", before!);
    await press(page, { key: slash, code: "Slash" });
    await expect(dashboard.spell).toBeFocused();
    await expect(dashboard.spell).toHaveValue("");
  });
}
