// Going to moments of a long past: the page's own work, and the whole time until the moment is on the stage.

import type { Page } from "@playwright/test";

import { Dashboard } from "../../support/dashboard.ts";
import { logged } from "../../support/log.ts";
import { stage } from "../counts.ts";
import { median, ms } from "../figures.ts";
import { load, publish } from "../load.ts";
import { probeFrames } from "../probes.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const EVENTS = 100_000;
const RATE = 5_000;
const MOMENTS = 12;
/** The strip shows a minute, however short the log is. */
const SHORTEST_MS = 60_000;
const SHOWN_WITHIN_MS = 10_000;

/** Clicks, and waits for the first frame of what is sought; gives the time from the press until then. */
async function shown(page: Page, x: number, y: number): Promise<number> {
  await page.evaluate((within) => {
    (window as any).__shown = new Promise<number>((resolve, reject) => {
      const press = ({ timeStamp }: Event) => {
        const frames = (window as any).__frames;
        let painted: number | undefined;
        const look = () => {
          if (JSON.parse((window as any).__arcane.state()).mode === "past") painted ??= frames.length;
          const lasted = performance.now() - timeStamp;
          if (painted !== undefined && frames.length > painted) resolve(lasted);
          else if (lasted > within) reject(new Error("a moment was not shown"));
          else requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
      };
      addEventListener("pointerdown", press, { capture: true, once: true });
    });
  }, SHOWN_WITHIN_MS);
  await page.mouse.click(x, y);
  return page.evaluate(() => (window as any).__shown);
}

export const seek: Measurement = {
  name: "seek",
  seconds: 60,
  goals: [
    { what: `going to a moment among ${EVENTS.toLocaleString("en")} events: the page's work`, must: "≤ 100 ms", aims: "≤ 50 ms" },
    { what: "… from the press of the pointer until it is shown", must: "—", aims: "—" },
    { what: "… live counts meanwhile", must: "exact", aims: "exact" },
  ],
  async measure({ page, server }) {
    await publish(server.url, summons());
    const begun = Date.now();
    const { last } = await load(server.url, RATE, EVENTS / RATE, worker());
    const ended = Date.now();
    await logged(server, last);

    await probeFrames(page);
    const dashboard = new Dashboard(page);
    await dashboard.open(server.url);
    await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).log);
    const asked = page.waitForResponse(/\/events\/activity/);
    await page.getByTestId("range").getByText("all", { exact: true }).click();
    await asked;
    await page.waitForTimeout(1_000);

    const box = (await page.getByTestId("scrubber").boundingBox())!;
    const [works, times, places]: [number[], number[], Set<number>] = [[], [], new Set()];
    // The strip stands still from the first press on.
    const to = Date.now();
    const from = Math.min(begun - (to - begun) * 0.01, to - SHORTEST_MS);
    for (let n = 0; n < MOMENTS; n++) {
      // To and fro, so that nothing that was read serves twice.
      const part = (((n * 5) % MOMENTS) + 0.5) / MOMENTS;
      const moment = begun + (ended - begun) * part;
      times.push(await shown(page, box.x + (box.width * (moment - from)) / (to - from), box.y + box.height / 2));
      const { worked_ms, shown_seq } = await stage(page);
      works.push(worked_ms);
      places.add(shown_seq);
      await page.waitForTimeout(300);
    }
    if (places.size < MOMENTS) throw new Error(`${MOMENTS} presses showed only ${places.size} different moments`);
    const most = (values: number[]) => `median ${ms(median(values))}, at most ${ms(Math.max(...values))}`;
    const state = await stage(page);
    const lost = `${state.missing} missing, ${state.duplicates} twice`;
    const wrong = state.missing + state.duplicates > 0 || state.last_seq < last ? `${lost}; the last is ${state.last_seq}` : undefined;
    return [{ measured: `${most(works)} (${MOMENTS} moments)` }, { measured: most(times) }, { measured: lost, wrong }];
  },
};
