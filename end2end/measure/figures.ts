// Numbers as the table shows them.

/** The value below which such a part of all values lies; NaN of nothing. */
export function percentile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN;
}

export const median = (values: number[]): number => percentile(values, 0.5);

/** Three digits that count, and thousands that can be read. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return "?";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return value.toLocaleString("en", { maximumFractionDigits: Math.min(digits, 3) });
}

export const ms = (value: number): string => `${figure(value)} ms`;
export const percent = (part: number): string => `${figure(100 * part)} %`;
export const megabytes = (bytes: number): string => `${figure(bytes / 1e6)} MB`;
