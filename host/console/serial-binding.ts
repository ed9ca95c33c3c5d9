/**
 * What the serial layer needs of node-serialport: the part of its `BindingInterface` that is used, so
 * that its mock (`@serialport/binding-mock`) or any other port can stand in.
 */

export interface SerialBindingOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly parity?: "none" | "even";
  readonly dataBits?: 8;
  readonly stopBits?: 1;
  /** Takes the port for this process alone. */
  readonly lock?: boolean;
}

export interface SerialBindingPort {
  readonly isOpen: boolean;
  read(buffer: Buffer, offset: number, length: number): Promise<{ bytesRead: number }>;
  write(buffer: Buffer): Promise<void>;
  update(options: { baudRate: number }): Promise<void>;
  set(options: { dtr?: boolean; rts?: boolean; brk?: boolean }): Promise<void>;
  drain(): Promise<void>;
  close(): Promise<void>;
}

export interface SerialBindingPortInfo {
  readonly path: string;
  readonly manufacturer?: string | undefined;
  readonly serialNumber?: string | undefined;
  readonly locationId?: string | undefined;
  readonly vendorId?: string | undefined;
  readonly productId?: string | undefined;
}

export interface SerialBinding {
  list(): Promise<readonly SerialBindingPortInfo[]>;
  open(options: SerialBindingOptions): Promise<SerialBindingPort>;
}

/** The binding of this machine. Loaded when a port is opened: other commands do not need it. */
export async function systemBinding(): Promise<SerialBinding> {
  const { SerialPort } = await import("serialport");
  return SerialPort.binding;
}
