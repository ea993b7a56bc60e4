import { tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata: { session: daemon_name, host: "kestrel", project: "ledger", ...metadata },
  ...more,
});
const failed = (name: string, task: string, error: string): object => about(name, "invoke", { task, error }, { success: false });

test("a daemon's drawer says what it does, failed, spent and touched, and takes that a failure was seen", async ({ dashboard, server, page }) => {
  const drawer = page.getByTestId("drawer");
  await tell(server, [
    about("codex", "summon"),
    about("codex", "invoke", { tool: "Edit", task: "Edit src/post.rs", cost_usd: 0.62, input_tokens: 214_000, output_tokens: 18_000 }),
    about("codex", "invoke", { tool: "Edit", task: "Edit src/post.rs" }),
    about("plan", "summon", { session: "codex", agent_id: "p", parent_daemon: "codex" }),
    failed("codex", "npm ci", "registry timeout"),
    failed("codex", "cargo build", "exit 101"),
  ]);
  const name = dashboard.daemon("codex").locator(".name");
  await name.focus();
  await page.keyboard.press("Enter");
  await expect(drawer).toBeVisible();
  await expect(drawer).toBeFocused();
  await expect(drawer).toContainText("ledger · kestrel");
  await expect(page.getByTestId("drawer-sentence")).toHaveText(/^failed \d+ s ago: exit 101$/);
  await expect(drawer.locator("section", { hasText: "Last failures" }).locator("li")).toHaveText([/cargo build exit 101/, /npm ci registry timeout/]);
  await expect(drawer).toContainText("$ 0.62 · 214 k in · 18 k out");
  await expect(drawer).toContainText("4 tasks · 50.0 %");
  await expect(drawer.locator("section", { hasText: "Children" })).toContainText("plan idle");
  await expect(drawer.locator("section", { hasText: "Files" })).toContainText("src/post.rs 2 edits");
  await page.getByTestId("seen").click();
  await expect(dashboard.daemon("codex")).toHaveAttribute("data-state", "idle");
  await expect(page.getByTestId("seen")).toBeHidden();
  const { events } = await (await fetch(`${server.url}/events/recent`)).json();
  expect(events.at(-1)).toMatchObject({ spell_name: "reveal", daemon_name: "codex", metadata: { query_type: "acknowledge" } });
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  await expect(name).toBeFocused();
  await expect(page).not.toHaveURL(/daemon=/);
});

test("circle, label and key open a drawer, and its button shows the daemon's events alone", async ({ dashboard, server, page }) => {
  const drawer = page.getByTestId("drawer");
  await tell(server, [about("codex", "summon"), about("gemini", "voice", { attention: true, task: "git push" })]);
  await dashboard.hasCircles("codex", "gemini");
  await page.keyboard.press("a");
  // Of one that waits the card comes first, and leads there.
  await expect(page.getByTestId("card").locator("h2")).toHaveText("gemini asks for an answer");
  await page.getByTestId("card-details").click();
  await expect(drawer.locator("h2")).toHaveText("gemini");
  await expect(page.getByTestId("drawer-sentence")).toHaveText(/waits for you for 0:\d\d/);
  await page.locator("[data-testid=daemon-label][data-daemon=codex]").click();
  await expect(drawer.locator("h2")).toHaveText("codex");
  await page.keyboard.press("Escape");
  await expect(drawer).toBeHidden();
  const { x, y } = (await dashboard.stage()).circles.find((circle) => circle.name === "codex")!;
  await page.locator("#scene").click({ position: { x, y } });
  await expect(drawer.locator("h2")).toHaveText("codex");
  await page.getByTestId("show-in-chronicle").click();
  await expect(drawer).toBeHidden();
  await expect(page).toHaveURL(/daemon=codex/);
  await expect(dashboard.rows).toHaveCount(1);
});
