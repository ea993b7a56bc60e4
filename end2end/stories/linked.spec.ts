// Links of notifications: they lead to what an agent asks, on a device, too, that has no token.

import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { allowed, hook, open, permission, presence, said, test } from "../support/asks.ts";
import { GuardedServer, test as guarded } from "../support/guarded.ts";
import { expect } from "../support/test.ts";

test("a link opens the card of a request, and its address is an address like any other then", async ({ dashboard, server, page, context }) => {
  const hears = hook(server, permission({ command: "git push" }));
  hook(server, permission({ command: "ls" }, { session_id: "another" }));
  const [id] = await open(server, 2);
  await dashboard.hasCircles("claude");
  const phone = await context.newPage();
  await phone.goto(`${server.url}/?room=main&request=${id}`);
  await expect(phone.getByTestId("card")).toHaveAttribute("data-request", id);
  await expect(phone.getByTestId("card-region")).toContainText("git push");
  expect(new URL(phone.url()).searchParams.get("request")).toBeNull();
  await phone.locator("[data-option=allow]").click();
  expect(await hears).toEqual({ status: 200, body: allowed });
  await page.bringToFront();
});

test("a link to what was answered meanwhile says so", async ({ dashboard, server, context }) => {
  const hears = hook(server, permission({ command: "git push" }));
  const [id] = await open(server, 1);
  await dashboard.hasCircles("claude");
  const body = JSON.stringify({ decision: "deny" });
  await fetch(`${server.url}/requests/${id}/answer`, { method: "POST", headers: { "content-type": "application/json" }, body });
  await hears;
  const phone = await context.newPage();
  await phone.goto(`${server.url}/?request=${id}`);
  await expect(phone.getByTestId("card-over")).toContainText("said no by arcane answer");
  await expect(phone.locator("[data-option]")).toHaveCount(0);
});

test("a link to what nobody knows any more says so, and one to an agent opens what there is of it", async ({ dashboard, server, page }) => {
  await server.publish({ spell_name: "invoke", daemon_name: "codex", metadata: { task: "cargo build" } });
  await dashboard.hasCircles("codex");
  await page.goto(`${server.url}/?request=k3x9ab7m2qc`);
  await expect(page.getByTestId("notice")).toHaveText("What that link asks was answered already, or has ended.");
  await page.goto(`${server.url}/?open=codex`);
  await expect(page.getByTestId("drawer")).toBeVisible();
  await expect(page.getByTestId("drawer")).toContainText("codex");
});

guarded("the link of a notification that signs nobody in any more says so, and where to look", async ({ server, page }) => {
  const link = server.link().replace("/#", "/?room=main&request=k3x9ab7m2qc#");
  const opened = await fetch(`${server.url}/login`, { method: "POST", headers: { authorization: `Bearer ${link.split("#login=")[1]}` } });
  expect(opened.status).toBe(200);
  await page.goto(link);
  const words = "This link has expired, or was opened before; what it asks may have been answered. Look where the agent runs, or on a page that is signed in.";
  await expect(page.getByTestId("notice")).toHaveText(words);
  await expect(page.getByTestId("locked")).toContainText(words);
  await expect(page.getByTestId("token")).toBeVisible();
  await expect(page.getByText("arcane login")).toBeHidden();
});

test("the link of a message lets a device without a token answer where its target says so", async ({ browser }) => {
  const place = await mkdtemp(join(tmpdir(), "arcane-notify-"));
  const told: Record<string, string>[] = [];
  const phone = createServer(async (request, answer) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    told.push({ click: String(request.headers.click), title: String(request.headers.title), text: Buffer.concat(parts).toString() });
    answer.end();
  }).listen(0, "127.0.0.1");
  await once(phone, "listening");
  const url = `http://127.0.0.1:${(phone.address() as AddressInfo).port}/topic`;
  const config = join(place, "arcane.toml");
  await writeFile(config, `[[notify]]\nname = "phone"\nkind = "ntfy"\nurl = "${url}"\nafter_s = 0\nlink_may_answer = true\n`);
  const server = await GuardedServer.open(["--config", config, "--public-url", "https://arcane.example"]);
  try {
    const wall = await browser.newPage();
    const words = said(wall);
    await wall.goto(server.link());
    await expect.poll(() => words.includes(presence(true))).toBe(true);
    const bearer = { authorization: `Bearer ${server.token("--can", "publish,answer")}` };
    const hears = hook(server, permission({ command: "git push --force" }), "hold=60&host=kestrel", "claude", bearer);
    await expect.poll(() => told.length, { timeout: 15_000 }).toBe(1);
    expect([told[0].title, told[0].text]).toEqual(["claude waits for you", "claude: Bash: git push --force (webshop on kestrel)"]);
    const device = await browser.newContext();
    const page = await device.newPage();
    await page.goto(told[0].click.replace("https://arcane.example", server.url));
    await expect(page.getByTestId("card-region")).toContainText("git push --force");
    expect(page.url()).not.toContain("login");
    await page.locator("[data-option=allow]").click();
    expect(await hears).toEqual({ status: 200, body: allowed });
    await device.close();
    await wall.close();
  } finally {
    await server.close();
    phone.close();
    await rm(place, { recursive: true, force: true });
  }
});
