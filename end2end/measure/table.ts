// The table: every row that was to be measured, with what it must be and what it is.

import { cpus, loadavg } from "node:os";

import type { Reporter, TestCase, TestResult } from "@playwright/test/reporter";

import { chosen } from "./measurements.ts";
import { FOUND, type Found } from "./row.ts";

export default class Table implements Reporter {
  private readonly found = new Map<string, Found[]>();
  private readonly before = loadavg()[0];

  onTestEnd(test: TestCase, result: TestResult): void {
    const found = result.annotations.filter(({ type }) => type === FOUND).map(({ description }) => JSON.parse(description!));
    const why = result.error?.message?.split("\n")[0] ?? result.status;
    this.found.set(test.title, found.length > 0 ? found : [{ measured: `not measured: ${why}` }]);
  }

  onEnd(): void {
    const lines = ["", `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpus()[0]?.model.trim()}), load ${this.before} before`];
    lines.push(`server: ${process.env.ARCANE_BINARY ? "a given binary (ARCANE_BINARY)" : "the debug build"}; WebGL in software`);
    lines.push("", "| what | must | aims at | measured |", "|---|---|---|---|");
    const notes: string[] = [];
    for (const { name, goals } of chosen()) {
      const found = this.found.get(name) ?? [{ measured: "not measured" }];
      for (const [n, { what, must, aims }] of goals.entries()) {
        const { measured, wrong, notes: more = [] } = found[n] ?? found[0];
        lines.push(`| ${[what, must, aims, wrong ? `**WRONG** ${measured}` : measured].join(" | ")} |`);
        notes.push(...more);
      }
    }
    if (notes.length > 0) lines.push("", ...notes.map((note) => `- ${note}`));
    console.log([...lines, ""].join("\n"));
  }
}
