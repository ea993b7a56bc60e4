import { tell } from "../support/log.ts";
import { expect, test } from "../support/test.ts";

const about = (daemon_name: string, spell_name: string, metadata: object = {}, more: object = {}): object => ({
  spell_name,
  daemon_name,
  metadata,
  ...more,
});

test("who waits for a human comes first, and the page's title counts them", async ({ dashboard, server, page }) => {
  const names = () => page.getByTestId("daemon-row").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-daemon")));
  await tell(server, [about("aider", "summon"), about("claude", "summon"), about("codex", "summon")]);
  await dashboard.hasCircles("aider", "claude", "codex");
  await expect.poll(names).toEqual(["codex", "claude", "aider"]);
  await expect(page).toHaveTitle("Arcane");
  await tell(server, [about("codex", "voice", { attention: true }, { description: "May I run rm?" })]);
  await expect(page).toHaveTitle("(1) Arcane");
  await expect.poll(names).toEqual(["codex", "claude", "aider"]);
  await tell(server, [about("claude", "voice", { attention: true }, { description: "Which one?" })]);
  await expect(page).toHaveTitle("(2) Arcane");
  await expect.poll(names).toEqual(["codex", "claude", "aider"]);
  await tell(server, [about("codex", "invoke", { task: "rm" }), about("claude", "banish")]);
  await expect(page).toHaveTitle("Arcane");
  await expect.poll(names).toEqual(["codex", "aider", "claude"]);
});
