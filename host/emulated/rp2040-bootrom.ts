/**
 * A model of what the RP2040's boot ROM does for this bench (data sheet §2.8): it starts an image through its
 * second-stage boot loader, and has the flash functions that a driver looks up by their codes. They are
 * breakpoints that are served here. While XIP is off the flash reads as if it were not there, so that a
 * driver which runs from it, or takes an interrupt, fails as on the chip.
 */
import { BenchError } from "../core/errors.ts";

const FLASH_START = 0x1000_0000;
const RAM_START = 0x2000_0000;
const SECTOR_BYTES = 4096;
const PAGE_BYTES = 256;

/** §2.8.1.3.1: where the second stage runs, its length, and that of what its checksum covers. */
const BOOT2_ADDRESS = 0x2004_1f00;
const BOOT2_BYTES = 256;
const BOOT2_SUMMED = 252;
const BOOT2_STACK = 0x2004_2000;

/** §2.8.3: pointer to the table of functions. The rest is this model's own arrangement. */
const TABLE_POINTER = 0x14;
const TABLE = 0x40;
const CODE = 0x100;
const CODE_BYTES = 4;
const BKPT = 0xbe00;
const BX_LR = 0x4770;
const FIRST_BREAK = 0x50;
const FUNCTIONS = ["IF", "EX", "RE", "RP", "FC", "CX"] as const;
type FunctionCode = (typeof FUNCTIONS)[number];

/** §4.10.13: the SSI, and what boot2.S has to set for plain serial reads. */
const SSI = 0x1800_0000;
const SSI_ENABLE = 0x08;
const SSI_SERIAL_READS: readonly (readonly [offset: number, value: number])[] = [
  [0x00, (31 << 16) | (3 << 8)],
  [0x04, 0],
  [SSI_ENABLE, 1],
  [0xf4, 0x0300_0218],
];

/** The parts of rp2040js that the model works on. */
export interface BootromMachine {
  readonly bootrom: Uint32Array;
  flash: Uint8Array;
  flashView: DataView;
  readonly sram: Uint8Array;
  readonly core: {
    VTOR: number;
    SP: number;
    LR: number;
    PC: number;
    PM: boolean;
    waiting: boolean;
    readonly registers: Uint32Array;
    reset(): void;
  };
  readUint32(address: number): number;
  writeUint32(address: number, value: number): void;
}

/** CRC-32/MPEG-2, as §2.8.1.3.1 asks for: nothing is reflected or inverted. */
function boot2Checksum(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return crc >>> 0;
}

export class Rp2040Bootrom {
  readonly #machine: BootromMachine;
  /** The flash as it is, whether the map shows it or not. */
  readonly #flash: Uint8Array;
  readonly #flashView: DataView;
  readonly #absent: Uint8Array;
  #connected = false;
  #xip = true;

  constructor(machine: BootromMachine) {
    this.#machine = machine;
    this.#flash = machine.flash;
    this.#flashView = machine.flashView;
    this.#absent = new Uint8Array(machine.flash.length).fill(0xff);
    const rom = new DataView(machine.bootrom.buffer, machine.bootrom.byteOffset);
    rom.setUint16(TABLE_POINTER, TABLE, true);
    for (const [i, code] of FUNCTIONS.entries()) {
      rom.setUint16(TABLE + 4 * i, code.charCodeAt(0) | (code.charCodeAt(1) << 8), true);
      const entry = CODE + i * CODE_BYTES;
      rom.setUint16(TABLE + 4 * i + 2, entry | 1, true);
      rom.setUint16(entry, BKPT | (FIRST_BREAK + i), true);
      rom.setUint16(entry + 2, BX_LR, true);
    }
  }

  /** True while the map shows the flash. */
  get xip(): boolean {
    return this.#xip;
  }

  /** Starts the core, as after power-on or a reset. BenchError for an image without a boot loader. */
  start(): void {
    const boot2 = this.#flash.subarray(0, BOOT2_BYTES);
    const stated = new DataView(boot2.buffer, boot2.byteOffset).getUint32(BOOT2_SUMMED, true);
    if (boot2Checksum(boot2.subarray(0, BOOT2_SUMMED)) !== stated) {
      throw new BenchError(
        "no-second-stage",
        "the image has no second-stage boot loader with a valid checksum: the chip would wait for USB",
        "build it again with scripts/build-firmware, which puts the checksum in",
      );
    }
    const { core, sram } = this.#machine;
    sram.set(boot2, BOOT2_ADDRESS - RAM_START);
    this.#showFlash(false);
    this.#connected = false;
    this.#machine.writeUint32(SSI + SSI_ENABLE, 0);
    core.VTOR = 0;
    core.reset();
    core.PM = false;
    core.waiting = false;
    core.SP = BOOT2_STACK;
    core.LR = 0;
    core.PC = BOOT2_ADDRESS;
  }

  /**
   * To be called while XIP is off, before an instruction runs: the second stage turns XIP on by setting the
   * SSI up, and nobody else may run from the flash meanwhile.
   */
  beforeInstruction(): void {
    const { core } = this.#machine;
    if (!this.#connected && this.#readsSerially()) this.#showFlash(true);
    else if (core.PC >= FLASH_START && core.PC < RAM_START) {
      throw fault("runs from the flash while XIP is off");
    }
  }

  #readsSerially(): boolean {
    return SSI_SERIAL_READS.every(
      ([offset, value]) => this.#machine.readUint32(SSI + offset) >>> 0 === value,
    );
  }

  /** Serves a breakpoint; false when it is none of the ROM's. */
  serve(code: number): boolean {
    const called = FUNCTIONS[code - FIRST_BREAK];
    if (called === undefined) return false;
    const [r0 = 0, r1 = 0, r2 = 0] = this.#machine.core.registers;
    this.#call(called, r0, r1, r2);
    return true;
  }

  #call(called: FunctionCode, r0: number, r1: number, r2: number): void {
    switch (called) {
      case "IF":
        this.#connected = true;
        return;
      case "EX":
        if (!this.#connected) throw fault("leaves XIP before it has connected the flash");
        this.#showFlash(false);
        return;
      case "RE":
        this.#expectCommands();
        if (r0 % SECTOR_BYTES !== 0 || r1 % SECTOR_BYTES !== 0 || r0 + r1 > this.#flash.length) {
          throw fault(`erases ${r1} bytes at ${r0}`);
        }
        this.#flash.fill(0xff, r0, r0 + r1);
        return;
      case "RP":
        this.#expectCommands();
        this.#program(r0, r1 - RAM_START, r2);
        return;
      case "FC":
        return;
      case "CX":
        this.#connected = false;
        this.#showFlash(true);
        return;
    }
  }

  /** Flash cells go from 1 to 0 only. */
  #program(offset: number, from: number, bytes: number): void {
    const { sram } = this.#machine;
    const whole = offset % PAGE_BYTES === 0 && bytes % PAGE_BYTES === 0;
    if (!whole || offset + bytes > this.#flash.length) {
      throw fault(`programs ${bytes} bytes at ${offset}`);
    }
    if (from < 0 || from + bytes > sram.length) throw fault("programs from outside the RAM");
    for (let i = 0; i < bytes; i++) {
      this.#flash[offset + i] = (this.#flash[offset + i] ?? 0) & (sram[from + i] ?? 0);
    }
  }

  #expectCommands(): void {
    if (this.#xip) throw fault("gives the flash a command while XIP is on");
    if (!this.#machine.core.PM) throw fault("changes the flash with interrupts on");
  }

  #showFlash(shown: boolean): void {
    this.#xip = shown;
    this.#machine.flash = shown ? this.#flash : this.#absent;
    this.#machine.flashView = shown ? this.#flashView : new DataView(this.#absent.buffer);
  }
}

function fault(does: string): BenchError {
  return new BenchError(
    "firmware-fault",
    `the firmware ${does}: on the chip it would hang or lose its flash`,
    "correct boards/rpi-pico/flash.c or boot2.S; RP2040 data sheet §2.8.3.1.3",
  );
}
