// What all protocols share: bodies, streams, and the words that the model says.

/** How long a model that hangs says nothing, milliseconds. */
const HANG_MS = 60_000;

export function json(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

/** Begins a stream of server-sent events; gives what sends one. */
export function events(response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  return (data, name) => response.write(`${name ? `event: ${name}\n` : ''}data: ${JSON.stringify(data)}\n\n`);
}

/** Keeps a stream open without a word. */
export const pause = response => new Promise(done => {
  const timer = setTimeout(() => done(response.end()), HANG_MS);
  response.on('close', () => { clearTimeout(timer); done(); });
});

export const text = (step, calls) => (calls.length ? `Next: ${step}.` : 'Everything is done.');

/** The text of a content that may be a string or parts. What Codex tells a subagent is called encrypted, and is plain where its model is. */
export const words = content => (typeof content === 'string' ? content : (content ?? []).map(part => part.text ?? part.encrypted_content ?? '').join('\n'));
