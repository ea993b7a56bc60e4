import { expect, type Locator, type Page } from "@playwright/test";

/** What the stage says of itself. */
export interface StageState {
  renderer: string;
  circles: { name: string; x: number; y: number; phase: string }[];
  particles_alive: number;
  inversions_total: number;
  inversion_times_ms: number[];
  /** Failures of the storm that is on, if one is. */
  storm: number | null;
  events_total: number;
  missing: number;
  duplicates: number;
  /** Messages that could not be read. */
  undecodable: number;
  last_seq: number;
  mode: string;
  /** Whether the server has a log that can be asked. */
  log: boolean;
  /** The last event of what is shown. */
  shown_seq: number;
  /** Milliseconds of the page's own work for the moment shown last. */
  worked_ms: number;
  /** Cues whose way to the eye was measured. */
  painted: number;
  /** How many of them came after their deadline. */
  missed: number;
}

/** The page as a person sees it. */
export class Dashboard {
  readonly link: Locator;
  readonly spell: Locator;
  readonly feedback: Locator;
  readonly suggestions: Locator;
  readonly rows: Locator;
  readonly detail: Locator;
  readonly displayText: Locator;

  constructor(readonly page: Page) {
    this.link = page.getByTestId("link-state");
    this.spell = page.getByTestId("spell-input");
    this.feedback = page.getByTestId("spell-feedback");
    this.suggestions = page.getByTestId("suggestion");
    this.rows = page.getByTestId("feed-row");
    this.detail = page.getByTestId("event-detail");
    this.displayText = page.getByTestId("message");
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await expect(this.link).toHaveAttribute("data-state", "live");
  }

  async cast(words: string): Promise<void> {
    await this.spell.fill(words);
    await this.spell.press("Enter");
  }

  row(spell: string, daemon: string): Locator {
    return this.page.locator(`[data-testid=feed-row][data-spell="${spell}"][data-daemon="${daemon}"]`);
  }

  daemon(name: string): Locator {
    return this.page.locator(`[data-testid=daemon-row][data-daemon="${name}"]`);
  }

  async stage(): Promise<StageState> {
    return JSON.parse(await this.page.evaluate(() => (window as any).__arcane.state()));
  }

  /** Waits until the stage has this many rune circles. */
  async hasCircles(...names: string[]): Promise<void> {
    const shown = async () => (await this.stage()).circles.map((circle) => circle.name).sort();
    await expect.poll(shown).toEqual(names.sort());
  }
}
