// Stories that passed only when they were played again. They fail nothing, and are named so that they are mended.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

import type { FullConfig, Reporter, Suite } from "@playwright/test/reporter";

export default class Flaky implements Reporter {
  private folder = "";
  private stories?: Suite;

  onBegin(config: FullConfig, stories: Suite): void {
    this.folder = dirname(config.configFile!);
    this.stories = stories;
  }

  onEnd(): void {
    const flaky = this.stories?.allTests().filter((story) => story.outcome() === "flaky") ?? [];
    const lines = flaky.map((story) => {
      const [, , , ...titles] = story.titlePath();
      return `flaky: ${[relative(this.folder, story.location.file), ...titles].join(" › ")}\n`;
    });
    // `cargo xtask test` repeats them below its table.
    mkdirSync(join(this.folder, "test-results"), { recursive: true });
    writeFileSync(join(this.folder, "test-results/flaky"), lines.join(""));
    process.stdout.write(lines.join(""));
  }
}
