/** The library: data in, data out. Nothing here prints, parses arguments or exits. */

export {
  type AnalyzeOptions,
  analyzeCapture,
  type CaptureAnalysis,
} from "./analyze/analyze-capture.ts";
export { DIAGNOSES } from "./analyze/diagnoses/index.ts";
export { DIAGNOSIS_IDS, type Diagnosis } from "./analyze/diagnosis.ts";
export { analyzeJson } from "./analyze/views/analyze-json.ts";
export { analyzeText } from "./analyze/views/analyze-text.ts";
export { type Bench, type BenchBoard, parseBench, readBench } from "./boards/bench-file.ts";
export {
  type BoardDescription,
  boardModels,
  readBoardDescription,
} from "./boards/board-description.ts";
export {
  type BoardSelector,
  type DeskSelector,
  isDeskSelector,
  parseBoardSelector,
} from "./boards/board-selector.ts";
export type { RungName } from "./boards/rung.ts";
export type { CaptureSource } from "./capture/capture-reader.ts";
export {
  Check,
  type CheckCounts,
  type CheckEnding,
  type CheckOptions,
  type CheckResult,
  checkSamples,
  FINDINGS_PER_RULE_MAX,
  type RuleResult,
  type Verdict,
} from "./check/engine.ts";
export {
  type CheckContext,
  type Finding,
  type Incarnation,
  type Observation,
  type PortPool,
  RULE_IDS,
  type Rule,
  type RuleId,
  type RuleJudge,
  type RuleOutcome,
} from "./check/rule.ts";
export { CAPTURE_RULES, RULES, ruleById } from "./check/rules/index.ts";
export {
  addCounts,
  judgeStatistics,
  StatisticsCollector,
  type StatisticsCounts,
} from "./check/statistics/counts.ts";
export type { Statistic, StatisticId } from "./check/statistics/statistic.ts";
export { CHECK_SCHEMA, checkJson } from "./check/views/check-json.ts";
export { type CheckRun, replayOf, replayOfFinding } from "./check/views/check-run.ts";
export { checkText, verdictLine } from "./check/views/check-text.ts";
export { type AttachedPort, listAttachedPorts } from "./console/attached-ports.ts";
export { ByteLine, type ByteStream } from "./console/byte-line.ts";
export type { DeviceState } from "./console/conformance-device.ts";
export type { ConsoleEvent, ConsoleRecord } from "./console/console-record.ts";
export { openSerialLink, type SerialLink, type SerialLinkOptions } from "./console/serial-link.ts";
export { type Address, parseAddress } from "./core/address.ts";
export { BenchError, EvidenceError, EXIT, IsnkitError, UsageError } from "./core/errors.ts";
export type { Paint } from "./core/paint.ts";
export type * from "./core/sample.ts";
export { serialAdd, serialAfter, serialDistance, serialForward } from "./core/serial.ts";
export { destinationKey, type Tuple, tupleKey } from "./core/tuple.ts";
export { type DeskEntry, listDesk, wholeDesk } from "./desk/attached-boards.ts";
export { type Desk, type DeskBoard, findDeskBoard, openDesk } from "./desk/desk-board.ts";
export type { DeviceModule } from "./flash/device-module.ts";
export { FlashDevice, type FlashDeviceOptions } from "./flash/flash-device.ts";
export {
  type FlashStep,
  flashModule,
  type ModuleFlash,
  type ModuleFlashOptions,
} from "./flash/flash-module.ts";
export { expectModule, type ModuleImage } from "./flash/module-image.ts";
export { TransferInterrupted } from "./flash/ymodem-sender.ts";
export type { Board } from "./module/board.ts";
export { IsnModule } from "./module/isn-module.ts";
export { compileIsnModule } from "./module/load.ts";
export { ConsoleMonitor, type ConsoleMonitorOptions } from "./monitor/console-monitor.ts";
export { type ConsoleSource, deskSource, emulatedSource } from "./monitor/console-source.ts";
export { type MonitorEvent, passes } from "./monitor/monitor-event.ts";
export {
  type BoardCheckOptions,
  type BoardProvisionOptions,
  type BoardRebootOptions,
  OpenBoard,
  type OpenBoardOptions,
  openBoard,
} from "./open-board.ts";
export { PEERS } from "./peers/index.ts";
export {
  type PeerModel,
  type PeerReply,
  type PeerSettings,
  type PeerState,
  type ResetSituation,
  replyToSyn,
  type SynSituation,
  stateAfterReset,
} from "./peers/peer-model.ts";
export type { Provisioned } from "./provision/provision-board.ts";
export type { ProvenReboot, UnrequestedReboot } from "./reboot/reboot-board.ts";
export type { CaptureSamplesOptions, CaptureSummary } from "./sources/capture/capture-summary.ts";
export { type CaptureSamples, captureSamples } from "./sources/capture/samples.ts";
export {
  type EmulatedSource,
  type EmulatedSourceOptions,
  openEmulatedSource,
} from "./sources/emulated-source.ts";
export { type CampaignOptions, virtualBoardSamples } from "./virtual/campaign.ts";
export { ZOO, type ZooMember } from "./virtual/zoo/index.ts";
