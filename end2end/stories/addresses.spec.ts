import { below } from "../support/proxy.ts";
import { ArcaneServer } from "../support/server.ts";
import { expect, test } from "../support/test.ts";

/** Another server, which allows the page of the first. */
async function another(server: ArcaneServer): Promise<ArcaneServer> {
  const other = new ArcaneServer(["--allowed-origins", server.url]);
  await other.start();
  await other.summon("elsewhere");
  return other;
}

for (const write of ["http://HOST", "HOST", "ws://HOST", "http://HOST/", "ws://HOST/ws/events", " HOST "]) {
  test(`?server=${write} is the server that it names`, async ({ dashboard, server, page }) => {
    await server.summon("claude");
    const other = await another(server);
    try {
      const named = write.replace("HOST", new URL(other.url).host);
      await page.goto(`${server.url}/?server=${encodeURIComponent(named)}`);
      await dashboard.isLive();
      await dashboard.hasCircles("elsewhere");
    } finally {
      await other.stop();
    }
  });
}

for (const named of ["ftp://127.0.0.1", "a b", "http://", "127.0.0.1:99999", "http://user:secret@127.0.0.1:1", "/", "http://a/?b;c"]) {
  test(`?server=${named} is no server, and the page says so`, async ({ dashboard, server, page }) => {
    await server.summon("claude");
    await dashboard.hasCircles("claude");
    await page.goto(`${server.url}/?server=${encodeURIComponent(named)}`);
    await expect(dashboard.link).toHaveAttribute("data-state", "disconnected");
    await expect(page.locator("#quiet")).toContainText("names no server");
    await dashboard.hasCircles();
    // What the browser keeps of the page's own server is not shown as that server's.
    await expect(dashboard.rows).toHaveCount(0);
    await dashboard.cast("summon gemini");
    await expect(dashboard.feedback).toContainText("names no server");
    await dashboard.open(server.url);
    await dashboard.hasCircles("claude");
  });
}

for (const named of ["Team A", "a/b", "ä", "x".repeat(65)]) {
  test(`?room=${named.slice(0, 8)} is no room, and the page says so`, async ({ dashboard, server, page }) => {
    await server.summon("claude");
    await page.goto(`${server.url}/?room=${encodeURIComponent(named)}`);
    await expect(dashboard.link).toHaveAttribute("data-state", "disconnected");
    await expect(page.locator("#quiet")).toContainText("names no room");
    await expect(page.getByTestId("room-select")).toHaveValue("");
    await dashboard.hasCircles();
    expect((await dashboard.stage()).log).toBe(false);
    // A reload says it again, and a choice leads on.
    await page.getByTestId("filter-failures").click();
    await page.reload();
    await expect(dashboard.link).toHaveAttribute("data-state", "disconnected");
    await page.getByTestId("room-select").focus();
    await page.getByTestId("room-select").selectOption("main");
    await dashboard.isLive();
    await dashboard.hasCircles("claude");
    expect(new URL(page.url()).searchParams.get("room")).toBe(null);
  });
}

test("behind a path the page finds its files and its server", async ({ dashboard, server, page }) => {
  const { proxy, url, strays } = await below("/arcane/", server.url);
  try {
    await server.summon("claude");
    await page.goto(`${url}?room=main`);
    await dashboard.isLive();
    await dashboard.hasCircles("claude");
    await dashboard.cast("summon gemini");
    await dashboard.hasCircles("claude", "gemini");
    await page.getByTestId("filter-failures").click();
    expect(page.url()).toBe(`${url}?success=false`);
    await page.getByTestId("sound-toggle").click();
    const asked = page.waitForRequest(`${url}arcane_audio/a.mp3`);
    const metadata = { audio_path: "arcane_audio/a.mp3", sync: { deadline_ms: 2_000 } };
    await server.publish({ spell_name: "voice", daemon_name: "claude", description: "hear me", metadata });
    await asked;
    expect(strays).toEqual([]);
  } finally {
    proxy.closeAllConnections();
    proxy.close();
  }
});
