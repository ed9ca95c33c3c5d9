/** What is right about the captures of test/fixtures/captures; INDEX.md there tells what they show. */
/** Exactly what is to be found in each capture, the cause first. */
export const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  a1_timewait_same_isn_same_port_challenge_ack_no_synack: ["timewait-reused-isn"],
  a3_timewait_good_isn_but_low_tsval_after_reboot: ["timewait-timestamp-behind", "boot-detected"],
  b1_timewait_isn_2e31_plus_above_challenge_ack: ["timewait-isn-too-far"],
  c1_timewait_good_reuse_synack: ["timewait-reuse-ok"],
  c3_timewait_same_isn_rescued_by_higher_tsval: ["timewait-reuse-ok"],
  d1_halfopen_established_rst_recovery: ["halfopen-challenge-ack", "rst-rescue"],
  e1_bitflip_seq_pure_ack_checksum_recomputed: ["sequence-bit-flip"],
  e3_bitflip_control_unflipped: [],
  f1_lb_synack_unrelated_ack_kernel_client_rst_then_ok: ["synack-wrong-ack"],
  "g1_pool1025-1034_random_isn_wrap_120s_ignore": [
    "port-pool-wrap",
    "timewait-isn-too-far",
    "timewait-isn-behind",
    "timewait-reuse-ok",
  ],
  h1_nc_session_normal: [],
  i1_isn_64k_rule: ["isn-predictable"],
  i5_isn_fixed_6510_plus_ticks_reboot: [
    "isn-repeats-after-boot",
    "ports-restart-after-boot",
    "timewait-reused-isn",
    "quiet-time-broken",
    "isn-predictable",
    "boot-detected",
  ],
  i6_isn_random_control: [],
};
