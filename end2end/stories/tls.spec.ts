import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { expect } from "@playwright/test";

import { certificate } from "../support/certificate.ts";
import { Dashboard } from "../support/dashboard.ts";
import { GuardedServer, test } from "../support/guarded.ts";

test.use({ ignoreHTTPSErrors: true });

test("over TLS the page signs in, casts, sees and hears as it does without", async ({ page }) => {
  const place = await mkdtemp(join(tmpdir(), "arcane-tls-"));
  const { cert, key } = certificate();
  const [certFile, keyFile] = [join(place, "tls.pem"), join(place, "tls.key")];
  await writeFile(certFile, cert);
  await writeFile(keyFile, key, { mode: 0o600 });
  const server = await GuardedServer.open(["--tls-cert", certFile, "--tls-key", keyFile]);
  const asked: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("websocket", (socket) => asked.push(socket.url()));
  try {
    expect(server.url).toMatch(/^https:/);
    await page.goto(server.link());
    await expect(page.getByTestId("link-state")).toHaveAttribute("data-state", "live");
    const dashboard = new Dashboard(page);
    await dashboard.spell.fill("summon claude");
    await dashboard.spell.press("Enter");
    await expect(page.getByTestId("daemon-row")).toHaveCount(1);
    await page.getByTestId("sound-toggle").click();
    await expect(page.getByTestId("sound-toggle")).toHaveAttribute("aria-pressed", "true");
    expect(asked.some((address) => address.startsWith("wss:"))).toBe(true);
    expect(asked.filter((address) => !/^(https|wss|data|blob):/.test(address))).toEqual([]);
  } finally {
    await server.close();
    await rm(place, { recursive: true, force: true });
  }
});
