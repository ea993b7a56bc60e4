// Whether the page has every event, once.

import type { Page } from "@playwright/test";

import type { StageState } from "../support/dashboard.ts";
import type { ArcaneServer } from "../support/server.ts";
import type { Found } from "./row.ts";

const ARRIVES_WITHIN_MS = 30_000;

export const stage = async (page: Page): Promise<StageState> =>
  JSON.parse(await page.evaluate(() => (window as any).__arcane.state()));

/**
 * Waits until the page has this event, then compares all that it counted with what the server has. What the page does
 * itself, such as asking who is present, makes events as well: so the server's word counts, not the publisher's.
 */
export async function counts(page: Page, server: ArcaneServer, last: number): Promise<Found> {
  const begun = performance.now();
  const head = async () => (await (await fetch(`${server.url}/events?order=desc&limit=1`)).json()).head as number;
  let [state, latest] = [await stage(page), await head()];
  while ((state.last_seq < last || state.last_seq !== latest) && performance.now() - begun < ARRIVES_WITHIN_MS) {
    await page.waitForTimeout(100);
    [state, latest] = [await stage(page), await head()];
  }
  const { events_total, missing, duplicates, last_seq } = state;
  const exact = last_seq >= last && last_seq === latest && events_total === latest && missing === 0 && duplicates === 0;
  const measured = `${events_total} of ${latest} events, ${missing} missing, ${duplicates} twice`;
  return exact ? { measured: `exact: ${measured}` } : { measured, wrong: `${measured}; the last is ${last_seq}` };
}
