/** All diagnoses, in the order of DIAGNOSIS_IDS: causes before what follows from them. */
import { DIAGNOSIS_IDS, type Diagnosis } from "../diagnosis.ts";
import { bootDetected } from "./boot-detected.ts";
import { connectionRefused } from "./connection-refused.ts";
import { extraAckAfterHandshake } from "./extra-ack-after-handshake.ts";
import { finAckedInTwoSteps } from "./fin-acked-in-two-steps.ts";
import { halfopenChallengeAck } from "./halfopen-challenge-ack.ts";
import { isnPredictable } from "./isn-predictable.ts";
import { isnRepeatsAfterBoot } from "./isn-repeats-after-boot.ts";
import { isnRepeatsOnTuple } from "./isn-repeats-on-tuple.ts";
import { keepalive } from "./keepalive.ts";
import { pawsPerHost } from "./paws-per-host.ts";
import { portPoolWrap } from "./port-pool-wrap.ts";
import { portsRestartAfterBoot } from "./ports-restart-after-boot.ts";
import { quietTimeBroken } from "./quiet-time-broken.ts";
import { rstChallengeLoop } from "./rst-challenge-loop.ts";
import { rstIgnored } from "./rst-ignored.ts";
import { rstNotAcceptable } from "./rst-not-acceptable.ts";
import { rstRescue } from "./rst-rescue.ts";
import { secondSynack } from "./second-synack.ts";
import { sequenceBitFlip } from "./sequence-bit-flip.ts";
import { staleSegmentAccepted } from "./stale-segment-accepted.ts";
import { synDroppedOnTheWay } from "./syn-dropped-on-the-way.ts";
import { synIgnored } from "./syn-ignored.ts";
import { synackForEarlierSyn } from "./synack-for-earlier-syn.ts";
import { synackFromElsewhere } from "./synack-from-elsewhere.ts";
import { synackOffByOne } from "./synack-off-by-one.ts";
import { synackWrongAck } from "./synack-wrong-ack.ts";
import { timewaitIsnBehind } from "./timewait-isn-behind.ts";
import { timewaitIsnTooFar } from "./timewait-isn-too-far.ts";
import { timewaitNeverReopened } from "./timewait-never-reopened.ts";
import { timewaitReuseOk } from "./timewait-reuse-ok.ts";
import { timewaitReusedIsn } from "./timewait-reused-isn.ts";
import { timewaitTimestampBehind } from "./timewait-timestamp-behind.ts";

const ALL: readonly Diagnosis[] = [
  connectionRefused,
  pawsPerHost,
  rstChallengeLoop,
  rstIgnored,
  rstNotAcceptable,
  secondSynack,
  synDroppedOnTheWay,
  synackForEarlierSyn,
  synackFromElsewhere,
  synackOffByOne,
  timewaitNeverReopened,
  bootDetected,
  extraAckAfterHandshake,
  finAckedInTwoSteps,
  halfopenChallengeAck,
  isnPredictable,
  isnRepeatsAfterBoot,
  isnRepeatsOnTuple,
  keepalive,
  portPoolWrap,
  portsRestartAfterBoot,
  quietTimeBroken,
  rstRescue,
  sequenceBitFlip,
  staleSegmentAccepted,
  synIgnored,
  synackWrongAck,
  timewaitIsnBehind,
  timewaitIsnTooFar,
  timewaitReuseOk,
  timewaitReusedIsn,
  timewaitTimestampBehind,
];

export const DIAGNOSES: readonly Diagnosis[] = DIAGNOSIS_IDS.flatMap((id) =>
  ALL.filter((diagnosis) => diagnosis.id === id),
);
