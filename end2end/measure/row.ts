// What a measurement is: the goals that it is about, and what it found.

import type { Page } from "@playwright/test";

import type { ArcaneServer } from "../support/server.ts";

/** A row of the table before it is measured. */
export interface Goal {
  what: string;
  must: string;
  aims: string;
}

/** What became of it. */
export interface Found {
  measured: string;
  /** What is wrong at any speed: a count, or too many inversions. */
  wrong?: string;
  /** What is worth saying below the table. */
  notes?: string[];
}

/** A server with a log and nothing in it, and a page that has not gone there yet. */
export interface Bench {
  server: ArcaneServer;
  page: Page;
}

/** Rows that are measured together. */
export interface Measurement {
  /** By which `ARCANE_ROWS` chooses it. */
  name: string;
  /** How long it takes on a machine with nothing else to do. */
  seconds: number;
  goals: Goal[];
  /** Finds one thing for each goal. */
  measure(bench: Bench): Promise<Found[]>;
}

/** Kind of the notes by which a test tells the table what it found. */
export const FOUND = "found";
