// What Lighthouse says, as for a desktop.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import type { Result } from "lighthouse";

import stories from "../../playwright.config.ts";
import { median } from "../figures.ts";
import type { Goal, Measurement } from "../row.ts";

const RUNS = 5;
const CATEGORIES = { performance: 95, accessibility: 100, "best-practices": 100 };
type Category = keyof typeof CATEGORIES;

/** Runs a browser of its own, which Playwright knows nothing of. */
async function browse<T>(visit: (port: number) => Promise<T>): Promise<T> {
  const { executablePath, args = [] } = stories.use!.launchOptions!;
  const folder = await mkdtemp(join(tmpdir(), "arcane-lighthouse-"));
  const own = ["--headless=new", "--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank"];
  const browser = spawn(executablePath!, [...args, ...own], { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(browser, "exit");
  try {
    const port = await new Promise<number>((resolve, reject) => {
      createInterface(browser.stderr).on("line", (line) => {
        const found = /DevTools listening on ws:\/\/[^:]+:(\d+)/.exec(line);
        if (found) resolve(Number(found[1]));
      });
      browser.once("error", reject);
      browser.once("exit", (code) => reject(new Error(`the browser ended with ${code}`)));
    });
    return await visit(port);
  } finally {
    browser.kill("SIGTERM");
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What costs points, with how much of it there is. */
function shortcomings({ categories, audits }: Result, category: Category): string[] {
  return categories[category].auditRefs
    .filter(({ id, weight }) => weight > 0 && (audits[id].score ?? 1) < 1)
    .map(({ id }) => `${category}: ${id} — ${audits[id].title} (${audits[id].displayValue ?? audits[id].score})`);
}

export const lighthouse: Measurement = {
  name: "lighthouse",
  seconds: 60 * RUNS,
  goals: (Object.entries(CATEGORIES) as [Category, number][]).map(
    ([category, must]): Goal => ({ what: `Lighthouse, desktop, median of ${RUNS}: ${category}`, must: `≥ ${must}`, aims: "100" }),
  ),
  async measure({ server }) {
    const { default: run, desktopConfig } = await import("lighthouse");
    const results: Result[] = [];
    for (let n = 0; n < RUNS; n++) {
      const options = { output: "json", onlyCategories: Object.keys(CATEGORIES), logLevel: "error" } as const;
      const result = await browse((port) => run(server.url, { ...options, port }, desktopConfig));
      results.push(result!.lhr);
    }
    return (Object.keys(CATEGORIES) as Category[]).map((category) => {
      const scores = results.map(({ categories }) => Math.round(100 * (categories[category].score ?? NaN)));
      const middle = results[scores.indexOf(median(scores))] ?? results[0];
      return { measured: `${median(scores)} (${scores.join(", ")})`, notes: shortcomings(middle, category) };
    });
  },
};
