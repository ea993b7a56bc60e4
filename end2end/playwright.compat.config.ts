import { defineConfig } from "@playwright/test";

import stories from "./playwright.config.ts";

// Clients that are not everywhere: `cargo xtask compat` installs them and runs this.
export default defineConfig(stories, { testDir: "compat", timeout: 120_000 });
