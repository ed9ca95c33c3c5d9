/** The errors of reading a capture: each says what is wrong, at which byte, and what to do. */
import { UsageError } from "../core/errors.ts";
import { SUPPORTED_LINK_TYPES } from "./link.ts";

const FORMATS = "pcap, pcapng, or either of them packed with gzip";

export function emptyCapture(name: string): UsageError {
  return new UsageError(
    "capture-empty",
    `${name} is empty: not one byte to read`,
    "check that the recording was started with rights to capture, and record again",
  );
}

export function notACapture(name: string, first: string): UsageError {
  return new UsageError(
    "capture-not-recognised",
    `${name} is not a packet capture: it starts with the bytes ${first}`,
    `give a capture in the format ${FORMATS}`,
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
  return new UsageError(
    "capture-bad-length",
    `${name} is damaged at byte ${offset}, after ${frame} packets: ${what}`,
    "record it again, or keep the sound part with: tshark -r FILE -c PACKETS -w PART",
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
  return new UsageError(
    "capture-link-type",
    `${name} was recorded with link type ${linkType}, which cannot be read`,
    `record on a network interface; known link types: ${known}`,
  );
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
