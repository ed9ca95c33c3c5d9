/** Firmware onto a board by one of the ways of its board.json, confirmed by the device afterwards. */
import type { BoardDescription, FlashMethod } from "../boards/board-description.ts";
import type { LineStep } from "../boards/rung.ts";
import { ByteLine } from "../console/byte-line.ts";
import type { SerialLink } from "../console/serial-link.ts";
import { BenchError, UsageError } from "../core/errors.ts";
import type { DeviceModule } from "./device-module.ts";
import { expectRunning, type FirmwareImage, readFirmware, touches } from "./firmware-image.ts";
import { FlashDevice } from "./flash-device.ts";
import { flashStm32, type Region, type Stm32Step } from "./flash-stm32.ts";
import { runFlashTool } from "./flash-tool.ts";
import { STM32_PATIENCE, Stm32Bootloader, type Stm32Patience } from "./stm32-bootloader.ts";
import { writeUf2 } from "./uf2.ts";
import { findVolume, mountPoints, readVolume, writeVolume } from "./uf2-volume.ts";

export type FirmwareMethod = Exclude<FlashMethod, { method: "module" }>;

/** What the board's place on the desk gives. */
export interface FirmwareEdges {
  /** Opens the console's port wherever it is now; it may still be coming back. BenchError. */
  readonly open: (parity: "none" | "even") => Promise<SerialLink>;
  readonly sleep: (ms: number) => Promise<void>;
  /** Absent: the mount points of this machine. */
  readonly volumes?: () => Promise<readonly string[]>;
  readonly stm32?: Stm32Patience;
  /** How long the device may take to start afterwards. */
  readonly startMs?: number;
}

export interface FirmwareFlashOptions {
  readonly file: Uint8Array;
  /** Its path, for the tools. */
  readonly path: string;
  readonly description: BoardDescription;
  readonly method: FirmwareMethod;
  readonly board: { readonly port: string; readonly serial?: string };
  readonly volume?: string;
  readonly wipeJournal: boolean;
  readonly edges: FirmwareEdges;
  /** A line for people, and how far it is where that is known. */
  readonly onStep: (words: string, done?: number, of?: number) => void;
  readonly signal?: AbortSignal;
}

/** Flashes, and returns what the device says of itself. BenchError and UsageError of the way taken. */
export async function flashFirmware(options: FirmwareFlashOptions): Promise<DeviceModule> {
  const { file, path, description, method, wipeJournal, edges, onStep } = options;
  const journal = journalRegion(description);
  const image = readFirmware(file, path, baseOf(description));
  if (journal !== undefined && !wipeJournal) keepJournal(image, journal, path);
  if (method.method === "stm32-uart") await byBootloader(options, method, image, journal);
  else if (method.method === "uf2") await byVolume(options, method, image);
  else await byTool(options, method);
  onStep("written; asking the device");
  const link = await edges.open("none");
  try {
    const startMs = edges.startMs === undefined ? {} : { startMs: edges.startMs };
    const device = await new FlashDevice(new ByteLine(link), startMs).find(true);
    if (device.board !== description.model) throw otherBoard(device.board, description.model);
    expectRunning(device, image, description.model);
    return device;
  } finally {
    await link.close();
  }
}

function otherBoard(board: string, model: string): BenchError {
  return new BenchError(
    "not-confirmed",
    `what answers is firmware for ${board}, not for ${model}`,
    "name the right board: `isnkit boards` lists them",
  );
}

/** The way that is meant. UsageError `no-method` that lists those of the board. */
export function chooseMethod(
  description: BoardDescription,
  wanted: string | undefined,
  place: string,
): FirmwareMethod {
  const methods = (description.flash ?? []).filter(
    (one): one is FirmwareMethod => one.method !== "module",
  );
  const nameOf = methodName;
  const found = wanted === undefined ? methods[0] : methods.find((one) => nameOf(one) === wanted);
  if (found !== undefined) return found;
  const names = methods.map(nameOf).join(", ");
  throw new UsageError(
    "no-method",
    wanted === undefined
      ? `boards/${description.model}/board.json describes no way to flash firmware`
      : `${description.model} has no way ${JSON.stringify(wanted)} to flash firmware (${place})`,
    names === "" ? "add one to its `flash`; docs/flash.md explains the fields" : `it has ${names}`,
  );
}

/** `stm32-uart`, `uf2`, or the tool's name. */
export function methodName(method: FirmwareMethod): string {
  return method.method === "tool" ? method.tool : method.method;
}

function journalRegion({ nvm }: BoardDescription): Region | undefined {
  if (nvm.address === undefined) return undefined;
  const bytes = nvm.addressBytes ?? nvm.sectorBytes * nvm.sectors;
  return { address: Number(nvm.address), bytes };
}

function baseOf({ flashAddress }: BoardDescription): number | undefined {
  return flashAddress === undefined ? undefined : Number(flashAddress);
}

function keepJournal(image: FirmwareImage, journal: Region, path: string): void {
  if (!touches(image, journal)) return;
  throw new UsageError(
    "journal-in-the-way",
    `${JSON.stringify(path)} would overwrite the journal at 0x${journal.address.toString(16)}`,
    "link it around the journal, as the board's link.ld does, or say --wipe-journal to lose journal and key",
  );
}

type Way<Name extends FirmwareMethod["method"]> = Extract<FirmwareMethod, { method: Name }>;

async function byBootloader(
  options: FirmwareFlashOptions,
  method: Way<"stm32-uart">,
  image: FirmwareImage,
  journal: Region | undefined,
): Promise<void> {
  const { description, edges, onStep, path, wipeJournal, signal } = options;
  if (method.chip === undefined) {
    throw new BenchError(
      "bad-board-description",
      `boards/${description.model}/board.json: flash: stm32-uart without \`chip\` (product ID and sectors)`,
      "add it as boards/stm32f4/board.json has it; AN2606 and the reference manual have the numbers",
    );
  }
  const link = await edges.open("even");
  try {
    const walk = (steps: readonly LineStep[] | undefined) => walkLines(link, steps, edges);
    const enter = () => walk(method.lines?.enter);
    const loader = new Stm32Bootloader(new ByteLine(link), edges.stm32 ?? STM32_PATIENCE, signal);
    await enter();
    await flashStm32({
      loader,
      chip: {
        ...method.chip,
        productId: Number(method.chip.productId),
        flashAddress: Number(method.chip.flashAddress),
      },
      image,
      name: path,
      ...(journal === undefined ? {} : { journal }),
      wipeJournal,
      enter,
      onStep: (step) => onStep(...stm32Words(step)),
    }).catch((error: unknown) => {
      throw withEntry(error, method.entry);
    });
    if (method.lines?.leave !== undefined) await walk(method.lines.leave);
    else await loader.go(Number(method.chip.flashAddress));
  } finally {
    await link.close();
  }
}

/** A chip that does not answer is most often not in its boot loader: the board says how it gets there. */
function withEntry(error: unknown, entry: string): unknown {
  if (!(error instanceof BenchError) || error.code !== "no-bootloader") return error;
  return new BenchError(error.code, error.message, `${entry}; then run it again`);
}

async function walkLines(
  link: SerialLink,
  steps: readonly LineStep[] | undefined,
  { sleep }: FirmwareEdges,
): Promise<void> {
  for (const step of steps ?? []) {
    if ("waitMs" in step) await sleep(step.waitMs);
    else {
      const { dtr, rts } = step;
      await link.setLines({
        ...(dtr === undefined ? {} : { dtr }),
        ...(rts === undefined ? {} : { rts }),
      });
    }
  }
}

function stm32Words(step: Stm32Step): [words: string, done?: number, of?: number] {
  switch (step.step) {
    case "connected":
      return [`boot loader ${step.version}, product ID 0x${step.productId.toString(16)}`];
    case "unprotecting":
      return ["taking the read-out protection away: the whole flash is erased"];
    case "erasing":
      return [`erasing ${step.sectors} sector${step.sectors === 1 ? "" : "s"}`];
    default:
      return [step.step, step.bytes, step.of];
  }
}

async function byVolume(
  { edges, volume, onStep, file }: FirmwareFlashOptions,
  method: Way<"uf2">,
  image: FirmwareImage,
): Promise<void> {
  const familyId = Number(method.familyId);
  if (image.familyId !== undefined && image.familyId !== familyId) {
    throw new UsageError(
      "wrong-family",
      `the file is for the chip family 0x${image.familyId.toString(16)}, this board is ${method.familyId}`,
      "build it for this board",
    );
  }
  const bytes = image.format === "uf2" ? file : writeUf2(image.pieces, familyId);
  const found = await volumeOf(method.boardId, volume, edges);
  onStep(`found ${found.boardId} at ${found.folder}`);
  await writeVolume(found, bytes, (done) => onStep("copying", done, bytes.length));
}

async function volumeOf(boardId: string, named: string | undefined, { volumes }: FirmwareEdges) {
  if (named === undefined) return findVolume(await (volumes ?? mountPoints)(), boardId);
  const volume = await readVolume(named);
  if (volume?.boardId === boardId) return volume;
  throw new BenchError(
    "no-volume",
    `${named} is no volume of ${boardId}: ${volume === undefined ? "it has no INFO_UF2.TXT" : `its board id is ${volume.boardId}`}`,
    "name the folder where the boot loader's volume is mounted",
  );
}

async function byTool(options: FirmwareFlashOptions, method: Way<"tool">): Promise<void> {
  const { board, path, onStep, signal } = options;
  onStep(`running ${method.tool}`);
  await runFlashTool({
    command: method.command,
    package: method.package,
    image: path,
    port: board.port,
    ...(board.serial === undefined ? {} : { serial: board.serial }),
    ...(signal === undefined ? {} : { signal }),
    onLine: (line) => onStep(`${method.tool}: ${line}`, 0, 0),
  });
}
