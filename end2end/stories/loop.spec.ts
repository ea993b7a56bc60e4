// What guards tell of an agent: a call that it makes again and again, and what it has spent of its budget.

import { hook } from "../support/asks.ts";
import { tell } from "../support/log.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

/** Stories of a server on which each daemon may spend $5 a day. */
const test = base.extend({
  server: async ({}, use) => {
    const server = new ArcaneServer(["--budget-usd", "5"]);
    await server.start();
    await use(server);
    await server.stop();
  },
});

/** Claude Code runs a command, and hears the same each time but how long it took. */
async function run(server: ArcaneServer, id: number, command: string): Promise<void> {
  const call = { session_id: "s", cwd: "/home/ada/webshop", tool_name: "Bash", tool_input: { command }, tool_use_id: `t${id}` };
  await hook(server, { ...call, hook_event_name: "PreToolUse" }, "host=kestrel");
  const tool_response = { stdout: `2 failed; finished in 0.${id}s`, stderr: "", interrupted: false };
  await hook(server, { ...call, hook_event_name: "PostToolUse", tool_response }, "host=kestrel");
}

test("a call that is made again and again turns its circle backwards until something new comes", async ({ dashboard, server, page }, info) => {
  const row = page.locator('[data-testid=daemon-row][data-daemon="claude"]');
  const label = page.locator('.label[data-daemon="claude"]');
  for (let id = 0; id < 4; id += 1) await run(server, id, "cargo test");
  await dashboard.hasCircles("claude");
  await expect(row).not.toHaveAttribute("data-state", "looping");
  await run(server, 4, "cargo test");
  await expect(row).toHaveAttribute("data-state", "looping");
  await expect(row).toContainText("5 times the same: cargo test");
  await expect(label).toHaveAttribute("data-phase", "looping");
  await expect(page.locator('[data-testid=head-row][data-daemon="Needs you"]')).toBeVisible();
  await page.screenshot({ path: info.outputPath("loop.png") });
  await run(server, 5, "git diff");
  await expect(row).not.toHaveAttribute("data-state", "looping");
});

test("with less motion a loop stands still and says so", async ({ dashboard, server, page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  for (let id = 0; id < 10; id += 1) await run(server, id, "cargo test");
  await dashboard.hasCircles("claude");
  await expect(page.locator('[data-testid=daemon-row][data-daemon="claude"]')).toContainText("10 times the same");
});

test("a budget is shown at 80 %, and needs you at 100 %", async ({ dashboard, server, page }, info) => {
  const spends = (cost_usd: number) => ({ spell_name: "reveal", daemon_name: "codex", metadata: { query_type: "enrich", cost_usd } });
  const row = page.locator('[data-testid=daemon-row][data-daemon="codex"]');
  const needs = page.locator('[data-testid=head-row][data-daemon="Needs you"]');
  await tell(server, [{ spell_name: "summon", daemon_name: "codex" }, spends(4.25)]);
  await dashboard.hasCircles("codex");
  await expect(row).toContainText("80 % of today's $5.00");
  await expect(needs).toBeHidden();
  await tell(server, [spends(1)]);
  await expect(row).toContainText("100 % of today's $5.00");
  await expect(needs).toBeVisible();
  await page.screenshot({ path: info.outputPath("budget.png") });
  await row.getByRole("button").click();
  await expect(page.getByTestId("drawer-budget")).toHaveText("100 % of today's $5.00");
});
