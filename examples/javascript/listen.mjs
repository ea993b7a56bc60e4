// Prints the events of a room, reconnects, and prints what it missed meanwhile once.
//
//   node listen.mjs [room]                             (Node.js 22 or newer)
//   node --experimental-websocket listen.mjs [room]    (Node.js 20)

if (typeof WebSocket === "undefined") {
  console.error("This Node.js has no WebSocket yet: node --experimental-websocket listen.mjs");
  process.exit(1);
}

const base = (process.env.ARCANE_URL ?? "http://127.0.0.1:8000").replace(/\/$/, "").replace(/^http/, "ws");
const room = process.argv[2] ?? "main";
let epoch = null;
let last = 0;
let pause = 250;

function show(event) {
  const who = event.daemon_name ?? "the realm";
  console.log(`${event.seq} ${event.success ? "✓" : "✗"} ${event.spell_name} ${who}: ${event.description}`);
  const seconds = event.metadata.execution_time;
  if (seconds !== undefined) console.log(`  took ${seconds.toFixed(3)} s: ${event.metadata.task ?? ""}`);
}

function receive(data) {
  if (data.type === "connection") {
    console.log(`· ${data.message} (${data.subscriber_count} listening)`);
    const { recovered, reason } = data.resume ?? { recovered: true };
    if (!recovered) console.log(`· events were missed: ${reason}`);
    if (data.epoch !== epoch || !recovered) [epoch, last] = [data.epoch, 0];
    pause = 250;
  }
  const events = data.recent_events ?? (data.spell_name ? [data] : []);
  for (const event of events.filter(({ seq }) => seq > last)) {
    last = event.seq;
    show(event);
  }
}

function connect() {
  // The position makes the server send everything after it, and nothing twice.
  const where = epoch ? `since=${epoch}:${last}` : "recent=100";
  const socket = new WebSocket(`${base}/ws/events?room=${encodeURIComponent(room)}&${where}`);
  socket.onmessage = ({ data }) => receive(JSON.parse(data));
  let ended = false;
  const end = ({ code, reason }) => {
    if (ended) return;
    ended = true;
    if (code >= 4400 && code < 4500) {
      console.error(`the server refused: ${code} ${reason}`);
      process.exit(1);
    }
    console.log(`· disconnected, trying again in ${pause} ms`);
    setTimeout(connect, pause);
    pause = Math.min(pause * 2, 10_000);
  };
  socket.onclose = end;
  // Node.js 20 reports a connection that never came about only here.
  socket.onerror = end;
}

connect();
