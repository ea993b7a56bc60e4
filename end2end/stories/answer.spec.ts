// What an agent asks, answered on the page: its hook waits meanwhile, and hears what was pressed.

import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";

import { allowed, hook, look, open, permission, presence, said, test } from "../support/asks.ts";
import { Dashboard } from "../support/dashboard.ts";
import { test as guarded } from "../support/guarded.ts";
import { durable, expect } from "../support/test.ts";

/** Opens the card of the first question. */
async function openCard(page: Page): Promise<void> {
  await expect(page.getByTestId("wait-pill")).toBeVisible();
  await page.keyboard.press("a");
  await expect(page.getByTestId("card")).toBeVisible();
}

const question = (questions: object[]): object =>
  permission({ questions }, { tool_name: "AskUserQuestion" });

test("a click allows, and the agent goes on", async ({ dashboard, server, page }) => {
  const card = page.getByTestId("card");
  const hears = hook(server, permission({ command: "git push --force origin main", description: "publish the rebased cart branch" }));
  await expect(page.getByTestId("wait-pill")).toBeVisible();
  await openCard(page);
  await expect(card).toBeVisible();
  await expect(card).toBeFocused();
  await expect(page.getByTestId("drawer")).toBeHidden();
  await expect(card.locator("h2")).toHaveText("claude asks for permission");
  await expect(card).toContainText("project webshop");
  await expect(card).toContainText("machine kestrel");
  await expect(page.getByTestId("card-since")).toHaveText(/^\d:\d\d$/);
  await expect(page.getByTestId("card-tool")).toHaveText("Bash");
  await expect(page.getByTestId("card-says")).toHaveText("whole command · 1 line · 28 characters");
  await expect(page.getByTestId("card-region")).toContainText("git push --force origin main");
  await expect(page.getByTestId("card-note")).toContainText("publish the rebased cart branch");
  await expect(page.getByTestId("card-elsewhere")).toHaveText("or answer in the terminal on kestrel · whoever answers first counts");
  await page.locator("[data-option=allow]").click();
  expect(await hears).toEqual({ status: 200, body: allowed });
  await expect(page.getByTestId("card-over")).toHaveText("You allowed it: claude goes on.");
  await expect(page.locator("[data-option]")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
  await expect(dashboard.rows.filter({ hasText: /✓\s*claude.*granted/ })).toHaveCount(1);
});

test("row, label and circle of who waits open the card, and it opens the drawer", async ({ dashboard, server, page }) => {
  const card = page.getByTestId("card");
  const hears = hook(server, permission({ command: "ls" }));
  await dashboard.hasCircles("claude");
  await dashboard.daemon("claude").locator(".name").click();
  await expect(card).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(card).toBeHidden();
  await page.locator("[data-testid=daemon-label][data-daemon=claude]").click();
  await expect(card).toBeVisible();
  await page.getByTestId("card-details").click();
  await expect(card).toBeHidden();
  await expect(page.getByTestId("drawer")).toBeVisible();
  await page.getByTestId("to-card").click();
  await expect(card).toBeVisible();
  await expect(page.getByTestId("drawer")).toBeHidden();
  await page.locator("[data-option=deny]").click();
  expect((await hears).body.hookSpecificOutput.decision).toEqual({ behavior: "deny" });
});

test("a refusal tells the agent what to do instead", async ({ dashboard, server, page }) => {
  const hears = hook(server, permission({ command: "git push --force" }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.locator("[data-option=deny]")).toHaveAttribute("aria-disabled", "false");
  await page.keyboard.press("n");
  await expect(page.getByTestId("deny-message")).toBeFocused();
  await page.keyboard.type("Use --force-with-lease, and list what gets lost");
  await page.keyboard.press("Enter");
  expect((await hears).body.hookSpecificOutput.decision).toEqual({
    behavior: "deny", message: "Use --force-with-lease, and list what gets lost",
  });
  await expect(page.getByTestId("card-over")).toHaveText("You said no: claude hears it.");
});

test("options are the agent's own, in its order and words", async ({ dashboard, server, page }) => {
  const suggestion = { type: "addRules", rules: [{ toolName: "Bash", ruleContent: "git push:*" }], behavior: "allow", destination: "session" };
  const hears = hook(server, permission({ command: "git push" }, { permission_suggestions: [suggestion] }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.locator("[data-option]")).toHaveText([/^✓Yes/, /^✓✓Yes, and do not ask again for Bash\(git push:\*\), for this session/, /^✕No/]);
  await page.locator("[data-option=always-1]").click();
  expect((await hears).body.hookSpecificOutput.decision).toEqual({ behavior: "allow", updatedPermissions: [suggestion] });
  await expect(page.getByTestId("card-over")).toContainText("You answered: Yes, and do not ask again");
});

test("one question is answered with a press, or in own words", async ({ dashboard, server, page }) => {
  const asks = question([{ question: "Which colour?", header: "Colour", options: [{ label: "Red", description: "warm" }, { label: "Blue", description: "cold" }] }]);
  let hears = hook(server, asks);
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.getByTestId("card").locator("legend")).toContainText("Which colour?");
  await expect(page.locator("[data-kind=answer]")).toHaveText(["❯Redwarm", "❯Bluecold"]);
  await page.locator("[data-option=answer-2]").click();
  expect((await hears).body.hookSpecificOutput.decision.updatedInput.answers).toEqual({ "Which colour?": "Blue" });
  await page.keyboard.press("Escape");
  hears = hook(server, asks);
  await open(server, 1);
  await openCard(page);
  await page.getByTestId("own-0").fill("green");
  await page.getByTestId("send-answers").click();
  expect((await hears).body.hookSpecificOutput.decision.updatedInput.answers).toEqual({ "Which colour?": "green" });
});

test("several questions are one form", async ({ dashboard, server, page }) => {
  const hears = hook(server, question([
    { question: "Which colour?", options: [{ label: "Red" }, { label: "Blue" }] },
    { question: "Which sizes?", multiSelect: true, options: [{ label: "S" }, { label: "M" }, { label: "L" }] },
  ]));
  await dashboard.hasCircles("claude");
  await openCard(page);
  const send = page.getByTestId("send-answers");
  await expect(send).toHaveAttribute("aria-disabled", "false");
  await page.getByLabel("Blue").check();
  await send.click();
  await expect(page.getByTestId("card-wrong")).toHaveText("“Which sizes?” wants an answer.");
  await page.getByLabel("S", { exact: true }).check();
  await page.getByLabel("L", { exact: true }).check();
  await page.getByTestId("own-1").fill("XL");
  await send.click();
  expect((await hears).body.hookSpecificOutput.decision.updatedInput.answers).toEqual({ "Which colour?": "Blue", "Which sizes?": "S, L, XL" });
});

test("a form of an MCP server has fields of its schema's kinds", async ({ dashboard, server, page }) => {
  const hears = hook(server, {
    session_id: "s", cwd: "/home/ada/webshop", hook_event_name: "Elicitation", mcp_server_name: "tickets", message: "Open a ticket?",
    requested_schema: { type: "object", required: ["title"], properties: {
      title: { type: "string" }, urgent: { type: "boolean" }, weight: { type: "integer" }, kind: { type: "string", enum: ["bug", "wish"] },
    } },
  });
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.getByTestId("card")).toContainText("Open a ticket?");
  await page.getByTestId("own-0").or(page.getByLabel("title")).first().waitFor();
  await page.getByLabel("title").fill("cart is empty");
  await page.getByLabel("weight").fill("3");
  await page.getByLabel("yes").check();
  await page.getByLabel("wish").check();
  await page.getByTestId("send-answers").click();
  expect((await hears).body.hookSpecificOutput).toEqual({
    hookEventName: "Elicitation", action: "accept", content: { title: "cart is empty", weight: 3, urgent: true, kind: "wish" },
  });
});

test("what is answered at the terminal ends on the card, and nothing takes its place", async ({ dashboard, server, page }) => {
  const call = { session_id: "5f0a1b2c-0000", cwd: "/home/ada/webshop", tool_name: "Bash", tool_input: { command: "make" }, tool_use_id: "t1" };
  await hook(server, { ...call, hook_event_name: "PreToolUse" }, "host=kestrel");
  const hears = hook(server, permission({ command: "make" }));
  await open(server, 1);
  const other = hook(server, permission({ command: "make install" }, { session_id: "other", cwd: "/home/ada/atlas" }));
  await open(server, 2);
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.getByTestId("card-region")).toContainText("make");
  await expect(page.getByTestId("card-other")).toHaveCount(1);
  await hook(server, { ...call, hook_event_name: "PostToolUse", tool_response: {} }, "host=kestrel");
  await expect(page.getByTestId("card-over")).toHaveText("It was answered at the terminal.");
  await expect(page.locator("[data-option]")).toHaveCount(0);
  await expect(page.getByTestId("card-region")).toHaveText(/make/);
  await expect(page.getByTestId("card-region")).not.toHaveText(/install/);
  expect((await hears).status).toBe(204);
  await page.keyboard.press("j");
  await expect(page.getByTestId("card-region")).toContainText("make install");
  await page.locator("[data-option=allow]").click();
  expect((await other).body).toEqual(allowed);
});

test("what ended elsewhere is told by its event, which comes after the call went on", async ({ dashboard, server, page }) => {
  const about = { session: "s", project: "webshop", host: "kestrel", call_id: "c1", task: "Bash: make", tool: "Bash" };
  const told = (spell_name: string, metadata: object) => server.publish({ spell_name, daemon_name: "codex", metadata: { ...about, ...metadata } });
  await told("summon", {});
  await told("voice", { event: "await", attention: true, why: "permission", request_id: "k3x9ab7m2qc" });
  await dashboard.hasCircles("codex");
  await openCard(page);
  await told("invoke", { execution_time: 0.2 });
  await expect(dashboard.daemon("codex")).not.toHaveAttribute("data-state", "waiting");
  await told("voice", { event: "await_end", request_id: "k3x9ab7m2qc", decision: "deny", by: "ada", via: "cli", waited_s: 3 });
  await expect(page.getByTestId("card-over")).not.toBeEmpty();
  await expect(page.getByTestId("card-over")).toHaveText("ada said no by arcane answer, after 0:03.");
});

test("who is first counts: the other page says who it was", async ({ dashboard, server, page, context }) => {
  const hears = hook(server, permission({ command: "make" }));
  const [id] = await open(server, 1);
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.locator("[data-option=allow]")).toHaveAttribute("aria-disabled", "false");
  // The page does not hear of it before it answers itself.
  await page.route("**/answer", async (route) => {
    await fetch(`${server.url}/requests/${id}/answer`, { method: "POST", headers: { "content-type": "application/json" }, body: '{"decision":"deny"}' });
    await route.continue();
  });
  await page.locator("[data-option=allow]").click();
  expect((await hears).body.hookSpecificOutput.decision).toEqual({ behavior: "deny" });
  await expect(page.getByTestId("card-over")).toContainText("was first: deny (via cli).");
  // Another page of the same room hears it from the event.
  const second = hook(server, permission({ command: "make clean" }));
  const [next] = await open(server, 1);
  const other = await context.newPage();
  await look(other, server.url);
  await openCard(other);
  await expect(other.getByTestId("card-region")).toContainText("make clean");
  await server.post(`/requests/${next}/answer`, { decision: "allow" });
  await expect(other.getByTestId("card-over")).toHaveText(/^Somebody allowed it by arcane answer, after 0:\d\d\.$/);
  expect((await second).body).toEqual(allowed);
});

test("nothing counts before the end of a long input was in view", async ({ dashboard, server, page }) => {
  const command = Array.from({ length: 120 }, (_, n) => `echo line ${n + 1}`).join("\n") + "\nrm -rf build";
  const hears = hook(server, permission({ command }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  const allow = page.locator("[data-option=allow]");
  await expect(page.getByTestId("card-hint")).toHaveText("The buttons work once you have scrolled to its end.");
  await expect(page.getByTestId("card-says")).toHaveText(/^whole command · 121 lines · /);
  // Longer than anything rests.
  await page.waitForFunction((begun) => performance.now() - begun > 900, await page.evaluate(() => performance.now()));
  await expect(allow).toHaveAttribute("aria-disabled", "true");
  await allow.click({ force: true });
  await page.keyboard.press("n");
  await page.keyboard.press("Enter");
  expect(await open(server, 1)).toHaveLength(1);
  await page.getByTestId("card-region").evaluate((region) => region.scrollTo(0, region.scrollHeight));
  await expect(allow).toHaveAttribute("aria-disabled", "false");
  await expect(page.getByTestId("card-hint")).toHaveText("");
  await allow.click();
  expect((await hears).body).toEqual(allowed);
});

test("what has just appeared is dead for a moment, and a second press does nothing", async ({ dashboard, server, page }) => {
  const hears = hook(server, permission({ command: "make" }));
  await dashboard.hasCircles("claude");
  let answers = 0;
  await page.route("**/answer", async (route) => {
    answers += 1;
    await route.continue();
  });
  // Presses as soon as there is anything to press, and says when that was and when it came alive.
  await expect(page.getByTestId("wait-pill")).toBeVisible();
  const seen = await page.evaluate(async () => {
    const button = () => document.querySelector<HTMLElement>("[data-option=allow]");
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "a", code: "KeyA", bubbles: true }));
    while (!button()) await new Promise(requestAnimationFrame);
    const appeared = performance.now();
    while (button()!.getAttribute("aria-disabled") === "true") {
      button()!.click();
      await new Promise(requestAnimationFrame);
    }
    return performance.now() - appeared;
  });
  expect(seen).toBeGreaterThan(300);
  expect(answers).toBe(0);
  await page.locator("[data-option=allow]").evaluate((button: HTMLElement) => {
    button.click();
    button.click();
  });
  expect((await hears).body).toEqual(allowed);
  await expect(page.getByTestId("card-over")).toContainText("You allowed it");
  expect(answers).toBe(1);
});

test("no key allows: y leads to the button, and only Enter on it presses", async ({ dashboard, server, page }) => {
  const hears = hook(server, permission({ command: "make" }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  const allow = page.locator("[data-option=allow]");
  await expect(allow).toHaveAttribute("aria-disabled", "false");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Space");
  await page.keyboard.press("y");
  await expect(allow).toBeFocused();
  await page.keyboard.press("y");
  expect(await open(server, 1)).toHaveLength(1);
  await page.keyboard.press("Enter");
  expect((await hears).body).toEqual(allowed);
});

test("what is not seen is shown, and text is text", async ({ dashboard, server, page }) => {
  const command = "git push origin\u200b main <b>bold</b> \u202etxt\u001b[2J <script>document.title='x'</script>";
  void hook(server, permission({ command }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  const region = page.getByTestId("card-region");
  await expect(region).toContainText("originU+200B main <b>bold</b> U+202EtxtU+001B[2J <script>");
  await expect(region.locator(".sign-of")).toHaveText(["U+200B", "U+202E", "U+001B"]);
  await expect(region.locator("b:not(.sign-of), script")).toHaveCount(0);
  await expect(page.getByTestId("card-hidden")).toHaveText(
    "3 invisible characters made visible: U+200B, zero-width space (1); U+202E, right-to-left override (1); U+001B, escape (1)",
  );
  await page.keyboard.press("Escape");
  void hook(server, permission({ command: "git push --force origin\u200b main" }, { session_id: "two" }));
  await open(server, 2);
  await openCard(page);
  await page.keyboard.press("j");
  await expect(page.getByTestId("card-hidden")).toHaveText("1 invisible character made visible: U+200B, zero-width space, after “origin”");
});

test("an edit is shown as what goes and comes", async ({ dashboard, server, page }) => {
  const input = { file_path: "/home/ada/webshop/src/cart.ts", old_string: "const a = 1;\nconst b = 2;", new_string: "const a = 1;\nconst b = 3;", replace_all: false };
  void hook(server, permission(input, { tool_name: "Edit" }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  const region = page.getByTestId("card-region");
  await expect(region.locator(".removed")).toHaveText("−const b = 2;");
  await expect(region.locator(".added")).toHaveText("+const b = 3;");
  await expect(region.locator(".head").first()).toHaveText("/home/ada/webshop/src/cart.ts");
  await expect(region).toContainText("replace_all");
  await expect(page.getByTestId("card-says")).toHaveText("whole edit · 1 line out, 1 in");
});

test("several that ask the very same are answered with one press", async ({ dashboard, server, page }) => {
  const asks = (session_id: string, command: string) => hook(server, permission({ command }, { session_id }));
  const same = ["s1", "s2"].map((session) => asks(session, "cargo test"));
  const other = asks("s4", "cargo test --release");
  await open(server, 3);
  await dashboard.hasCircles("claude");
  await openCard(page);
  const region = page.getByTestId("card-region");
  for (let tries = 0; tries < 4 && !/^cargo test$/m.test(await region.locator(".text").innerText()); tries++) await page.keyboard.press("j");
  await expect(page.getByTestId("card-alike")).toContainText("2 ask exactly this");
  // One more joins them while the card is open.
  same.push(asks("s3", "cargo test"));
  await expect(page.getByTestId("card-alike")).toContainText("3 ask exactly this");
  const all = page.locator("[data-all=allow]");
  await expect(all).toHaveText("Yes to all 3");
  await expect(all).toHaveAttribute("aria-disabled", "false");
  await all.click();
  for (const hears of same) expect((await hears).body).toEqual(allowed);
  await expect(page.getByTestId("card-over")).toContainText("3 of 3 heard it.");
  await page.keyboard.press("j");
  await expect(region).toContainText("cargo test --release");
  await expect(page.getByTestId("card-alike")).toBeHidden();
  await page.locator("[data-option=deny]").click();
  expect((await other).body.hookSpecificOutput.decision.behavior).toBe("deny");
});

test("without a page that is looked at an agent is answered at once", async ({ server, page }) => {
  expect(await hook(server, permission({ command: "make" }))).toEqual({ status: 204, body: undefined });
  const all = said(page);
  await page.goto(server.url);
  await expect.poll(() => all).toContain(presence(true));
  // Another tab in front, as the browser tells it.
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  await expect.poll(() => all).toContain(presence(false));
  expect((await hook(server, permission({ command: "make" }))).status).toBe(204);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", { value: false, configurable: true });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  });
  await expect.poll(() => all.filter((one) => one === presence(true)).length).toBeGreaterThan(1);
});

test("what can only be answered where it runs has a card that says so", async ({ dashboard, server, page }) => {
  expect((await hook(server, permission({ command: "make" }), "host=kestrel")).status).toBe(204);
  await dashboard.hasCircles("claude");
  await openCard(page);
  await expect(page.getByTestId("card-elsewhere")).toHaveText("Answer in the terminal on kestrel.");
  await expect(page.getByTestId("card-line")).toHaveText("Bash: make");
  await expect(page.locator("[data-option]")).toHaveCount(0);
});

test("the card has no barriers, in any colours", async ({ dashboard, server, page }) => {
  void hook(server, permission({ command: "git push --force origin\u200b main", description: "publish" }));
  void hook(server, permission({ file_path: "a.ts", old_string: "a", new_string: "b" }, { tool_name: "Edit", session_id: "two" }));
  void hook(server, question([{ question: "Which?", options: [{ label: "Red", description: "warm" }] }, { question: "How many?", options: [] }]));
  await open(server, 3);
  await dashboard.hasCircles("claude");
  await openCard(page);
  for (const forcedColors of ["none", "active"] as const) {
    await page.emulateMedia({ forcedColors });
    for (let n = 0; n < 3; n++) {
      await expect(page.getByTestId("card").locator("[aria-disabled]").first()).toHaveAttribute("aria-disabled", "false");
      // With forced colours a browser paints others than those that it computes.
      const rules = forcedColors === "none" ? [] : ["color-contrast"];
      const { violations } = await new AxeBuilder({ page }).include(".card").disableRules(rules).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target).join(", ")}`)).toEqual([]);
      await page.keyboard.press("j");
      await expect(page.getByTestId("card")).toBeFocused();
    }
  }
  await page.emulateMedia({ forcedColors: "none" });
  // The focus stays in the card, all the way round.
  for (let n = 0; n < 24; n++) {
    await page.keyboard.press("Tab");
    expect(await page.evaluate(() => document.activeElement === document.body || !!document.activeElement!.closest(".card"))).toBe(true);
  }
});

durable("time travel tells who allowed what", async ({ server, page }) => {
  const dashboard = await look(page, server.url);
  const hears = hook(server, permission({ command: "make" }));
  await dashboard.hasCircles("claude");
  await openCard(page);
  await page.locator("[data-option=allow]").click();
  await hears;
  await page.keyboard.press("Escape");
  await expect(dashboard.rows.filter({ hasText: "granted" })).toHaveCount(1);
  await expect.poll(async () => (await dashboard.stage()).log).toBe(true);
  // Into another second, so that moments can be told apart.
  await page.waitForFunction((begun) => Date.now() - begun > 2_200, await page.evaluate(() => Date.now()));
  await page.keyboard.press("Space");
  await expect(page.getByTestId("travel-banner")).toBeVisible();
  await expect(dashboard.rows.filter({ hasText: "granted" })).toHaveCount(1);
  await dashboard.rows.filter({ hasText: "granted" }).click();
  await expect(dashboard.detail).toContainText('"decision": "allow"');
  await expect(dashboard.detail).toContainText('"via": "stage"');
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 390, height: 844 } });

  test("the card is a sheet whose buttons a thumb can press", async ({ dashboard, server, page }) => {
    const hears = hook(server, permission({ command: "git push --force origin\u200b main", description: "publish the rebased cart branch" }));
    await open(server, 1);
    const other = hook(server, permission({ command: "make" }, { session_id: "two", cwd: "/home/ada/atlas" }));
    await open(server, 2);
    await dashboard.isLive();
    await page.getByTestId("wait-pill").click();
    const card = page.getByTestId("card");
    await expect(card.locator("[data-option=allow]")).toHaveAttribute("aria-disabled", "false");
    expect(await card.boundingBox()).toEqual({ x: 0, y: 0, width: 390, height: 844 });
    for (const button of await card.locator("button:visible, input:visible").all()) {
      const box = await button.boundingBox();
      expect(box!.height, await button.innerText()).toBeGreaterThanOrEqual(44);
    }
    expect(await page.evaluate(() => document.querySelector(".card")!.scrollWidth)).toBeLessThanOrEqual(390);
    await card.locator("[data-option=allow]").click();
    expect((await hears).body).toEqual(allowed);
    await page.getByTestId("card-other").getByText("Open").click();
    await card.locator("[data-option=allow]").click();
    expect((await other).body).toEqual(allowed);
  });
});

guarded("who may not answer sees no buttons, and keeps no agent waiting", async ({ server, page, context }) => {
  const publisher = { authorization: `Bearer ${server.token("--can", "publish")}` };
  const answerer = { authorization: `Bearer ${server.token()}` };
  const all = said(page);
  const signIn = async (page: Page, token: string) => {
    await page.goto(server.url);
    await page.getByTestId("token").fill(token);
    await page.getByTestId("token").press("Enter");
    await new Dashboard(page).isLive();
  };
  await signIn(page, server.token("--can", "subscribe"));
  await expect(page.getByTestId("spell-input")).toBeHidden();
  expect((await hook(server, permission({ command: "make" }), "hold=60", "claude", publisher)).status).toBe(204);
  const other = await context.newPage();
  const told = said(other);
  await signIn(other, server.token());
  await expect.poll(() => told).toContain(presence(true));
  const hears = hook(server, permission({ command: "make clean" }, { session_id: "two" }), "hold=60&host=kestrel", "claude", publisher);
  const [id] = await open(server, 1, answerer);
  await page.bringToFront();
  // The first, which nobody held, waits as well.
  await expect(page.getByTestId("wait-pill")).toContainText("2 questions");
  await openCard(page);
  await expect(page.getByTestId("card-elsewhere")).toHaveText("You may read here, and not answer. Answer in the terminal on kestrel.");
  await expect(page.getByTestId("card-line")).toHaveText("Bash: make clean");
  await expect(page.locator("[data-option]")).toHaveCount(0);
  expect(all.filter((message) => message.includes("presence"))).toEqual([]);
  await other.bringToFront();
  await openCard(other);
  await other.locator("[data-option=allow]").click();
  expect((await hears).body).toEqual(allowed);
  await expect(page.getByTestId("card-over")).toHaveText(/^ada allowed it on another page, after 0:\d\d\.$/);
  expect((await fetch(`${server.url}/requests/${id}`, { headers: answerer })).status).toBe(409);
});
