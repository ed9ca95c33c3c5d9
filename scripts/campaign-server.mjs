// Servers for a campaign over a network, one on each port given, on all addresses: they read whatever
// comes. On the ports of the first list the server closes as soon as something has arrived, and so keeps
// the TIME_WAIT; on those of the second it waits for the client. One line of JSON on stdout when all listen.
//   node scripts/campaign-server.mjs 25,1883,8883 443
import { createServer } from "node:net";

const ports = (text = "") => text.split(",").filter(Boolean).map(Number);
const [first, second] = process.argv.slice(2).map(ports);

function serve(port, closesFirst) {
  return new Promise((resolve) => {
    // Half open connections of a device that lost its power end by the reset of its next SYN, or never.
    const server = createServer({ allowHalfOpen: !closesFirst }, (socket) => {
      socket.on("error", () => socket.destroy());
      if (closesFirst) socket.once("data", () => socket.end());
      else socket.on("end", () => socket.end());
      socket.resume();
    });
    server.listen(port, "0.0.0.0", 1024, resolve);
  });
}

await Promise.all([
  ...first.map((port) => serve(port, true)),
  ...second.map((port) => serve(port, false)),
]);
process.stdout.write(`${JSON.stringify({ event: "listening" })}\n`);

// The bench holds this process by its stdin: when the bench is gone, so is the server.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
