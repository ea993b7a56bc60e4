import { tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata,
  ...more,
});
const waits = (name: string, task: string): object => about(name, "voice", { attention: true, task });

test("the header says who waits, how many do what, and what the day cost", async ({ dashboard, server, page }) => {
  const pill = page.getByTestId("wait-pill");
  const count = (state: string) => page.getByTestId(state);
  await expect(pill).toBeHidden();
  await tell(server, [
    about("aider", "summon"),
    about("claude", "invoke", { phase: "begin", call_id: "1", task: "cargo test" }),
    about("codex", "invoke", { task: "cargo build", error: "exit 101", cost_usd: 4.17 }, { success: false }),
    about("codex", "summon"),
    about("codex", "invoke", { task: "cargo build", error: "exit 101" }, { success: false }),
  ]);
  await expect(count("working")).toHaveText("1");
  await expect(count("failed")).toHaveText("1");
  await expect(count("idle")).toHaveText("1");
  await expect(count("silent")).toBeHidden();
  await expect(count("cost")).toHaveText("$ 4.17");
  await expect(pill).toBeHidden();
  await tell(server, [waits("gemini", "git push")]);
  await expect(pill).toContainText("1 waits for you");
  await expect(pill).toContainText(/0:0[1-9]/);
  await tell(server, [waits("mistral", "which plan?")]);
  await expect(pill).toContainText("2 wait for you");
  await expect(count("working")).toHaveText("1");
  await tell(server, [about("gemini", "invoke", { task: "git push" }), about("mistral", "banish")]);
  await expect(pill).toBeHidden();
  await expect(count("idle")).toHaveText("2");
});

test("questions are counted, and one that can be answered is the first", async ({ dashboard, server, page }) => {
  const pill = page.getByTestId("wait-pill");
  const asks = (request_id: string) => about("codex", "voice", { attention: true, task: request_id, session: request_id, request_id });
  await tell(server, [waits("gemini", "git push"), about("codex", "summon"), asks("k3x9ab7m2qc"), asks("k3x9ab7m2qd")]);
  await dashboard.hasCircles("codex", "gemini");
  await expect(pill).toContainText("3 questions of 2 agents");
  await expect(page).toHaveTitle("(3) Arcane");
  await expect(dashboard.displayText).toContainText("k3x9ab7m2qc");
  await expect(dashboard.displayText).toContainText("+2 requests");
  await page.keyboard.press("a");
  await expect(page.getByTestId("card")).toHaveAttribute("data-request", "k3x9ab7m2qc");
  await expect(page.getByTestId("card-nth")).toHaveText("1 of 3");
});

test("how late things are seen is behind the statistics", async ({ dashboard, server, page }) => {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await expect(page.locator("#p99")).toBeHidden();
  await page.getByTestId("statistics").click();
  await expect(page.locator("#p99")).toBeVisible();
  await expect(page.locator("#p99")).toHaveText(/^\d+ ms$/);
  await expect(page.locator("#clock")).toHaveText(/±/);
});
