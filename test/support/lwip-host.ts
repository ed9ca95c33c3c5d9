/** lwIP from its sources, compiled for this machine: the stack itself under the glue, with no network. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe } from "vitest";
import { compileHostProgram, describeWithCompiler, type HostProgram } from "./host-program.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LWIP = `${ROOT}build/third-party/lwip/src`;
const LEFT_OUT = !existsSync(LWIP) && process.env.ISNKIT_REQUIRE_ALL !== "1";
if (LEFT_OUT) console.warn("left out: the glue on lwIP (no lwIP sources; run scripts/setup-arm)");

export const LWIP_CORE: readonly string[] = [
  ...["init", "def", "inet_chksum", "ip", "mem", "memp", "netif", "pbuf", "tcp", "tcp_in"],
  ...["tcp_out", "timeouts", "ipv4/ip4", "ipv4/ip4_addr", "ipv4/ip4_frag", "ipv6/ip6"],
  ...["ipv6/ip6_addr", "ipv6/ip6_frag", "ipv6/nd6", "ipv6/icmp6", "ipv6/inet6"],
].map((part) => `${LWIP}/core/${part}.c`);

/** A source of lwIP, or of its port to this machine, by its place without the ending. */
export function lwipSource(part: string): string {
  return `${LWIP.replace(/src$/, "")}${part}.c`;
}

/** Headers of lwIP's port to this machine. */
export const LWIP_PORT_HEADERS = `${LWIP.replace(/src$/, "")}port/include`;

/** `describe`, or a skip that says what to install. */
export function describeOnLwip(name: string, body: () => void): void {
  describe.skipIf(LEFT_OUT)("isnkit in lwIP", () => describeWithCompiler(name, body));
}

export interface LwipProgram {
  /** The project's own sources, from the root of the repository; warnings are errors in these alone. */
  readonly sources: readonly string[];
  /** Folder of lwipopts.h and arch/, from the root. */
  readonly port: string;
  readonly lwip?: readonly string[];
  /** Sources of lwIP that open connections: their tcp_connect() is isnkit_lwip_connect(). */
  readonly opening?: readonly string[];
  /** Folders of further headers of the port, behind its own. */
  readonly headers?: readonly string[];
  readonly flags?: readonly string[];
}

export function compileOnLwip(program: LwipProgram): HostProgram {
  const folder = mkdtempSync(join(tmpdir(), "isnkit-lwip-"));
  const folders = [ROOT + program.port, ...(program.headers ?? []), `${ROOT}boards/lwip`];
  const includes = folders.flatMap((path) => ["-I", path]);
  const checked = ["-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"];
  const flags = ["-std=gnu11", ...checked, ...(program.flags ?? [])];
  try {
    const kit = ["-I", `${ROOT}boards/kit`, "-I", `${LWIP}/include`];
    const compile = (sources: readonly string[], more: readonly string[]) => {
      const args = [...flags, "-O1", "-w", "-c", ...more, ...includes, ...kit, ...sources];
      if (sources.length > 0) execFileSync("cc", args, { cwd: folder });
    };
    const { lwip = LWIP_CORE, opening = [] } = program;
    compile(lwip, []);
    compile(opening, ["-Dtcp_connect=isnkit_lwip_connect"]);
    const objects = [...lwip, ...opening].map((path) =>
      join(folder, path.replace(/^.*\/|c$/g, "").concat("o")),
    );
    return compileHostProgram(program.sources, [
      ...flags,
      ...includes,
      ...["-isystem", `${LWIP}/include`],
      ...objects,
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
