import { defineConfig } from "@playwright/test";

import stories, { browser } from "./playwright.config.ts";

// The pictures of the documentation: `npm run portraits` takes them anew.
export default defineConfig(stories, {
  testDir: "portraits",
  timeout: 120_000,
  use: { launchOptions: browser, viewport: { width: 1440, height: 864 } },
});
