import { defineConfig } from "@playwright/test";

import stories, { browser } from "./playwright.config.ts";

// What the dashboard reaches, in numbers: `npm run measure`. Recording what happens would be measured, too.
export default defineConfig(stories, {
  testDir: "measure",
  retries: 0,
  reporter: [["list"], ["./measure/table.ts"]],
  use: { launchOptions: browser, screenshot: "off", trace: "off" },
});
