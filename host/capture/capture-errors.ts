/** The errors of reading a capture: each says what is wrong, at which byte, and what to do. */
import { UsageError } from "../core/errors.ts";
import { plural } from "../core/plural.ts";
import { SUPPORTED_LINK_TYPES } from "./link.ts";

const FORMATS = "pcap, pcapng, or either of them packed with gzip";

export function emptyCapture(name: string): UsageError {
  return new UsageError(
    "capture-empty",
    `${name} is empty: not one byte to read`,
    "check that the recording was started with rights to capture, and record again",
  );
}

/** How a file starts that is no capture as it stands, and what makes one of it. */
const KNOWN_STARTS: readonly (readonly [string, string, string])[] = [
  ["28 b5 2f fd", "is packed with zstd", "unpack it first: zstd -d FILE"],
  ["fd 37 7a 58", "is packed with xz", "unpack it first: xz -d FILE"],
  ["42 5a 68", "is packed with bzip2", "unpack it first: bzip2 -d FILE"],
  ["50 4b 03 04", "is a zip archive", "unpack it first: unzip FILE"],
  ["1f 8b", "is packed with gzip twice", "unpack it once: gzip -d FILE"],
  ["73 6e 6f 6f", "is a capture of snoop", "convert it first: editcap -F pcap FILE NEW"],
  ["47 4d 42 55", "is a capture of Network Monitor", "convert it first: editcap -F pcap FILE NEW"],
  ["34 cd b2 a1", "is a pcap of a modified libpcap", "convert it first: editcap -F pcap FILE NEW"],
];

/** `first`: the first four bytes in hexadecimal, separated by spaces. */
export function notACapture(name: string, first: string): UsageError {
  const known = KNOWN_STARTS.find(([start]) => first.startsWith(start));
  return new UsageError(
    "capture-not-recognised",
    known
      ? `${name} ${known[1]}, which is not read`
      : `${name} is not a packet capture: it starts with the bytes ${first}`,
    known ? known[2] : `give a capture in the format ${FORMATS}`,
  );
}

/** Cut short before the first whole packet: there is nothing to judge. */
export function cutShort(name: string, offset: number, what: string): UsageError {
  return new UsageError(
    "capture-cut-short",
    `${name} is cut short at byte ${offset}, within ${what}, before the first whole packet`,
    "copy or record it again, and stop the recorder before the file is taken",
  );
}

/** A length or reference that contradicts the rest of the file. */
export function badLength(name: string, offset: number, frame: number, what: string): UsageError {
  const sound =
    frame === 0 ? "" : `, or keep the sound part with: tshark -r FILE -c ${frame} -w PART`;
  return new UsageError(
    "capture-bad-length",
    `${name} is damaged at byte ${offset}, after ${plural(frame, "packet")}: ${what}`,
    `copy or record it again${sound}`,
  );
}

export function unsupportedVersion(name: string, offset: number, version: string): UsageError {
  return new UsageError(
    "capture-version",
    `${name} has at byte ${offset} the unknown format version ${version}`,
    "convert it with: editcap -F pcapng FILE NEW",
  );
}

export function unsupportedLinkType(name: string, linkType: number): UsageError {
  const known = [...SUPPORTED_LINK_TYPES].map(([type, title]) => `${title} (${type})`).join(", ");
  const next = isMonitorMode(linkType)
    ? "record without monitor mode, or on the wired side of the access point"
    : "record on a network interface";
  const what = isMonitorMode(linkType) ? ` (Wi-Fi frames of a monitor mode)` : "";
  return new UsageError(
    "capture-link-type",
    `${name} was recorded with link type ${linkType}${what}, which cannot be read`,
    `${next}; known link types: ${known}`,
  );
}

/** 802.11 frames behind the headers of old drivers. */
function isMonitorMode(linkType: number): boolean {
  return linkType === 119 || linkType === 163;
}

export function badGzip(name: string, reason: string): UsageError {
  return new UsageError(
    "capture-bad-gzip",
    `${name} looks like gzip, but cannot be unpacked: ${reason}`,
    "copy it again, or test it with: gzip -t FILE",
  );
}

/** Turns an error of the file system into one that a person can act on; others pass unchanged. */
export function openFailure(path: string, error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new UsageError(
      "capture-not-found",
      `there is no capture ${path}`,
      "check the path; relative paths start at the working directory",
    );
  }
  if (code === "EISDIR") {
    return new UsageError(
      "capture-is-directory",
      `${path} is a directory, not a capture`,
      "name a file in it, such as capture.pcapng",
    );
  }
  if (code === "EACCES" || code === "EPERM") {
    return new UsageError(
      "capture-unreadable",
      `${path} may not be read (${code})`,
      "captures made as root belong to root: change the owner, or read it as that user",
    );
  }
  if (code === "") return error;
  return new UsageError(
    "capture-unreadable",
    `${path} cannot be read (${code})`,
    "check the disk or the mount, and copy the capture to a local file",
  );
}
