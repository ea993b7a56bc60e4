import { readsEverything, SHARED, tell } from "../support/compression.ts";
import { Firefox } from "../support/firefox.ts";
import { play } from "../support/play.ts";
import { expect, test as base } from "../support/test.ts";

const test = base.extend<{ firefox: Firefox }>({
  firefox: async ({}, use) => {
    const firefox = await Firefox.start();
    await use(firefox);
    await firefox.stop();
  },
});

test("Firefox's sockets read everything, whenever they join and whatever they ask in between", async ({ firefox, server }) => {
  const { agreed, ratio } = await readsEverything(server, async (plan) => {
    await firefox.goto(plan.url);
    return firefox.evaluate(play, plan);
  });
  tell(`Firefox ${firefox.version}`, agreed, ratio);
  expect(agreed).toBe("permessage-deflate; client_no_context_takeover");
  expect(ratio).toBeLessThan(SHARED);
});

test("the dashboard is live in Firefox", async ({ firefox, server }) => {
  await firefox.goto(server.url);
  const state = () => firefox.evaluate(() => document.querySelector("[data-testid=link-state]")?.getAttribute("data-state") ?? null, null);
  await expect.poll(state).toBe("live");
  await server.summon("claude");
  const rows = () => firefox.evaluate(() => document.querySelectorAll("[data-testid=feed-row][data-spell=summon]").length, null);
  await expect.poll(rows).toBe(1);
});
