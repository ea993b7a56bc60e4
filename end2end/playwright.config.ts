import { defineConfig } from "@playwright/test";

// WebGL in software, and a browser that asks nobody for anything.
const args = [
  "--no-sandbox",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "stories",
  // Drawing in software takes a core; two stories at once would disturb each other's frames.
  workers: 1,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: [["list"]],
  snapshotPathTemplate: "golden/{arg}{ext}",
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions: { executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium", args },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
  },
});
