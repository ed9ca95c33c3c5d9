/** `boards/<model>/board.json`: what a board model is. Validated, so that a typo is a message. */
import { readdir, readFile } from "node:fs/promises";
import { z } from "zod";
import { parseDescribedFile } from "../core/described-file.ts";
import { BenchError, UsageError } from "../core/errors.ts";

const port = z.number().int().min(1).max(65535);
const word = z.string().min(1).max(200);
/** A program and its arguments; `{image}`, `{serial}`, `{port}` are filled in. Never a shell. */
const command = z.array(word).min(1).max(64);
const tool = { tool: word, package: word, command };
const waitMs = z.number().int().min(0).max(60_000);

/** Four hexadecimal digits, lower case, as lsusb shows them. */
const usbNumber = z.string().regex(/^[0-9a-f]{4}$/, "give four hexadecimal digits, lower case");
const usbId = z.strictObject({
  vid: usbNumber,
  pid: usbNumber,
  /** What shows under this number: the debug probe, the boot loader, the firmware. */
  note: word.optional(),
  /** Other kinds of boards have the same numbers: they do not tell the model. */
  shared: z.boolean().optional(),
});

/** An address of the chip's memory map: 0x and eight hexadecimal digits. */
const address = z.string().regex(/^0x[0-9a-f]{8}$/, "give 0x and eight hexadecimal digits");

/** A pattern of DTR and RTS, true is asserted, with waits between. */
const lineSteps = z
  .array(
    z.union([
      z.strictObject({ waitMs }),
      z
        .strictObject({ dtr: z.boolean().optional(), rts: z.boolean().optional() })
        .refine((step) => step.dtr !== undefined || step.rts !== undefined, "set dtr or rts"),
    ]),
  )
  .min(1)
  .max(32);

const flashMethod = z.discriminatedUnion("method", [
  /** YMODEM over the console, into one of two slots. */
  z.strictObject({ method: z.literal("module") }),
  /** The system boot loader of an STM32 (AN3155); `entry`: how a person or the probe enters it. */
  z.strictObject({
    method: z.literal("stm32-uart"),
    entry: word,
    /** Product ID of AN2606, and the sectors in order: how many, and of how many bytes each. */
    chip: z
      .strictObject({
        productId: z.string().regex(/^0x[0-9a-f]{3}$/, "give 0x and three hexadecimal digits"),
        flashAddress: address,
        sectors: z
          .array(z.tuple([z.number().int().min(1).max(4096), z.number().int().min(128)]))
          .min(1)
          .max(16),
      })
      .optional(),
    /** Where an adapter's DTR and RTS are wired to BOOT0 and reset. */
    lines: z.strictObject({ enter: lineSteps, leave: lineSteps }).optional(),
  }),
  /** A volume with INFO_UF2.TXT; `familyId`: 0x and eight hexadecimal digits. */
  z.strictObject({
    method: z.literal("uf2"),
    boardId: word,
    familyId: z.string().regex(/^0x[0-9a-f]{8}$/),
  }),
  z.strictObject({ method: z.literal("tool"), ...tool }),
]);

const resetRung = z.discriminatedUnion("rung", [
  /** A command on the console. */
  z.strictObject({ rung: z.literal("console") }),
  /** A pattern of DTR and RTS, true is asserted, with waits between. */
  z.strictObject({
    rung: z.literal("lines"),
    steps: lineSteps,
  }),
  /** The port opened at 1200 baud and closed. */
  z.strictObject({ rung: z.literal("touch-1200") }),
  z.strictObject({ rung: z.literal("break"), ms: z.number().int().min(1).max(60_000) }),
  z.strictObject({ rung: z.literal("probe"), ...tool }),
  /** Power of the USB port, by uhubctl; bench.json names hub and port. */
  z.strictObject({ rung: z.literal("hub") }),
  /** A command of bench.json: a relay. */
  z.strictObject({ rung: z.literal("shell") }),
]);

const description = z.strictObject({
  model: z.string().regex(/^[a-z0-9-]+$/),
  name: z.string().min(1),
  core: z.enum(["cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33"]),
  flashBytes: z.number().int().positive(),
  ramBytes: z.number().int().positive(),
  /** Where the journal lies. */
  nvm: z.strictObject({
    part: z.string().min(1),
    kind: z.enum(["nor", "eeprom"]),
    sectorBytes: z.number().int().positive(),
    sectors: z.number().int().min(2).max(32),
    granule: z.number().int().min(1).max(256),
    enduranceCycles: z.number().int().positive(),
    /** Where it lies in the memory map, if it does: what flashing has to leave alone. */
    address: address.optional(),
    /** How much of it, where that is more than the sectors' bytes. */
    addressBytes: z.number().int().positive().optional(),
  }),
  /** Where the flash begins: the place of plain binary files. */
  flashAddress: address.optional(),
  counterHz: z.number().int().positive(),
  entropy: z.enum(["none", "ring-oscillator", "trng"]),
  console: z.strictObject({ baud: z.number().int().positive() }),
  /** Ports that the firmware's module may allocate. */
  ports: z.strictObject({
    first: port,
    last: port,
    reserved: z.array(z.tuple([port, port])),
  }),
  mslMs: z.number().int().positive(),
  /** USB numbers under which the board is seen. */
  usb: z.array(usbId).max(16).optional(),
  /** How firmware or a module gets onto the board, the best way first. */
  flash: z.array(flashMethod).max(8).optional(),
  /** How the board is reset, the gentlest way first. */
  reset: z.array(resetRung).max(16).optional(),
  /** What was run on this board or its emulator, and what was not. */
  verified: z.strictObject({ run: z.array(word), notRun: z.array(word) }).optional(),
  /** How the board runs without the board; absent: only a real one runs. */
  emulator: z
    .discriminatedUnion("kind", [
      z.strictObject({
        kind: z.literal("qemu"),
        machine: z.string().min(1),
        arguments: z.array(z.string()),
        /** Whether the journal's memory outlives a power cut there. */
        persistent: z.boolean(),
        /** The machine's main memory is a file of this size that begins with the journal. */
        mainMemoryBytes: z.number().int().positive().optional(),
        /** QEMU's model of the board's Ethernet; absent: it has none there. */
        ethernet: z.string().min(1).optional(),
      }),
      z.strictObject({ kind: z.literal("rp2040js"), persistent: z.boolean() }),
    ])
    .optional(),
});

export type BoardDescription = z.infer<typeof description>;
export type FlashMethod = z.infer<typeof flashMethod>;
export type ResetRung = z.infer<typeof resetRung>;

/** In a clone and in an installed package. */
const FOLDER = new URL("../../boards/", import.meta.url);

/** Models that have a description, in alphabetical order. */
export async function boardModels(): Promise<string[]> {
  const entries = await readdir(FOLDER, { withFileTypes: true }).catch(() => []);
  const models = entries.map(async (entry) => {
    if (!entry.isDirectory()) return [];
    const text = await readFile(fileOf(entry.name)).catch(() => undefined);
    return text === undefined ? [] : [entry.name];
  });
  return (await Promise.all(models)).flat().sort();
}

function fileOf(model: string): URL {
  return new URL(`${model}/board.json`, FOLDER);
}

/** Reads a model's description. UsageError for an unknown model, BenchError for a bad file. */
export async function readBoardDescription(model: string): Promise<BoardDescription> {
  const isName = /^[a-z0-9-]+$/.test(model);
  const text = isName ? await readFile(fileOf(model), "utf8").catch(() => undefined) : undefined;
  if (text !== undefined) return parseBoardDescription(text, `boards/${model}/board.json`);
  throw new UsageError(
    "unknown-board",
    `there is no board model ${JSON.stringify(model)}`,
    `the models are ${(await boardModels()).join(", ")}`,
  );
}

/** Parses a description. BenchError that names file, line and field, and what is wrong with it. */
export function parseBoardDescription(text: string, place: string): BoardDescription {
  return parseDescribedFile(text, place, description, badDescription).value;
}

function badDescription(what: string): BenchError {
  return new BenchError(
    "bad-board-description",
    what,
    "compare it with another board's board.json; docs/boards.md explains the fields",
  );
}
