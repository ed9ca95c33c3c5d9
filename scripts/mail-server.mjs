// A real SMTP server for the mail device, on the port and address given. It closes first, as most mail
// servers do after QUIT, and so keeps the TIME_WAIT. One line of JSON on stdout an event.
//   node scripts/mail-server.mjs ADDRESS PORT
import { SMTPServer } from "smtp-server";

const [address = "10.77.0.1", port = "25"] = process.argv.slice(2);
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["AUTH", "STARTTLS"],
  disableReverseLookup: true,
  onData(stream, session, done) {
    stream.resume();
    stream.on("end", () => {
      say({ event: "mail", port: session.remotePort });
      done();
    });
  },
});
server.on("error", (error) => say({ event: "error", message: error.message }));
server.listen(Number(port), address, () => say({ event: "listening" }));

// The bench holds this process by its stdin: when the bench is gone, so is the server.
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
