import type { Page } from "@playwright/test";

import { Dashboard } from "../support/dashboard.ts";
import { tasks, tell } from "../support/log.ts";
import type { ArcaneServer } from "../support/server.ts";
import { expect, test as base } from "../support/test.ts";

/** Stories of pages that are opened in strange surroundings: the story opens its page itself. */
const test = base.extend<{ dashboard: Dashboard }>({
  dashboard: async ({ page }, use) => {
    const wrong: string[] = [];
    page.on("pageerror", (error) => wrong.push(String(error)));
    await use(new Dashboard(page));
    expect(wrong).toEqual([]);
  },
});

/** A daemon comes, works, fails and leaves, and the page shows it. */
async function goesOn(dashboard: Dashboard, server: ArcaneServer): Promise<void> {
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await server.invoke("claude", "count to three");
  await expect(dashboard.row("invoke", "claude").first()).toContainText("count to three");
  await server.fail("claude");
  await expect(dashboard.daemon("claude")).toHaveAttribute("data-state", "failed");
  await expect(dashboard.displayText).toBeVisible();
  await server.banish("claude");
  await dashboard.hasCircles();
}

/** What the header says of a length of time or a count. */
const said = async (page: Page, id: string): Promise<number> => parseFloat((await page.locator(`#${id}`).textContent())!);

/** Pixels of the stage that are not empty, read in the frame that painted them. */
const painted = (page: Page): Promise<number> =>
  page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const small = new OffscreenCanvas(64, 36).getContext("2d", { willReadFrequently: true })!;
        let most = 0;
        let frames = 0;
        const look = () => {
          small.clearRect(0, 0, 64, 36);
          small.drawImage(document.querySelector<HTMLCanvasElement>("#scene")!, 0, 0, 64, 36);
          const { data } = small.getImageData(0, 0, 64, 36);
          most = Math.max(most, data.filter((value, at) => at % 4 === 3 && value > 0).length);
          // The page paints every few frames only, and what it painted is gone in the next.
          if (++frames < 30) requestAnimationFrame(look);
          else resolve(most);
        };
        requestAnimationFrame(look);
      }),
  );

test("a browser whose storage is full keeps nothing and shows everything", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    Storage.prototype.setItem = () => {
      (window as any).refused = ((window as any).refused ?? 0) + 1;
      throw new DOMException("full", "QuotaExceededError");
    };
  });
  await dashboard.open(server.url);
  await page.getByTestId("motion-toggle").click();
  await expect(page.getByTestId("motion-toggle")).toHaveAttribute("aria-pressed", "false");
  await goesOn(dashboard, server);
  await expect.poll(() => page.evaluate(() => (window as any).refused)).toBeGreaterThan(1);
  await dashboard.isLive();
});

test("a browser that forbids storage shows everything", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    for (const name of ["localStorage", "sessionStorage"]) {
      Object.defineProperty(window, name, {
        get: () => {
          throw new DOMException("forbidden", "SecurityError");
        },
      });
    }
  });
  await dashboard.open(server.url);
  await page.getByTestId("motion-toggle").click();
  await expect(page.getByTestId("motion-toggle")).toHaveAttribute("aria-pressed", "false");
  await goesOn(dashboard, server);
});

test("a browser that kept nonsense begins anew", async ({ dashboard, server, page }) => {
  await dashboard.open(server.url);
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  const keys = () => page.evaluate(() => Object.keys(localStorage));
  await expect.poll(keys).not.toEqual([]);
  const kept = await keys();
  await page.addInitScript((kept) => {
    for (const key of kept) localStorage.setItem(key, '{"main":[{"spell_name":3},null,"\u0000"]}');
  }, kept);
  await page.reload();
  await dashboard.isLive();
  await dashboard.hasCircles("claude");
  await server.invoke("claude", "count to three");
  await expect(dashboard.row("invoke", "claude")).toHaveCount(1);
});

test("without WebGL the stage is painted all the same", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    const get = HTMLCanvasElement.prototype.getContext as any;
    HTMLCanvasElement.prototype.getContext = function (kind: string, ...more: unknown[]) {
      return kind.startsWith("webgl") ? null : get.call(this, kind, ...more);
    } as any;
  });
  await dashboard.open(server.url);
  await expect.poll(async () => (await dashboard.stage()).renderer).toBe("2d");
  await server.summon("gemini");
  await dashboard.hasCircles("gemini");
  await expect.poll(() => painted(page)).toBeGreaterThan(30);
  await server.banish("gemini");
  await goesOn(dashboard, server);
});

test("whoever asks for the plain stage gets it", async ({ dashboard, server, page }) => {
  await dashboard.open(`${server.url}/?renderer=2d`);
  await expect.poll(async () => (await dashboard.stage()).renderer).toBe("2d");
  await server.summon("gemini");
  await dashboard.hasCircles("gemini");
  await expect.poll(() => painted(page)).toBeGreaterThan(30);
  await server.banish("gemini");
  await goesOn(dashboard, server);
});

test("without any canvas the page says so, and its tables go on", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    const get = HTMLCanvasElement.prototype.getContext as any;
    HTMLCanvasElement.prototype.getContext = function (...how: unknown[]) {
      return this.id === "timeline" ? get.call(this, ...how) : null;
    } as any;
  });
  await dashboard.open(server.url);
  await expect.poll(async () => (await dashboard.stage()).renderer).toBe("none");
  await server.summon("gemini");
  await expect(page.locator("#quiet")).toContainText("No canvas here");
  await expect(dashboard.daemon("gemini")).toHaveAttribute("data-state", "idle");
  await server.banish("gemini");
  await goesOn(dashboard, server);
});

test("a stage that lost its graphics says so, and paints again when it has them back", async ({ dashboard, server, page }) => {
  await dashboard.open(server.url);
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await expect.poll(async () => (await dashboard.stage()).renderer).toBe("webgl2");
  await expect.poll(() => painted(page)).toBeGreaterThan(30);
  await page.evaluate(() => {
    const gl = document.querySelector<HTMLCanvasElement>("#scene")!.getContext("webgl2")!;
    (window as any).light = gl.getExtension("WEBGL_lose_context");
    (window as any).light.loseContext();
  });
  await expect(page.locator("#quiet")).toContainText("The stage lost its light");
  await server.summon("gemini");
  await server.fail("claude");
  await expect(dashboard.daemon("claude")).toHaveAttribute("data-state", "failed");
  await page.evaluate(() => (window as any).light.restoreContext());
  await expect(page.locator("#quiet")).toBeHidden();
  await dashboard.hasCircles("claude", "gemini");
  await expect.poll(() => painted(page)).toBeGreaterThan(30);
  await server.banish("gemini");
  await dashboard.hasCircles("claude");
});

test("without audio sound stays off and nothing breaks", async ({ dashboard, server, page }) => {
  await page.addInitScript(() => {
    for (const name of ["AudioContext", "webkitAudioContext", "speechSynthesis"]) {
      Object.defineProperty(window, name, { value: undefined });
    }
  });
  await dashboard.open(server.url);
  const sound = page.getByTestId("sound-toggle");
  await sound.click();
  await expect(sound).toHaveAttribute("aria-pressed", "false");
  await expect(sound).toHaveText("Enable sound");
  await goesOn(dashboard, server);
  await server.publish({ spell_name: "voice", daemon_name: "claude", description: "can anybody hear me" });
  // After what stands before it, six seconds each.
  await expect(page.locator("#spoken")).toHaveText("can anybody hear me", { timeout: 20_000 });
});

/** Tells a task, and waits until it was seen. */
async function isSeen(dashboard: Dashboard, server: ArcaneServer, n: number): Promise<void> {
  await tell(server, tasks("claude", n, n));
  await expect(dashboard.rows.first()).toContainText(`task ${n}`);
}

/** A page whose clocks jump measures as before, as soon as it knows. */
async function isPunctual(dashboard: Dashboard, server: ArcaneServer, jump: () => Promise<void>, clock: RegExp): Promise<void> {
  const { page } = dashboard;
  await dashboard.open(server.url);
  await server.summon("claude");
  await dashboard.hasCircles("claude");
  await expect.poll(async () => (await dashboard.stage()).painted).toBeGreaterThan(0);
  const before = await dashboard.stage();
  let told = 0;
  await jump();
  const known = async () => {
    await isSeen(dashboard, server, (told += 1));
    return page.locator("#clock").textContent();
  };
  await expect.poll(known, { timeout: 12_000 }).toMatch(clock);
  const { painted, missed } = await dashboard.stage();
  for (let n = 0; n < 8; n++) await isSeen(dashboard, server, (told += 1));
  await dashboard.isLive();
  const after = await dashboard.stage();
  expect(after.events_total).toBe(before.events_total + told);
  expect(after.painted).toBeGreaterThanOrEqual(painted + 8);
  // By a wrong clock each of the eight would be late. One or another is on a busy machine, too.
  expect(after.missed - missed).toBeLessThan(8);
  const p50 = await said(page, "p50");
  expect(p50).toBeGreaterThanOrEqual(0);
  expect(p50).toBeLessThan(500);
  await server.fail("claude");
  await expect(dashboard.displayText).toBeVisible();
  await server.banish("claude");
  await dashboard.hasCircles();
}

/** Sets the page's own clock, `window.jumped` milliseconds from the right one. */
function setOrigin(jumped: number): void {
  const origin = performance.timeOrigin;
  (window as any).jumped = jumped;
  Object.defineProperty(performance, "timeOrigin", { get: () => origin + (window as any).jumped });
}

for (const hours of [3, -3]) {
  const jump = (page: Page) => page.evaluate((ms) => void ((window as any).jumped = ms), hours * 3_600_000);
  const way = hours > 0 ? "forward" : "back";

  test(`a wall clock that is set three hours ${way} changes nothing`, async ({ dashboard, server, page }) => {
    await page.addInitScript(() => {
      const Before = Date;
      const now = () => Before.now() + ((window as any).jumped ?? 0);
      window.Date = new Proxy(Before, {
        construct: (_, how) => (how.length > 0 ? Reflect.construct(Before, how) : new Before(now())),
        get: (_, key) => (key === "now" ? now : Reflect.get(Before, key)),
      });
    });
    await isPunctual(dashboard, server, () => jump(page), /^[+-]\d\.\d /);
  });

  test(`a page whose own clock jumps three hours ${way} is late with nothing`, async ({ dashboard, server, page }) => {
    await page.addInitScript(setOrigin, 0);
    await isPunctual(dashboard, server, () => jump(page), hours > 0 ? /^-10[78]\d{5}\.\d / : /^\+10[78]\d{5}\.\d /);
  });

  test(`what happens just after a page's own clock jumped ${way} is performed`, async ({ dashboard, server, page }) => {
    let pings = 0;
    page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (pings += Number(payload.includes('"ping"')))));
    await page.addInitScript(setOrigin, 0);
    await dashboard.open(server.url);
    await server.summon("claude");
    await dashboard.hasCircles("claude");
    // The next one is seconds away.
    await expect.poll(() => pings).toBe(8);
    await jump(page);
    await server.summon("gemini");
    await server.fail("claude");
    const shown = async () => {
      const { circles, inversions_total } = await dashboard.stage();
      return [circles.length, inversions_total];
    };
    await expect.poll(shown, { timeout: 1_500 }).toEqual([2, 1]);
  });

  const off = hours > 0 ? "ahead" : "behind";
  test(`a browser three hours ${off} tells times by the server's clock`, async ({ dashboard, server, page }) => {
    await page.addInitScript(setOrigin, hours * 3_600_000);
    await dashboard.open(server.url);
    await server.summon("claude");
    await tell(server, tasks("claude", 1, 50));
    await expect.poll(() => said(page, "rate")).toBeGreaterThan(5);
    await server.publish({ spell_name: "voice", daemon_name: "claude", metadata: { attention: true } });
    await expect(dashboard.daemon("claude")).toHaveAttribute("data-state", "waiting");
    await expect(dashboard.daemon("claude").locator("b")).toHaveText(/^0:\d\d$/);
    await expect(page.locator("#last-heard")).toHaveText(/^last event \d{1,2} s ago$/);
    // Time goes on.
    await expect(page.locator("#last-heard")).toHaveText(/^last event [2-9] s ago$/);
  });
}

const hour = 3_600_000;
/** However slow this machine is, it is in time. */
const sync = { deadline_ms: 2_000, display_text: "broken" };
const failure = { spell_name: "invoke", success: false, metadata: { sync } };
for (const [clock, went] of [["went on", hour], ["stood still", 0]] as const) {
  test(`a tab that slept an hour while its clock ${clock} has missed nothing`, async ({ dashboard, server, page }) => {
    await page.addInitScript(() => {
      // No hour passes at the server: the page's begin has to be an hour sooner instead.
      let [passed, slept, hidden] = [0, 0, false];
      const [origin, now] = [performance.timeOrigin, performance.now.bind(performance)];
      performance.now = () => now() + passed;
      Object.defineProperty(performance, "timeOrigin", { get: () => origin - slept });
      Object.defineProperty(document, "hidden", { get: () => hidden });
      Object.defineProperty(document, "visibilityState", { get: () => (hidden ? "hidden" : "visible") });
      (window as any).turn = (away: boolean, hour = 0, went = 0) => {
        [passed, slept, hidden] = [went, hour, away];
        document.dispatchEvent(new Event("visibilitychange"));
      };
    });
    await dashboard.open(server.url);
    await server.summon("claude");
    await server.summon("gemini");
    await dashboard.hasCircles("claude", "gemini");
    await server.publish({ ...failure, daemon_name: "claude" });
    await expect.poll(async () => (await dashboard.stage()).inversions_total).toBe(1);
    await expect(dashboard.displayText).toBeVisible();
    await expect(dashboard.displayText).toBeHidden({ timeout: 30_000 });
    const before = await dashboard.stage();

    await page.evaluate(() => (window as any).turn(true));
    await server.banish("gemini");
    await server.summon("codex-cli");
    await tell(server, tasks("codex-cli", 1, 300));
    const seq = await tell(server, Array.from({ length: 20 }, () => ({ ...failure, daemon_name: "claude" })));
    await expect.poll(async () => (await dashboard.stage()).last_seq).toBe(seq);
    // Nothing was heard for an hour: the page begins a new connection.
    const again = went > 0 ? page.waitForEvent("websocket") : undefined;
    await page.evaluate(([hour, went]) => (window as any).turn(false, hour, went), [hour, went]);
    await again;
    await expect.poll(async () => (await dashboard.stage()).mode).toBe("live");

    await dashboard.hasCircles("claude", "codex-cli");
    await expect(dashboard.daemon("claude")).toHaveAttribute("data-state", "failed");
    await expect(page.getByTestId("storm")).toBeHidden();
    const after = await dashboard.stage();
    expect([after.missing, after.duplicates, after.inversions_total]).toEqual([0, 0, before.inversions_total]);
    expect(after.events_total).toBe(after.last_seq);
    // Live is only that the page looked who is there.
    expect(after.missed - before.missed).toBeLessThanOrEqual(1);
    // What happens from now on is performed again.
    await server.publish({ ...failure, daemon_name: "codex-cli" });
    await expect.poll(async () => (await dashboard.stage()).inversions_total).toBe(before.inversions_total + 1);
    await server.summon("gemini");
    await dashboard.hasCircles("claude", "codex-cli", "gemini");
  });
}
