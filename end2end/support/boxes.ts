import { expect, type Page } from "@playwright/test";

import type { Dashboard } from "./dashboard.ts";

const WIDTHS = [
  { width: 1280, height: 800 },
  { width: 390, height: 844 },
];

/** What sticks out of the box that should hold it, or out of the window. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const boxes = [
      "header.top",
      ".panel.daemons",
      ".daemons .scroll",
      "[data-testid=daemon-row] th",
      "[data-testid=daemon-row] td",
      ".panel.chronicle",
      ".feed",
      "[data-testid=feed-row]",
      ".label",
      ".middle",
      "#message",
      "#quiet",
      "#feedback",
      ".spellbar",
      "dialog[open]",
      "dialog[open] pre",
      "dialog[open] .sentence",
    ];
    const visible = (element: Element) => element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    const name = (element: Element) => `${element.tagName.toLowerCase()}#${element.id}.${element.className}`;
    const told: string[] = [];
    const say = (what: string) => told.includes(what) || told.push(what);
    // A box that cuts may hide the excess only where it says so with an ellipsis.
    const cuts = (element: Element) => getComputedStyle(element).textOverflow === "ellipsis";
    for (const selector of boxes) {
      for (const box of [...document.querySelectorAll(selector)].filter(visible)) {
        if (!cuts(box) && box.scrollWidth > box.clientWidth + 1) say(`${selector}: ${box.scrollWidth} in ${box.clientWidth}`);
      }
    }
    // What the box of a text does not hold, and nothing cuts with an ellipsis, is over something else.
    const rows = "[data-testid=feed-row], [data-testid=daemon-row] :is(td, th), header.top";
    for (const row of [...document.querySelectorAll(rows)].filter(visible)) {
      const outer = row.getBoundingClientRect();
      for (const part of [...row.querySelectorAll(":not(.unseen, option)")].filter(visible)) {
        const inner = part.getBoundingClientRect();
        if (inner.right > outer.right + 1 || inner.left < outer.left - 1) say(`${name(part)} of ${name(row)}`);
      }
    }
    for (const element of [...document.querySelectorAll("body *")].filter(visible)) {
      const { left, right, width } = element.getBoundingClientRect();
      // The canvas is larger than the window on purpose, and a phone's strip goes on beyond it: a finger leads there.
      const isScrolled = innerWidth < 584 && element.matches(".labels *");
      if (width === 0 || isScrolled || element.matches(".scene, .labels, .unseen, svg *")) continue;
      if (left < -1 || right > innerWidth + 1) say(`${name(element)}: ${left} to ${right}`);
    }
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > innerWidth) say(`the page: ${scrollWidth} in ${innerWidth}`);
    return told;
  });
}

/** Nothing sticks out, on a desk and on a phone, in the page and in the newest event's dialog. */
export async function holdsEverything(dashboard: Dashboard): Promise<void> {
  const { page } = dashboard;
  for (const size of WIDTHS) {
    await page.setViewportSize(size);
    await expect.poll(() => overflowing(page), { message: `at ${size.width}`, timeout: 3_000 }).toEqual([]);
    await dashboard.rows.first().click();
    await expect(dashboard.detail).toBeVisible();
    expect(await overflowing(page), `the dialog at ${size.width}`).toEqual([]);
    await page.keyboard.press("Escape");
    await expect(dashboard.detail).toBeHidden();
  }
}
