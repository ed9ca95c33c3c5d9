/** The servers whose answers are modelled. */
import { AIX } from "./aix.ts";
import { FREEBSD } from "./freebsd.ts";
import { LINUX } from "./linux.ts";
import { LWIP } from "./lwip.ts";
import { OPENBSD } from "./openbsd.ts";
import type { PeerModel } from "./peer-model.ts";

export const PEERS: readonly PeerModel[] = [LINUX, FREEBSD, OPENBSD, AIX, LWIP];
