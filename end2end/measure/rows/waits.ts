// An agent asks for permission: how long until the page says so, on the stage and in words, and until it says that it is over.

import { Dashboard } from "../../support/dashboard.ts";
import { median, ms, percentile } from "../figures.ts";
import { load, publish } from "../load.ts";
import type { Measurement } from "../row.ts";
import { summons, worker } from "../work.ts";

const TIMES = 30;
const session_id = "7d0c9a52-6d0b-4f57-9d3e-1f0f4a0c5a11";
const payload = (hook_event_name: string, n: number, more: object = {}): object => ({
  session_id,
  cwd: "/home/user/webshop",
  hook_event_name,
  tool_name: "Bash",
  tool_use_id: `toolu_${n}`,
  tool_input: { command: `make ${n}`, description: "Build it" },
  ...more,
});

/** When the page says it, Unix milliseconds: by the beacon on the stage and by its title. */
const told = (waits: boolean): Promise<[number, number]> =>
  new Promise((done) => {
    let [beacon, title] = [0, 0];
    const look = () => {
      const { circles } = JSON.parse((window as any).__arcane.state());
      const is = circles.some((one: any) => one.name === "claude" && one.phase === "waiting");
      if (!beacon && is === waits) beacon = Date.now();
      if (!title && document.title.startsWith("(") === waits) title = Date.now();
      if (beacon && title) done([beacon, title]);
      else requestAnimationFrame(look);
    };
    look();
  });

export const waits: Measurement = {
  name: "waits",
  seconds: 30,
  goals: [
    { what: "an agent asks for permission, until the stage shows it: median, most", must: "300 ms", aims: "100 ms" },
    { what: "… until the title says it: median, most", must: "300 ms", aims: "150 ms" },
    { what: "it is answered, until neither does: median, most", must: "300 ms", aims: "150 ms" },
  ],
  async measure({ page, server }) {
    await new Dashboard(page).open(server.url);
    await publish(server.url, summons().slice(1));
    const hook = (event: string, n: number, more: object = {}) =>
      fetch(`${server.url}/hooks/claude`, { method: "POST", body: JSON.stringify(payload(event, n, more)) });
    await hook("SessionStart", 0, { source: "startup" });
    await page.waitForFunction(() => JSON.parse((window as any).__arcane.state()).circles.some((one: any) => one.name === "claude"));
    await page.waitForTimeout(2_000);
    const next = worker();
    // All others work; what is published of an agent by name alone would end its waits.
    const others = (): object => {
      const event: any = next();
      return event.daemon_name === "claude" ? others() : event;
    };
    const working = load(server.url, 20, TIMES * 0.7, others);
    const [stage, title, over]: number[][] = [[], [], []];
    for (let n = 1; n <= TIMES; n++) {
      await hook("PreToolUse", n);
      let [seen, asked] = [page.evaluate(told, true), Date.now()];
      await hook("PermissionRequest", n);
      const [beacon, words] = await seen;
      stage.push(beacon - asked);
      title.push(words - asked);
      [seen, asked] = [page.evaluate(told, false), Date.now()];
      await hook("PostToolUse", n, { tool_response: { stdout: "" } });
      over.push(Math.max(...(await seen)) - asked);
    }
    await working;
    const figures = (all: number[]) => ({ measured: `${ms(median(all))}, ${ms(percentile(all, 1))} (${TIMES} times)` });
    return [figures(stage), figures(title), figures(over)];
  },
};
