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

for (const others of [0, 1]) {
  test(`waits that come and go many times a second cost few titles, and the last one is right, beside ${others}`, async ({ dashboard, server, page }) => {
    const waits = (name: string) => about(name, "voice", { attention: true }, { description: "May I?" });
    await tell(server, [about("codex", "summon"), others > 0 ? waits("claude") : about("claude", "summon")]);
    await dashboard.hasCircles("claude", "codex");
    await expect(page).toHaveTitle(others > 0 ? "(1) Arcane" : "Arcane");
    await page.evaluate(() => {
      const told = { titles: 0, icons: 0, begun: performance.now() };
      const note = ({ attributeName }: MutationRecord) => (attributeName === "href" ? told.icons++ : told.titles++);
      new MutationObserver((changes) => changes.forEach(note)).observe(document.head, { subtree: true, childList: true, attributes: true });
      (window as any).__told = told;
    });
    for (let turn = 0; turn < 40; turn += 1) {
      await tell(server, [waits("codex")]);
      await tell(server, [about("codex", "invoke", { task: "go on" })]);
      await page.evaluate(() => new Promise(requestAnimationFrame));
    }
    await tell(server, [waits("codex")]);
    await expect(page).toHaveTitle(`(${others + 1}) Arcane`);
    const { titles, icons, seconds } = await page.evaluate(() => {
      const { titles, icons, begun } = (window as any).__told;
      return { titles, icons, seconds: (performance.now() - begun) / 1_000 };
    });
    // How many wait at most once a second, whether any does five times; one more for where they begin.
    const most = Math.ceil((others > 0 ? 1 : 5) * seconds) + 1;
    expect(titles).toBeLessThanOrEqual(most);
    expect(icons, "the icon says only whether an agent waits").toBeLessThanOrEqual(others > 0 ? 0 : most);
  });
}
