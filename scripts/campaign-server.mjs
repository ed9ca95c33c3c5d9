// Servers for a campaign over a network, one on each address and port given: they read whatever comes.
// Who closes first, and so keeps the TIME_WAIT: the server (it closes as soon as something has arrived, or
// with `atOnce` as soon as it has accepted), the device (the server waits for it), or either (the first byte
// that arrives tells: "s" the server, "d" the device). With `resets` it resets each connection: once it is
// "accepted", at the first "data", or at the "end" of what the device sends. One line of JSON on stdout when all listen.
//   node scripts/campaign-server.mjs '[{"address":"192.0.2.7","port":443,"closesFirst":"device"}]'
import { createServer } from "node:net";

const SERVER_CLOSES = "s".charCodeAt(0);

function serve({ address, port, closesFirst, atOnce, resets }) {
  return new Promise((resolve) => {
    // Half open connections of a device that lost its power end by the reset of its next SYN, or never.
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      const reset = () => socket.resetAndDestroy();
      if (resets === "accepted") return reset();
      if (resets === "data") socket.once("data", reset);
      if (resets !== undefined) return socket.on("end", reset).resume();
      socket.on("end", () => socket.end());
      if (closesFirst === "server" && atOnce) socket.end();
      else if (closesFirst !== "device") {
        socket.once("data", (data) => {
          if (closesFirst === "server" || data[0] === SERVER_CLOSES) socket.end();
        });
      }
      socket.resume();
    });
    server.listen({ port, host: address, backlog: 1024 }, resolve);
  });
}

await Promise.all(JSON.parse(process.argv[2]).map(serve));
process.stdout.write(`${JSON.stringify({ event: "listening" })}\n`);

// The bench holds this process by its stdin: when the bench is gone, so is the server.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
