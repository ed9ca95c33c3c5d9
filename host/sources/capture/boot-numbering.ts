/** Decides where a device booted, and numbers the samples of a capture by boot. */
import { formatDurationUs } from "../../core/duration.ts";
import type { OpenSample, Sample, UsedSample } from "../../core/sample.ts";
import type { AddressProbe } from "../../tracking/address-probe.ts";

/** A sample whose boot is not known yet. */
export type Draft =
  | {
      readonly kind: "open";
      readonly open: Omit<OpenSample, "boot">;
      /** The device chose to connect (it did not accept). */
      readonly attempt: boolean;
      /** How long it was silent before this, in microseconds. */
      readonly silenceUs: number;
    }
  | { readonly kind: "used"; readonly used: Omit<UsedSample, "boot"> }
  | {
      readonly kind: "boot";
      readonly timeUs: number;
      readonly evidence: "start" | "given" | AddressProbe;
      readonly frame?: number;
    };

/** A boot and what it was inferred from. */
export interface FoundBoot {
  readonly boot: number;
  /** When it shows: the packet that gave it away, or the time that was given. */
  readonly timeUs: number;
  readonly frame?: number;
  readonly evidence: "start" | "given" | "silence" | AddressProbe;
  /** Length of the silence, if that is the evidence. */
  readonly silenceUs?: number;
  /** One sentence for people. */
  readonly detail: string;
}

/** `auto`: by silence against the usual spacing; `gap`: by a fixed silence; `given`: as told. */
export type BootRule =
  | { readonly kind: "auto" }
  | { readonly kind: "gap"; readonly gapUs: number }
  | { readonly kind: "given" };

const ATTEMPTS_MIN = 4;
const SPACINGS = 256;
const SILENCE_FACTOR = 4;
const SILENCE_MIN_US = 1_000_000;
/** Samples held back at most until the usual spacing is known. */
const DRAFTS_MAX = 20_000;
const FOUND_MAX = 1_000;

export class BootNumbering {
  /** The first boots found, with their evidence; `boots` counts all. */
  readonly found: FoundBoot[] = [];

  readonly #rule: BootRule;
  #held: Draft[] = [];
  #holding: boolean;
  #ready: Sample[] = [];
  #boot = -1;
  #attempts = 0;
  #lastAttemptUs = 0;
  // The last spacings between attempts, in a ring.
  readonly #spacings: number[] = [];

  constructor(rule: BootRule) {
    this.#rule = rule;
    this.#holding = rule.kind === "auto";
  }

  get boots(): number {
    return this.#boot + 1;
  }

  /** How boots were looked for, in one sentence. */
  get method(): string {
    if (this.#rule.kind === "given") return "boots at the times given";
    if (this.#rule.kind === "gap") {
      return `a boot wherever the device was silent for ${formatDurationUs(this.#rule.gapUs)} or more before it connected`;
    }
    if (this.#attempts < ATTEMPTS_MIN) {
      return `boots only where the device asked for its address anew: ${this.#attempts} connection attempts are too few to call a silence a boot`;
    }
    const usual = this.#usualSpacing();
    const least = Math.max(SILENCE_MIN_US, SILENCE_FACTOR * usual);
    return `a boot wherever the device was silent for ${formatDurationUs(least)} or more (4 × its usual ${formatDurationUs(usual)} between ${this.#attempts} connection attempts, at least 1 s), or asked for its address anew`;
  }

  add(draft: Draft): void {
    if (draft.kind === "open" && draft.attempt) this.#noteSpacing(draft.open.timeUs);
    if (!this.#holding) {
      this.#release(draft);
      return;
    }
    this.#held.push(draft);
    if (this.#attempts > SPACINGS || this.#held.length >= DRAFTS_MAX) this.#stopHolding();
  }

  end(): void {
    this.#stopHolding();
  }

  /** The samples that are numbered by now, in order; each is given once. */
  take(): readonly Sample[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }

  #stopHolding(): void {
    this.#holding = false;
    const held = this.#held;
    this.#held = [];
    for (const draft of held) this.#release(draft);
  }

  #release(draft: Draft): void {
    if (draft.kind === "boot") {
      this.#begin(draft.timeUs, draft.evidence, draft.frame);
    } else if (draft.kind === "used") {
      this.#ready.push({ ...draft.used, boot: this.#boot });
    } else {
      const { timeUs, frame } = draft.open;
      if (draft.attempt && this.#isBoot(draft.silenceUs)) {
        this.#begin(timeUs, "silence", frame, draft.silenceUs);
      }
      this.#ready.push({ ...draft.open, boot: this.#boot });
    }
  }

  #isBoot(silenceUs: number): boolean {
    if (this.#rule.kind === "gap") return silenceUs > 0 && silenceUs >= this.#rule.gapUs;
    if (this.#rule.kind === "given" || silenceUs < SILENCE_MIN_US) return false;
    return this.#attempts >= ATTEMPTS_MIN && silenceUs >= SILENCE_FACTOR * this.#usualSpacing();
  }

  #begin(
    timeUs: number,
    evidence: FoundBoot["evidence"],
    frame: number | undefined,
    silenceUs?: number,
  ): void {
    this.#boot += 1;
    this.#ready.push({ kind: "boot", boot: this.#boot, timeUs, requested: false });
    if (this.found.length >= FOUND_MAX) return;
    this.found.push({
      boot: this.#boot,
      timeUs,
      evidence,
      ...(frame === undefined ? {} : { frame }),
      ...(silenceUs === undefined ? {} : { silenceUs }),
      detail: detailOf(this.#boot, evidence, frame, silenceUs ?? 0),
    });
  }

  #noteSpacing(timeUs: number): void {
    if (this.#attempts > 0) {
      this.#spacings[(this.#attempts - 1) % SPACINGS] = timeUs - this.#lastAttemptUs;
    }
    this.#attempts += 1;
    this.#lastAttemptUs = timeUs;
  }

  /** Median of the spacings: one long pause, the boot itself, does not move it. */
  #usualSpacing(): number {
    const sorted = [...this.#spacings].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

function detailOf(
  boot: number,
  evidence: FoundBoot["evidence"],
  frame: number | undefined,
  silenceUs: number,
): string {
  const where = frame === undefined ? "" : ` (frame ${frame})`;
  switch (evidence) {
    case "start":
      return `boot ${boot}: the state in which the capture begins`;
    case "given":
      return `boot ${boot}: at the time given`;
    case "silence":
      return `boot ${boot}: the device connected after ${formatDurationUs(silenceUs)} of silence${where}`;
    case "arp-probe":
      return `boot ${boot}: the device probed for its address by ARP${where}`;
    case "dhcp-request":
      return `boot ${boot}: the device asked for its address by DHCP${where}`;
    case "duplicate-address-detection":
      return `boot ${boot}: the device probed for its address by duplicate address detection${where}`;
  }
}
