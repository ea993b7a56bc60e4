// What the model has said so far: the calls that it made, by kind and name, and the tokens that it charged, as the bus counts them. Pure but for its sums.

const nothing = () => ({ input: 0, output: 0, cache_read: 0, cache_write: 0 });

/**
 * Sums since the start. `input` is without what came from a cache, `output` is with what was thought; `aside` is what of `tokens` was for requests
 * without tools: for titles and the like.
 */
export const tally = { answers: 0, calls: {}, tokens: nothing(), aside: nothing() };

/** The price of the next answer. No two are alike, so that one that is lost or counted twice shows in the sums. */
export function charge({ tools, writesCache = false, thinks = true }) {
  tally.answers += 1;
  const n = tally.answers;
  const price = { input: 1000 + n, cacheRead: 700 + 3 * n, cacheWrite: writesCache ? 100 + n : 0, said: 40 + (n % 5), thought: thinks ? 7 : 0 };
  for (const sum of tools.length ? [tally.tokens] : [tally.tokens, tally.aside]) {
    sum.input += price.input;
    sum.output += price.said + price.thought;
    sum.cache_read += price.cacheRead;
    sum.cache_write += price.cacheWrite;
  }
  return price;
}

/** Counts calls as they are made. */
export function count(calls) {
  for (const { kind } of calls) tally.calls[kind] = (tally.calls[kind] ?? 0) + 1;
}

let ids = 0;
/** An id that was not given before. */
export const id = prefix => `${prefix}_${(++ids).toString(36).padStart(6, '0')}`;
