// uWebSockets as Bun brings it: `PORT=9000 bun bun.js`. POST /publish goes to everybody who listens.
const topic = "events";

Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT),
  async fetch(request, server) {
    if (request.method === "POST") {
      // Only for readers that have agreed to it does the last argument mean anything.
      server.publish(topic, await request.text(), true);
      return new Response(null, { status: 200, headers: { "content-length": "0" } });
    }
    return server.upgrade(request) ? undefined : new Response("WebSockets only", { status: 426 });
  },
  websocket: {
    perMessageDeflate: process.env.DEFLATE === "1",
    open(socket) {
      socket.subscribe(topic);
      socket.send("listening");
    },
    message() {},
  },
});
