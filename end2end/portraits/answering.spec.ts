// What docs/answering.md, docs/rules.md and docs/operating.md show: the card, the list of rules, a loop, and a budget that is spent. Each
// also on a phone, which no commit has: open them after a change of what these look like (`ARCANE_PICTURES` names the folder).

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import type { Page } from "@playwright/test";

import { hook, look, open, permission } from "../support/asks.ts";
import { colorOf, twelve } from "../support/cast.ts";
import { tell } from "../support/log.ts";
import { compressed } from "../support/picture.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

const folder = process.env.ARCANE_PICTURES ?? fileURLToPath(new URL("../../docs", import.meta.url));
const elsewhere = process.env.ARCANE_PICTURES ?? fileURLToPath(new URL("../test-results", import.meta.url));
const desk = { width: 1280, height: 800 };
/** Where words of rows are the matter. */
const wide = { width: 1600, height: 960 };
const phone = { width: 400, height: 860 };

const RULES = `
[[rules]]
name = "no force"
command = "git push --force"
decision = "deny"
message = "push by hand, please"

[[rules]]
name = "docs"
project = "webshop"
tool = "Edit"
path = "docs/**"
decision = "allow"

[[rules]]
name = "releases"
command = "cargo publish"
decision = "ask"
`;

const test = base.extend({
  server: async ({}, use) => {
    const place = await mkdtemp(join(tmpdir(), "arcane-portraits-"));
    const config = join(place, "arcane.toml");
    await writeFile(config, RULES);
    const server = new ArcaneServer(["--config", config, "--budget-usd", "5"]);
    await server.start();
    await use(server);
    await server.stop();
    await rm(place, { recursive: true, force: true });
  },
});

/** Those of the cast, at work; none of them waits. */
async function court(server: ArcaneServer, names: string[]): Promise<void> {
  const acts = twelve.filter(({ name, parent }) => names.includes(name) && !parent);
  const about = (name: string, project: string, machine: string) => ({ session: `session-${name}`, project, host: machine, color: colorOf(name) });
  const told = acts.flatMap(({ name, project, machine, state, task, error }) => {
    const metadata = about(name, project, machine);
    const summon = { spell_name: "summon", daemon_name: name, metadata };
    const call = { spell_name: "reveal", daemon_name: name, metadata: { ...metadata, query_type: "progress", phase: "begin", call_id: `call-${name}`, task } };
    const failed = { spell_name: "invoke", daemon_name: name, success: false, metadata: { ...metadata, task, error, execution_time: 2.9 } };
    return [summon, ...(state === "working" ? [call] : []), ...(state === "failed" ? [failed] : [])];
  });
  await tell(server, told);
}

/** A question that is answered where its agent runs. */
const waits = (daemon_name: string, project: string, host: string, task: string): object => ({
  spell_name: "voice", daemon_name, metadata: { attention: true, task, session: `session-${daemon_name}`, project, host, color: colorOf(daemon_name) },
});

/** Takes a picture once everything has come to rest. */
async function save(page: Page, name: string, isKept: boolean): Promise<void> {
  await page.evaluate(() => new Promise((done) => setTimeout(done, 2_500)));
  const png = await page.screenshot();
  writeFileSync(`${isKept ? folder : elsewhere}/${name}.webp`, await compressed(page, png));
}

for (const [size, at, isKept] of [[desk, "", true], [phone, "-phone", false]] as const) {
  test.describe(`at ${size.width} pixels`, () => {
    test.use({ viewport: size });
    test.beforeEach(async ({ page }) => {
      await page.addInitScript(() => localStorage.setItem("arcaneQuality", "high"));
    });

    test("the card", async ({ page, server }) => {
      await court(server, ["aider", "codex", "cursor", "liquidmetal", "qwen"]);
      await look(page, server.url);
      void hook(server, permission({ command: "git push origin\u200b main", description: "publish the rebased cart branch" }, { permission_suggestions: [{ type: "addRules", rules: [{ toolName: "Bash", ruleContent: "git push:*" }], behavior: "allow", destination: "session" }] }));
      await open(server, 1);
      await tell(server, [waits("mistral", "atlas", "forge-2", "which plan: patch or rewrite?"), waits("gemini", "webshop", "kestrel", "git push origin main")]);
      await expect(page.getByTestId("wait-pill")).toContainText("3 wait for you");
      await page.getByTestId("wait-pill").click();
      await expect(page.locator("[data-option=allow]")).toHaveAttribute("aria-disabled", "false");
      await save(page, `answering-card${at}`, isKept);
    });

    test("an edit, and several alike", async ({ page, server }) => {
      await court(server, ["aider", "codex", "cursor", "liquidmetal"]);
      await look(page, server.url);
      const input = {
        file_path: "/home/ada/webshop/src/cart.ts",
        old_string: "export function total(items: Item[]): number {\n  let sum = 0;\n  for (const item of items) sum += item.price;\n  return sum;\n}",
        new_string: "export function total(items: Item[]): Money {\n  let sum = Money.zero();\n  for (const item of items) sum = sum.plus(item.price);\n  return sum;\n}",
      };
      void hook(server, permission(input, { tool_name: "Edit" }));
      await open(server, 1);
      await page.getByTestId("wait-pill").click();
      await expect(page.getByTestId("card-region")).toContainText("Money");
      await save(page, `answering-edit${at}`, false);
      await page.keyboard.press("Escape");
      for (const session_id of ["s1", "s2", "s3"]) void hook(server, permission({ command: "cargo test --workspace" }, { session_id }));
      await open(server, 4);
      await page.getByTestId("wait-pill").click();
      await page.keyboard.press("j");
      await expect(page.getByTestId("card-alike")).toContainText("3 ask exactly this");
      await save(page, `answering-alike${at}`, false);
      await page.locator("[data-all=allow]").click();
      await expect(page.getByTestId("card-over")).toContainText("3 of 3 heard it.");
      await save(page, `answering-over${at}`, false);
      await page.keyboard.press("Escape");
      await save(page, `answering-chronicle${at}`, false);
    });

    test("the rules", async ({ page, server }) => {
      await court(server, ["aider", "codex", "cursor", "liquidmetal"]);
      await server.post("/rules", { name: "cargo test --lib in webshop", agent: "claude", project: "webshop", tool: "Bash", command: "cargo test --lib", exact: true, decision: "allow" });
      await look(page, server.url);
      const asked = hook(server, permission({ command: "git push --force" }, { session_id: "s2" }));
      await asked;
      await page.keyboard.press(",");
      await page.getByTestId("to-rules").click();
      await expect(page.getByTestId("rule")).toHaveCount(4);
      await page.getByTestId("rule-try").last().click();
      await save(page, `rules-list${at}`, isKept);
      await page.getByTestId("rule-remove").click();
      await save(page, `rules-remove${at}`, false);
    });

    test("a loop", async ({ page, server }) => {
      if (isKept) await page.setViewportSize(wide);
      await court(server, ["aider", "codex", "cursor", "liquidmetal", "qwen"]);
      await look(page, server.url);
      for (let id = 0; id < 5; id += 1) {
        const call = { session_id: "s", cwd: "/home/ada/webshop", tool_name: "Bash", tool_input: { command: "cargo test --workspace" }, tool_use_id: `t${id}` };
        await hook(server, { ...call, hook_event_name: "PreToolUse" }, "host=kestrel");
        await hook(server, { ...call, hook_event_name: "PostToolUse", tool_response: { stdout: `2 failed; finished in 0.${id}s`, stderr: "", interrupted: false } }, "host=kestrel");
      }
      await expect(page.locator('[data-testid=daemon-row][data-daemon="claude"]')).toHaveAttribute("data-state", "looping");
      await save(page, `answering-loop${at}`, isKept);
    });

    test("a budget that is spent", async ({ page, server }) => {
      if (isKept) await page.setViewportSize(wide);
      await court(server, ["aider", "codex", "cursor", "liquidmetal", "qwen"]);
      await look(page, server.url);
      const spends = (daemon_name: string, cost_usd: number) => ({ spell_name: "reveal", daemon_name, metadata: { query_type: "enrich", cost_usd } });
      await tell(server, [spends("cursor", 5.2), spends("liquidmetal", 4.1), spends("qwen", 0.8)]);
      await expect(page.locator('[data-testid=daemon-row][data-daemon="cursor"]')).toContainText("100 % of today's $5.00");
      await save(page, `budget-spent${at}`, isKept);
    });
  });
}
