import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

import { chromium, type Page, type Request } from "@playwright/test";

import { browser } from "../playwright.config.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

/** A page of another server on this machine. */
async function elsewhere(html: string): Promise<{ server: Server; port: number }> {
  const server = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(html));
  await new Promise<void>((go) => server.listen(0, "127.0.0.1", go));
  return { server, port: (server.address() as AddressInfo).port };
}

/** What a page's script can get of a server: the status of a request, or why there is none. */
const tries = (page: Page, base: string): Promise<string[]> =>
  page.evaluate(async (base) => {
    const fetched = async (path: string, init?: RequestInit) =>
      fetch(base + path, init).then((answer) => String(answer.status), () => "refused");
    const opened = (what: EventSource | WebSocket) =>
      new Promise<string>((say) => {
        what.onopen = () => say("open");
        what.onerror = () => say("refused");
      });
    const socket = (base || location.origin).replace("http", "ws");
    return [
      await fetched("/events"),
      await fetched("/daemons"),
      await fetched("/spell/cast", { method: "POST", body: '{"spell":"summon evil"}', headers: { "content-type": "application/json" } }),
      await fetched("/events", { method: "POST", mode: "no-cors", body: '{"spell_name":"summon","daemon_name":"evil"}' }),
      await opened(new EventSource(`${base}/events/stream`)),
      await opened(new WebSocket(`${socket}/ws/events`)),
    ];
  }, base);

const look = async (server: ArcaneServer, path: string) => (await fetch(server.url + path)).json();

const nothing = async (server: ArcaneServer, before: unknown) => {
  expect(await look(server, "/events")).toMatchObject({ events: before });
  const { rooms } = await look(server, "/rooms");
  expect(rooms).toHaveLength(1);
};

test("a page whose name was pointed here reads nothing and does nothing", async () => {
  const args = [...browser.args, "--host-resolver-rules=MAP evil.example 127.0.0.1"];
  const own = await chromium.launch({ ...browser, args });
  const other = await elsewhere("<p>a page");
  const server = new ArcaneServer();
  try {
    const page = await own.newPage();
    await page.goto(`http://evil.example:${other.port}/`);
    // From now on the name leads to another server.
    other.server.closeAllConnections();
    await new Promise((go) => other.server.close(go));
    server.url = `http://127.0.0.1:${other.port}`;
    await server.start();
    expect(await tries(page, "")).toEqual(["403", "403", "403", "403", "refused", "refused"]);
    await nothing(server, []);
  } finally {
    await own.close();
    await server.stop();
  }
});

test("what a page of another site makes the browser ask for changes nothing", async ({ server, page }) => {
  const { events } = await look(server, "/events");
  const paths = ["/daemons", "/events?room=opened", "/events/stream?room=taken&consumer=c", "/statistics"];
  const html = paths.map((path) => `<img src="${server.url}${path}"><script src="${server.url}${path}"></script>`).join("");
  const frame = `<iframe sandbox="allow-scripts" srcdoc="<script>fetch('${server.url}/daemons',{mode:'no-cors'})</script>"></iframe>`;
  const form = `<iframe name="f"></iframe><form method="post" target="f" enctype="text/plain" action="${server.url}/events">
    <input name='{"spell_name":"summon","daemon_name":"evil","description":"' value='"}'></form>`;
  const other = await elsewhere(`${html}${frame}<iframe src="${server.url}/daemons"></iframe>${form}<script>document.forms[0].submit()</script>`);
  try {
    // Chromium hands most of the refusals to nobody, so what counts is that they ended.
    let ended = 0;
    const ends = (request: Request) => void (ended += Number(request.url().startsWith(server.url)));
    page.on("requestfinished", ends);
    page.on("requestfailed", ends);
    // Another name is another site; another port of the same is not.
    await page.goto(`http://localhost:${other.port}/`, { waitUntil: "load" });
    await expect.poll(() => ended).toBeGreaterThanOrEqual(10);
    await nothing(server, events);
    await page.goto(`http://127.0.0.1:${other.port}/`, { waitUntil: "load" });
    await expect.poll(() => ended).toBeGreaterThanOrEqual(20);
    await nothing(server, events);
  } finally {
    other.server.close();
  }
});

test("a link of another site leads to the dashboard", async ({ server, page }) => {
  const other = await elsewhere(`<a href="${server.url}/">the dashboard</a>`);
  try {
    await page.goto(`http://localhost:${other.port}/`);
    await page.getByRole("link").click();
    await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
  } finally {
    other.server.close();
  }
});

test("another server's page on this machine may connect until the operator says no", async ({ server, page }) => {
  const other = await elsewhere("<p>a page");
  const strict = new ArcaneServer(["--trust-local-pages=false"]);
  await strict.start();
  try {
    await page.goto(`http://127.0.0.1:${other.port}/`);
    const [read, , cast] = await tries(page, server.url);
    expect([read, cast]).toEqual(["200", "200"]);
    const { events } = await look(strict, "/events");
    // Without leave a script sees no answer at all.
    expect(new Set(await tries(page, strict.url))).toEqual(new Set(["refused"]));
    await nothing(strict, events);
  } finally {
    await strict.stop();
    other.server.close();
  }
});
