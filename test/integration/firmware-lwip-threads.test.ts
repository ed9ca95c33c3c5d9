/**
 * The glue where lwIP has an operating system (NO_SYS 0): its calls come from the tcpip thread, or from any thread that
 * holds the core lock, and never two at once. Threads connect by lwIP's netconn interface, which calls the glue in
 * place of tcp_connect().
 */
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { playCommands } from "../support/commanded-program.ts";
import {
  compileOnLwip,
  describeOnLwip,
  LWIP_PORT_HEADERS,
  lwipSource,
} from "../support/lwip-host.ts";

const CORE = [
  ...["init", "def", "inet_chksum", "ip", "mem", "memp", "netif", "pbuf", "tcp", "tcp_in"],
  ...["tcp_out", "timeouts", "sys", "ipv4/ip4", "ipv4/ip4_addr", "ipv4/ip4_frag", "ipv4/icmp"],
  "ipv4/etharp",
].map((part) => `src/core/${part}`);
const API = ["api_lib", "err", "netbuf", "tcpip", "netifapi"].map((part) => `src/api/${part}`);

describeOnLwip("with threads", () => {
  it.each([
    ["in the tcpip thread", 0],
    ["under the core lock", 1],
  ])(
    "follows 120 attempts of four threads, %s, as client and as server",
    (_, locking) => {
      const program = compileOnLwip({
        sources: [
          "test/integration/lwip-threads/threads.c",
          "test/integration/ledger/counted_module.c",
          "boards/lwip/isnkit_lwip.c",
        ],
        port: "test/integration/lwip-threads",
        lwip: [...CORE, ...API, "src/netif/ethernet", "port/sys_arch"].map(lwipSource),
        headers: [LWIP_PORT_HEADERS],
        opening: [lwipSource("src/api/api_msg")],
        flags: [
          ...[`-DCORE_LOCKING=${locking}`, "-pthread"],
          ...["-I", fileURLToPath(new URL("ledger", import.meta.url))],
        ],
      });
      try {
        // Each third goes to a port on which nobody listens; each second of the others ends by a reset.
        expect(playCommands(program, ["go"])).toEqual([
          { connected: 80, failed: 40, refused: 0, open: 0, unbacked: 0 },
        ]);
      } finally {
        program.remove();
      }
    },
    120_000,
  );
});
