import { defineConfig } from "@playwright/test";

// WebGL in software, and a browser that asks nobody for anything.
export const browser = {
  executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
};
// Only the stage is drawn by the graphics card that is imitated; what is around it takes less time without one.
const launchOptions = { ...browser, args: [...browser.args, "--disable-gpu-compositing"] };

export default defineConfig({
  testDir: "stories",
  // Drawing in software takes a core; two stories at once would disturb each other's frames.
  workers: 1,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  // A story that passes at the second time is flaky: it fails nothing and is named.
  retries: 1,
  reporter: [["list"], ["./support/flaky.ts"]],
  snapshotPathTemplate: "golden/{arg}{ext}",
  use: {
    viewport: { width: 1280, height: 800 },
    launchOptions,
    screenshot: "only-on-failure",
    // A trace takes a fifth of the time.
    trace: "on-first-retry",
  },
});
