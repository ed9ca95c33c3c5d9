/** What the doctor asks of a machine, so that tests can hand him another one. */
import { execFile } from "node:child_process";
import { constants } from "node:fs";
import { access, readFile, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { type AttachedPort, listAttachedPorts } from "../console/attached-ports.ts";
import { networkObstacle } from "../emulated/network-lab.ts";
import { findProgram } from "../system/guarded-process.ts";

export interface Machine {
  readonly nodeVersion: string;
  readonly platform: string;
  readonly user: { readonly name: string; readonly isRoot: boolean };
  /** Path of a program on the search path. */
  find(program: string): string | undefined;
  /** What a program prints, both streams; empty when it fails or takes long. */
  ask(path: string, args: readonly string[]): Promise<string>;
  /** Version of an installed package of npm. */
  packageVersion(name: string): Promise<string | undefined>;
  /** Loads the native part of node-serialport. Rejects with what is wrong. */
  loadSerialport(): Promise<void>;
  /** Why the port may not be read and written; undefined when it may. */
  obstacle(path: string): Promise<string | undefined>;
  /** Name of the group that owns a device file. */
  groupOf(path: string): Promise<string | undefined>;
  /** Groups in force for this process, and groups that the user has joined (maybe since). */
  groups(): Promise<{ readonly now: readonly string[]; readonly joined: readonly string[] }>;
  ports(): Promise<readonly AttachedPort[]>;
  /** Why there can be no network for emulated boards. */
  networkObstacle(): string | undefined;
}

const ASK_MS = 5000;
const ANSWER_BYTES = 64 * 1024;

export function thisMachine(): Machine {
  const require = createRequire(import.meta.url);
  return {
    nodeVersion: process.version,
    platform: process.platform,
    user: { name: userName(), isRoot: process.getuid?.() === 0 },
    find: findProgram,
    ask: (path, args) =>
      new Promise((resolve) => {
        const limits = { timeout: ASK_MS, maxBuffer: ANSWER_BYTES };
        const child = execFile(path, [...args], limits, (_error, out, err) =>
          resolve(`${out}${err}`),
        );
        child.stdin?.end();
      }),
    async packageVersion(name) {
      for (const folder of require.resolve.paths(name) ?? []) {
        const text = await readFile(`${folder}/${name}/package.json`, "utf8").catch(
          () => undefined,
        );
        const version: unknown = text === undefined ? undefined : JSON.parse(text).version;
        if (typeof version === "string") return version;
      }
      return undefined;
    },
    loadSerialport: async () => void (await import("serialport")),
    obstacle: async (path) => {
      const error = await access(path, constants.R_OK | constants.W_OK).catch((one: Error) => one);
      return error?.message;
    },
    async groupOf(path) {
      const found = await stat(path).catch(() => undefined);
      return found === undefined
        ? undefined
        : (await groupFile()).find(({ id }) => id === found.gid)?.name;
    },
    async groups() {
      const all = await groupFile();
      const ids = process.getgroups?.() ?? [];
      const now = all.filter(({ id }) => ids.includes(id)).map(({ name }) => name);
      const joined = all
        .filter(({ members }) => members.includes(userName()))
        .map(({ name }) => name);
      return { now, joined };
    },
    ports: () => listAttachedPorts(),
    networkObstacle,
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "this user");
  }
}

interface Group {
  readonly name: string;
  readonly id: number;
  readonly members: readonly string[];
}

/** `name:password:id:member,member` (group(5)). */
async function groupFile(): Promise<Group[]> {
  const text = await readFile("/etc/group", "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    const [name, , id, members = ""] = line.split(":");
    return name && id ? [{ name, id: Number(id), members: members.split(",") }] : [];
  });
}
