// uWebSockets as Bun brings it: `PORT=9000 bun bun.js`. POST /publish goes to everybody who listens, and so does each message
// on a WebSocket of that path; both are answered.
const topic = "events";

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  async fetch(request, server) {
    if (request.method === "POST") {
      // Only for readers that have agreed to it does the last argument mean anything.
      server.publish(topic, await request.text(), true);
      return new Response(null, { status: 200, headers: { "content-length": "0" } });
    }
    const publishes = new URL(request.url).pathname === "/publish";
    return server.upgrade(request, { data: { publishes } }) ? undefined : new Response("WebSockets only", { status: 426 });
  },
  websocket: {
    perMessageDeflate: process.env.DEFLATE === "1",
    open(socket) {
      if (socket.data.publishes) return;
      socket.subscribe(topic);
      socket.send("listening");
    },
    message(socket, text) {
      if (!socket.data.publishes) return;
      server.publish(topic, text, true);
      socket.send('{"type":"published"}');
    },
  },
});
