// Text of others says what it holds: nothing hides in it, and nothing turns what stands beside it.

import { spawnSync } from "node:child_process";

import type { Page } from "@playwright/test";

import { tell } from "../support/log.ts";
import { binary } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

/** Overrides, isolates and marks that nothing closes, and what is not seen at all. */
const HIDDEN = "\u202e\u2066\u2067\u202b\u200e\u200f\u061c\u200b\u2060\ufeff\u00ad\u034f\u3164\u001b\u0085\u{e0068}\u{e0069}";
const SCRIPTS = "שלום (עולם) مرحبا می‌خواهم 👩‍👩‍👧‍👦 🏳️‍🌈 🏴󠁧󠁢󠁥󠁮󠁧󠁿";

/** Places of the page where something is hidden, or turns what follows. */
const hidden = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const kept = /[\u{e0020}-\u{e007f}]+/u;
    const flags = new RegExp(`🏴${kept.source}`, "gu");
    const signs =
      /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff]|[\u{e0000}-\u{e0fff}]/u;
    const found: string[] = [];
    const look = (where: string, text: string | null) => {
      if (text && signs.test(text.replace(flags, ""))) found.push(`${where}: ${escape(text.slice(0, 80))}`);
    };
    // What a person types is what that person typed, and what completes it lies over it.
    const typed = (element: Element) => element.matches(".ghost, .ghost *");
    look("title", document.title);
    for (const element of document.querySelectorAll("body, body *")) {
      if (typed(element)) continue;
      const name = `${element.tagName}.${element.getAttribute("class")}`;
      for (const attribute of element.attributes) look(`${name} ${attribute.name}`, attribute.value);
      for (const node of element.childNodes) if (node.nodeType === Node.TEXT_NODE) look(name, node.textContent);
    }
    return [...new Set(found)];
  });

/** Texts from right to left that take their direction from what stands beside them. */
const turned = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const alone = (element: Element | null) => /plaintext|isolate/.test(element ? getComputedStyle(element).unicodeBidi : "");
    const found: string[] = [];
    for (const element of document.querySelectorAll("body *")) {
      if (element.matches("option, .unseen, .unseen *, .ghost *, pre") || !element.checkVisibility({ opacityProperty: true })) continue;
      const text = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent).join("");
      if (/[\u0590-\u08ff]/.test(text) && !alone(element) && !alone(element.parentElement)) {
        found.push(`${element.parentElement?.className} > ${element.tagName}.${element.className}`);
      }
    }
    return [...new Set(found)];
  });

const about = (text: string) => [
  { spell_name: "summon", daemon_name: "claude", metadata: { session: "s1", project: text, host: text, model: text } },
  { spell_name: "invoke", daemon_name: "claude", success: false, description: text, metadata: { session: "s1", task: text, error: text, sync: { display_text: text } } },
  { spell_name: "summon", daemon_name: "qwen", metadata: { session: "s2", project: text, host: "kestrel" } },
  { spell_name: "invoke", daemon_name: "qwen", description: text, metadata: { session: "s2", phase: "begin", call_id: "1", task: text } },
  { spell_name: "invoke", daemon_name: "qwen", description: text, metadata: { session: "s2", tool: "Edit", task: `Edit src/a.${text}` } },
  { spell_name: "summon", daemon_name: "gemini", metadata: { session: "s3", project: "\u200b\u2060", parent_daemon: text } },
  { spell_name: "voice", daemon_name: "qwen", description: text, metadata: { session: "s2" } },
  { spell_name: "parse", success: false, description: text, metadata: { spell_text: text, reason: text } },
  { spell_name: "voice", daemon_name: "gemini", description: text, metadata: { session: "s3", attention: true, task: text } },
];

for (const [what, text] of [["hides", HIDDEN + "end"], ["is read from right to left", SCRIPTS]] as const) {
  test(`text that ${what} is shown as it is, wherever the page has it`, async ({ dashboard, server, page }) => {
    const seq = await tell(server, about(text));
    await expect.poll(async () => (await dashboard.stage()).last_seq).toBeGreaterThanOrEqual(seq);
    await page.getByTestId("show-all").click();
    await expect(dashboard.rows).toHaveCount(9);
    const looks = async () => {
      expect(await hidden(page)).toEqual([]);
      expect(await turned(page)).toEqual([]);
    };
    await looks();
    for (const name of ["claude", "qwen"]) {
      await page.getByTestId("daemon-row").filter({ hasText: name }).first().getByRole("button").click();
      await expect(page.getByTestId("drawer")).toBeVisible();
      await looks();
      await page.keyboard.press("Escape");
    }
    for (const row of await dashboard.rows.all()) {
      await row.click();
      await expect(dashboard.detail).toBeVisible();
      await looks();
      await page.keyboard.press("Escape");
    }
    await dashboard.cast(`invoke claude to ${text}`);
    await expect(dashboard.feedback).not.toBeEmpty();
    await looks();
  });
}

test("a project of invisible characters has a head that one can see", async ({ dashboard, server, page }) => {
  await tell(server, about(HIDDEN));
  await dashboard.hasCircles("claude", "gemini", "qwen");
  await server.publish({ spell_name: "summon", daemon_name: "aider", metadata: { session: "s4", project: "\u200b\u2060" } });
  await expect(page.getByTestId("place-row").getByText("⟨ZWSP⟩⟨U+2060⟩", { exact: true })).toBeVisible();
  // What is written from left to right is read so.
  await expect(dashboard.rows.filter({ hasText: "⟨RLO⟩⟨LRI⟩" }).first()).toBeVisible();
});

test("a terminal is shown what hides", async ({ server }) => {
  await tell(server, about(HIDDEN));
  const told = spawnSync(binary, ["tail", "--url", server.url, "--since", "0", "--count", "8"], { encoding: "utf8", timeout: 10_000 });
  expect(told.stdout).toContain("⟨RLO⟩");
  expect(told.stdout).not.toMatch(/[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u001b]|[\u{e0000}-\u{e0fff}]/u);
});
