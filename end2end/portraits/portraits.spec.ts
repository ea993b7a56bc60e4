import { fileURLToPath } from "node:url";

import { expect, type Page } from "@playwright/test";

import { test } from "../support/configured.ts";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

/** Lets the stage draw so many more of its frames, however slow they are. */
async function frames(page: Page, n: number): Promise<void> {
  await page.evaluate(
    (n) => new Promise<void>((done) => {
      const step = (left: number) => (left === 0 ? done() : requestAnimationFrame(() => step(left - 1)));
      step(n);
    }),
    n,
  );
}

const picture = (page: Page, name: string) => page.screenshot({ path: `${docs}${name}.png` });

test("a first daemon: summoned, invoked, failing, banished", async ({ dashboard }) => {
  const { page } = dashboard;
  await frames(page, 60);
  await picture(page, "first-daemon-1-quiet");

  await dashboard.cast("summon historian");
  await dashboard.hasCircles("historian");
  await frames(page, 90);
  await picture(page, "first-daemon-2-summoned");

  await dashboard.cast("ask historian to tell the latest");
  await expect(dashboard.row("invoke", "historian")).toHaveCount(1);
  await frames(page, 12);
  await picture(page, "first-daemon-3-invoked");

  await dashboard.cast("summon pessimist");
  await dashboard.hasCircles("historian", "pessimist");
  await frames(page, 90);
  await dashboard.cast("ask pessimist to look ahead");
  await expect(dashboard.displayText).toContainText(/\w/);
  await frames(page, 2);
  await picture(page, "first-daemon-4-failed");

  await dashboard.cast("banish historian");
  await expect(dashboard.row("banish", "historian")).toHaveCount(1);
  await frames(page, 20);
  await picture(page, "first-daemon-5-banished");
});

test("the stage with four daemons", async ({ dashboard, server }) => {
  const { page } = dashboard;
  for (const name of ["claude", "gemini", "liquidmetal", "codex"]) await server.summon(name);
  await dashboard.hasCircles("claude", "gemini", "liquidmetal", "codex");
  const done = (daemon_name: string, task: string, execution_time: number, success = true) =>
    server.publish({ spell_name: "invoke", daemon_name, success, metadata: { task, execution_time } });
  await done("codex", "cargo build", 3.1, false);
  await done("gemini", "paint the loading screen", 2.31);
  await done("claude", "cargo clippy", 3.02);
  await done("liquidmetal", "map 41 fields", 0.88);
  await frames(page, 150);
  await done("codex", "cargo build", 2.9);
  await done("claude", "cargo test --workspace", 14.2);
  await done("liquidmetal", "adapt schema v3", 1.92);
  await done("gemini", "sketch the empty state", 4.4);
  await frames(page, 14);
  await picture(page, "stage");
});
