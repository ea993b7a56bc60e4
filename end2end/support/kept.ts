// A memory of the browser's own, from before the page was opened.

import type { Page } from "@playwright/test";

/** How long what is kept goes on: long enough to be seen while it is replayed. */
const LASTS_MS = 4_000;

/** Opens the page anew in a browser that remembers how claude was summoned and, some seconds later, asked for something. */
export async function reopenWithMemory(page: Page): Promise<void> {
  const now = Date.now();
  const event = (seq: number, spell_name: string, ago_ms: number) => ({
    spell_name,
    daemon_name: "claude",
    timestamp: new Date(now - ago_ms).toISOString(),
    success: true,
    description: "",
    metadata: {},
    seq,
    room: "main",
    epoch: "before",
  });
  const newestFirst = [event(2, "invoke", 1_000), event(1, "summon", 1_000 + LASTS_MS)];
  await page.addInitScript((kept) => localStorage.setItem("arcaneHistory", kept), JSON.stringify(newestFirst));
  await page.reload();
}
