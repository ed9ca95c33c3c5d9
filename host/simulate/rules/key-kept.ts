/**
 * key-kept: the device runs on the key that it was given, the old one or the new one while it is being
 * replaced, never on anything else. Judged where the key's fingerprint is read: in exhaustive mode.
 */
import type { RuleText } from "../../check/rule.ts";

export const keyKept: RuleText = {
  id: "key-kept",
  holds: "the device runs on the key that it was given, whatever power cut comes",
  clause: "RFC 6528 §3",
  remedy: "replace the key in one atomic step: a record in a new sector makes it count",
};
