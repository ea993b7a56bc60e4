import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

import { expect, type Page } from "@playwright/test";
import { WebSocketServer } from "ws";

import { Dashboard } from "../support/dashboard.ts";
import { GuardedServer, test } from "../support/guarded.ts";
import { below } from "../support/proxy.ts";
import { ArcaneServer } from "../support/server.ts";

const live = (page: Page) => expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
const kept = (page: Page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, history.state, document.title]));

/** Everything that the page asks for, and what it says against it. */
function overhear(page: Page): { addresses: string[]; complaints: string[] } {
  const heard = { addresses: [] as string[], complaints: [] as string[] };
  page.on("request", (request) => heard.addresses.push(request.url()));
  page.on("websocket", (socket) => heard.addresses.push(socket.url()));
  page.on("console", (message) => message.type() === "error" && heard.complaints.push(message.text()));
  return heard;
}

test("a link signs the page in, and its token is nowhere to be seen", async ({ page, server }) => {
  const heard = overhear(page);
  const link = server.link();
  const token = link.split("#login=")[1];
  await page.goto(link);
  await live(page);
  expect(page.url()).toBe(`${server.url}/`);
  const dashboard = new Dashboard(page);
  await dashboard.spell.fill("summon claude");
  await dashboard.spell.press("Enter");
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
  await page.reload();
  await live(page);
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
  // The first address is the link itself, whose fragment a browser keeps to itself.
  const leaks = heard.addresses.filter((address) => !address.startsWith(`${server.url}/#`) && address.includes(token));
  expect(leaks).toEqual([]);
  expect(await kept(page)).not.toContain(token);
  expect(heard.complaints).toEqual([]);
  // What a browser remembers of the link opens nothing.
  await page.evaluate(() => sessionStorage.clear());
  await page.goto("about:blank");
  await page.goto(link);
  await expect(page.getByTestId("notice")).toContainText("opened before");
  await expect(page.getByTestId("locked")).toBeVisible();
});

test("without a token the gate is closed, and a pasted one opens it", async ({ page, server }) => {
  await page.goto(server.url);
  const locked = page.getByTestId("locked");
  await expect(locked).toContainText("This server wants a token.");
  await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "disconnected");
  const field = page.getByTestId("token");
  await field.fill("sesame");
  await field.press("Enter");
  await expect(page.getByTestId("notice")).toHaveText("That is no token.");
  await expect(page.getByTestId("spell-input")).toBeHidden();
  await expect(field).toHaveValue("");
  for (const pasted of [server.token(), server.link()]) {
    await page.evaluate(() => sessionStorage.clear());
    await page.reload();
    await field.fill(pasted);
    await page.getByTestId("sign-in").click();
    await live(page);
    await expect(locked).toBeHidden();
    expect(page.url()).toBe(`${server.url}/`);
  }
});

test("a link that is opened in a page that waits signs it in", async ({ page, server }) => {
  await page.goto(server.url);
  await expect(page.getByTestId("locked")).toBeVisible();
  await page.goto(server.link());
  await live(page);
  expect(page.url()).toBe(`${server.url}/`);
});

test("a link signs nobody in as another without asking", async ({ page, server }) => {
  await page.goto(server.link());
  await live(page);
  const user = page.getByTestId("user");
  const asked: string[] = [];
  for (const [answer, subject] of [["dismiss", "ada"], ["accept", "eve"]] as const) {
    page.once("dialog", async (dialog) => {
      asked.push(dialog.message());
      await dialog[answer]();
    });
    await page.goto("about:blank");
    await page.goto(server.link("--sub", "eve"));
    await live(page);
    await page.getByRole("button", { name: "settings" }).click();
    await expect(user).toContainText(subject);
  }
  expect(asked).toEqual(Array(2).fill("You are signed in. Sign in anew with this link?"));
});

test("what the subject may not do is not offered, and why is said", async ({ page, server }) => {
  await page.goto(server.link("--sub", "wall", "--can", "subscribe"));
  await live(page);
  await expect(page.getByTestId("refused")).toHaveText("wall may read here, and not cast spells.");
  await expect(page.getByTestId("spell-input")).toBeHidden();
  await expect(page.getByText("and type")).toBeHidden();
  await page.keyboard.press("/");
  await server.tell({ spell_name: "summon", daemon_name: "claude", success: true });
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
});

test("who may not answer is not offered to say that a failure was seen, and reads why", async ({ page, server }) => {
  const failure = { spell_name: "invoke", daemon_name: "codex", success: false, metadata: { session: "codex", task: "cargo build", error: "exit 101" } };
  await server.tell({ spell_name: "summon", daemon_name: "codex", success: true, metadata: { session: "codex" } });
  await server.tell(failure);
  for (const [can, offered] of [["subscribe,publish", false], ["subscribe,cast,answer", true]] as const) {
    await page.goto("about:blank");
    await page.evaluate(() => undefined);
    page.on("dialog", (dialog) => dialog.accept());
    await page.goto(server.link("--can", can));
    await live(page);
    await page.locator("[data-testid=daemon-row][data-daemon=codex] .name").click();
    await expect(page.getByTestId("drawer-sentence")).toContainText("failed");
    const [seen, why] = [page.getByTestId("seen"), page.getByTestId("seen-refused")];
    if (offered) await expect(seen).toBeVisible();
    else await expect(why).toHaveText("ada may read here, and not say that a failure was seen.");
    if (!offered) await expect(seen).toBeHidden();
    page.removeAllListeners("dialog");
  }
});

test("a token for other rooms shows them, and says that spells act elsewhere", async ({ page, server }) => {
  await server.tell({ spell_name: "reveal" });
  const link = server.link("--rooms", "lab").replace("/#", "/?room=lab#");
  await page.goto(link);
  await live(page);
  expect(page.url()).toBe(`${server.url}/?room=lab`);
  await expect(page.getByTestId("refused")).toHaveText("ada may not cast spells: they act in the room main.");
});

test("a token that holds no longer closes the gate within a second or two, and what was seen stays", async ({ page, server }) => {
  await page.goto(server.link());
  await live(page);
  await server.tell({ spell_name: "summon", daemon_name: "claude", success: true });
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
  server.revoke("ada");
  await expect(page.getByTestId("locked")).toContainText("revoked");
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
  await page.getByTestId("token").fill(server.token("--sub", "eve"));
  await page.getByTestId("token").press("Enter");
  await live(page);
});

test("who signs out leaves nothing behind", async ({ page, server }) => {
  await page.goto(server.link());
  await live(page);
  await server.tell({ spell_name: "summon", daemon_name: "claude", success: true });
  await expect(page.getByTestId("daemon-row")).toHaveCount(1);
  await page.getByRole("button", { name: "settings" }).click();
  await expect(page.getByTestId("user")).toContainText(/^ada until \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  await page.getByTestId("sign-out").click();
  await expect(page.getByTestId("locked")).toBeVisible();
  await expect(page.getByTestId("daemon-row")).toHaveCount(0);
  expect(await page.evaluate(() => sessionStorage.length)).toBe(0);
  expect(await kept(page)).not.toContain("claude");
});

test("a token goes to the server that it is for, and to no other", async ({ page, server }) => {
  const told: string[] = [];
  let wantsTokens = false;
  const other = createServer((request, answer) => {
    told.push(JSON.stringify([request.url, request.headers]));
    answer.writeHead(200, { "access-control-allow-origin": "*", "access-control-allow-headers": "*" }).end("{}");
  });
  const sockets = new WebSocketServer({ noServer: true });
  other.on("upgrade", (request, socket, head) => {
    told.push(JSON.stringify([request.url, request.headers]));
    if (wantsTokens) sockets.handleUpgrade(request, socket, head, (opened) => opened.close(4401, "this server wants a token"));
    else socket.destroy();
  });
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  try {
    const link = server.link();
    await page.goto(link);
    await live(page);
    const named = `?server=http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    for (const address of [`${server.url}/${named}`, link.replace("/#", `/${named}#`)]) {
      const before = told.length;
      await page.goto(address);
      await expect.poll(() => told.length).toBeGreaterThan(before + 2);
      expect(page.url()).not.toContain("#");
    }
    // A server that wants a token gets no link of another one.
    wantsTokens = true;
    await page.goto(`${server.url}/${named}`);
    await expect(page.getByTestId("locked")).toContainText(`signs you in at ${named.slice("?server=".length)}.`);
    await page.getByTestId("token").fill(server.link());
    await page.getByTestId("token").press("Enter");
    await expect(page.getByTestId("notice")).toHaveText(`That link is for ${server.url}.`);
    expect(told.join()).not.toMatch(/bearer|authorization|eyJ/i);
  } finally {
    other.closeAllConnections();
    other.close();
  }
});

test("below a path everything works, the link of the server included", async ({ page }) => {
  const server = await GuardedServer.open(["--base-path", "/arcane"]);
  try {
    expect(server.url).toMatch(/\/arcane$/);
    await page.goto(server.link());
    await live(page);
    expect(page.url()).toBe(`${server.url}/`);
    await new Dashboard(page).spell.fill("summon claude");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("daemon-row")).toHaveCount(1);
    await page.goto(`${server.url}/docs`);
    await expect(page.getByRole("link", { name: "Dashboard" })).toHaveJSProperty("href", `${server.url}/`);
    await page.goto(server.url);
    await live(page);
  } finally {
    await server.close();
  }
});

test("whom a trusted proxy knows needs no token", async ({ page }) => {
  const flags = ["--trusted-proxy", "127.0.0.1", "--user-header", "X-Remote-User", "--user-can", "subscribe"];
  const server = new ArcaneServer(flags);
  await server.start();
  const { proxy, url } = await below("/", server.url, { "x-remote-user": "grace" });
  try {
    await page.goto(url);
    await live(page);
    await expect(page.getByTestId("refused")).toHaveText("grace may read here, and not cast spells.");
  } finally {
    proxy.closeAllConnections();
    proxy.close();
    await server.stop();
  }
});

test("what a page is made of runs nothing", async ({ page, server }) => {
  await page.goto(server.link());
  await live(page);
  const tried = await page.evaluate(() => {
    const tries = (act: () => unknown) => {
      try {
        act();
        return "done";
      } catch {
        return "refused";
      }
    };
    const html = (text: string) => tries(() => (document.createElement("div").innerHTML = text));
    const made = [html("<b>text</b>"), html("<img src=x onerror=alert(1)>"), html("<script>alert(1)</script>"), html("<a href='javascript:alert(1)'>x</a>")];
    return [...made, tries(() => (document.createElement("script").src = "/x.js"))];
  });
  expect(tried).toEqual(["done", "refused", "refused", "refused", "refused"]);
});
