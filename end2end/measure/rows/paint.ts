// How soon something is there, in a browser that has never been here.

import type { Page } from "@playwright/test";

import { median, ms } from "../figures.ts";
import { probeLive } from "../probes.ts";
import type { Measurement } from "../row.ts";

const LOADS = 5;

export const paint: Measurement = {
  name: "paint",
  seconds: 30,
  goals: [
    { what: "first paint on localhost, median of 5 loads", must: "≤ 300 ms", aims: "≤ 100 ms" },
    { what: "connected, after the same loads", must: "—", aims: "—" },
    { what: "first paint of a page without a program (/docs), between those loads", must: "—", aims: "—" },
  ],
  async measure({ page, server }) {
    const [painted, live, beside]: number[][] = [[], [], []];
    for (let load = 0; load < LOADS; load++) {
      const context = await page.context().browser()!.newContext({ viewport: page.viewportSize() });
      const fresh = await context.newPage();
      await probeLive(fresh);
      await fresh.goto(server.url);
      live.push(await (await fresh.waitForFunction(() => (window as any).__live)).jsonValue());
      painted.push(await firstPaint(fresh));
      await context.close();
      // What the browser itself takes on this machine: text, and nothing else.
      const other = await page.context().browser()!.newContext({ viewport: page.viewportSize() });
      const plain = await other.newPage();
      await plain.goto(`${server.url}/docs`);
      beside.push(await firstPaint(plain));
      await other.close();
    }
    const all = (values: number[]) => values.map(Math.round).join(", ");
    return [
      { measured: `${ms(median(painted))} (${all(painted)})` },
      { measured: `${ms(median(live))} (${all(live)})` },
      { measured: `${ms(median(beside))} (${all(beside)})` },
    ];
  },
};

/** It is told only when it has been on the screen. */
async function firstPaint(page: Page): Promise<number> {
  const told = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  return (await (await page.waitForFunction(told)).jsonValue())!;
}
