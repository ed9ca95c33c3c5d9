/** Where settings come from, what they mean, and what is refused. */
import { describe, expect, it } from "vitest";
import { parseBootTimes } from "../../../host/cli/boot-times.ts";
import { readCheckSettings } from "../../../host/cli/check-settings.ts";
import { type Config, parseConfig } from "../../../host/cli/config-schema.ts";
import { nearest } from "../../../host/cli/did-you-mean.ts";
import {
  environmentName,
  flagOf,
  mergeSettings,
  SETTING_NAMES,
  type SettingName,
} from "../../../host/cli/settings.ts";
import { UsageError } from "../../../host/core/errors.ts";

type Given = Partial<Record<SettingName, string>>;

function read(flags: Given, environment: Given = {}, config: Config = {}) {
  const settings = mergeSettings((name) => {
    const flag = flags[name];
    if (flag !== undefined) return { text: flag, origin: "flag" };
    const variable = environment[name];
    return variable === undefined ? undefined : { text: variable, origin: "environment" };
  }, config);
  return readCheckSettings(settings, ["isnkit", "random", "fixed-plus-ticks"]);
}

function refusal(run: () => unknown): UsageError {
  try {
    run();
  } catch (error) {
    if (error instanceof UsageError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("a setting", () => {
  it("comes from the flag before the environment, before the config file, before the default", () => {
    const job = (flags: Given, environment: Given, config: Config) =>
      read(flags, environment, config).job;
    expect(job({}, {}, {})).toMatchObject({ kind: "board", generator: "isnkit", reboots: 1000 });
    expect(job({}, {}, { reboots: "7" })).toMatchObject({ reboots: 7 });
    expect(job({}, { reboots: "8" }, { reboots: "7" })).toMatchObject({ reboots: 8 });
    expect(job({ reboots: "9" }, { reboots: "8" }, {})).toMatchObject({ reboots: 9 });
    expect(job({}, { reboots: "" }, { reboots: "7" })).toMatchObject({ reboots: 7 });
  });

  it("has a flag and an environment twin", () => {
    expect(SETTING_NAMES.map(flagOf)).toContain("--boots-at");
    expect(SETTING_NAMES.map(environmentName)).toContain("ISNKIT_BOOTS_AT");
  });

  it("is blamed under the name by which it came in", () => {
    expect(refusal(() => read({ reboots: "0" })).message).toContain("(--reboots)");
    expect(refusal(() => read({}, { reboots: "x" })).message).toContain("(ISNKIT_REBOOTS)");
    const configured = refusal(() => read({}, {}, { reboots: "-5" }));
    expect(configured.message).toContain("(reboots in isnkit.config.json)");
  });
});

describe("reading the settings of a check", () => {
  it("takes emulated boards, which run in real time and so reboot less often", () => {
    expect(read({ board: "qemu:lm3s6965evb" }).job).toMatchObject({
      kind: "emulated",
      reboots: 20,
    });
    expect(read({ board: "rp2040js:rpi-pico", reboots: "200", seed: "7" }).job).toMatchObject({
      kind: "emulated",
      board: "rp2040js:rpi-pico",
      reboots: 200,
      seed: 7,
    });
  });

  it("takes seeds of 32 bits, decimal or hex", () => {
    expect(read({ seed: "0x2a" }).job).toMatchObject({ seed: 42 });
    expect(read({ seed: "4294967295" }).job).toMatchObject({ seed: 0xffff_ffff });
    expect(read({ seed: "0" }).job).toMatchObject({ seed: 0 });
    expect(read({}).job).toMatchObject({ seed: undefined });
  });

  it.each([
    [{ seed: "0x100000000" }, "bad-seed"],
    [{ seed: "1.5" }, "bad-seed"],
    [{ reboots: "0" }, "bad-reboots"],
    [{ reboots: "10000001" }, "bad-reboots"],
    [{ reboots: "1e3" }, "bad-reboots"],
    [{ board: "sim:randon" }, "unknown-board"],
    [{ board: "sim:" }, "unknown-board"],
    [{ board: "" }, "unknown-board"],
    [{ board: "simx:random" }, "unknown-board"],
    [{ board: "qemu:lm3s6965evb", msl: "60s" }, "option-unused"],
    [{ rules: "isn-reuse,isn-rewse" }, "unknown-rule"],
    [{ rules: " , " }, "no-rules"],
    [{ msl: "120" }, "bad-duration"],
    [{ msl: "2h" }, "bad-msl"],
    // The module takes no more than 10 minutes; a capture is judged without it.
    [{ msl: "11m" }, "bad-msl"],
    [{ msl: "0s" }, "bad-msl"],
    [{ format: "xml" }, "unknown-format"],
    [{ output: "" }, "bad-output"],
    [{ device: "10.0.0.1" }, "option-unused"],
    [{ capture: "x", device: "10.0.0.1", seed: "1" }, "option-unused"],
    [{ capture: "x", board: "sim", device: "10.0.0.1" }, "two-sources"],
    [{ capture: "x" }, "no-device"],
    [{ capture: "", device: "10.0.0.1" }, "no-capture"],
    [{ capture: "x", device: "10.0.0" }, "bad-address"],
    [{ capture: "x", device: "::1", bootGap: "5" }, "bad-duration"],
    [{ capture: "x", device: "::1", bootGap: "0s" }, "bad-duration"],
    [{ capture: "x", device: "::1", bootsAt: "soon" }, "bad-duration"],
    [{ capture: "x", device: "::1", bootGap: "5s", bootsAt: "5s" }, "two-boot-options"],
  ] as const)("refuses %j as %s", (given, code) => {
    const error = refusal(() => read(given));
    expect(error.code).toBe(code);
    expect(error.next).not.toBe("");
  });

  it("lists the boards and guesses the one that was meant", () => {
    const error = refusal(() => read({ board: "sim:randm" }));
    expect(error.next).toBe(
      "did you mean sim:random? the boards are sim, sim:isnkit, sim:random, sim:fixed-plus-ticks, qemu:lm3s6965evb, rp2040js:rpi-pico, a serial port such as /dev/ttyACM0, usb:<vid>:<pid>",
    );
  });

  it("lets a capture named on the command line win over a board in the config file", () => {
    const config = { board: "sim:random", reboots: "5" };
    const { job } = read({ capture: "x.pcap", device: "10.77.0.2" }, {}, config);
    expect(job).toMatchObject({ kind: "capture", file: "x.pcap" });
    expect(read({ board: "sim" }, {}, { capture: "x.pcap" }).job.kind).toBe("board");
  });

  it("keeps the boot options of a capture for its replay", () => {
    const { job } = read({ capture: "x", device: "fd00::0002", bootGap: "1.5s" });
    expect(job).toMatchObject({
      device: { text: "fd00::2" },
      bootGapUs: 1_500_000,
      bootOptions: ["--boot-gap", "1.5s"],
    });
  });
});

describe("boot times", () => {
  it("are durations since the first packet or moments with a zone, in order", () => {
    expect(parseBootTimes("4m, 12s", "--boots-at")).toEqual([12_000_000, 240_000_000]);
    const moment = parseBootTimes("2024-05-01T12:00:00+02:00", "--boots-at");
    expect(moment).toEqual([Date.UTC(2024, 4, 1, 10) * 1000]);
  });

  it.each(["2024-05-01", "2024-05-01T12:00:00", "2024-13-41T12:00:00Z", "12"])(
    "refuse %s",
    (text) => {
      expect(refusal(() => parseBootTimes(text, "--boots-at")).message).toContain("--boots-at");
    },
  );
});

describe("isnkit.config.json", () => {
  const FILE = "isnkit.config.json";

  it("takes lists and numbers as well as text", () => {
    const config = parseConfig('{"rules":["refused","wear"],"reboots":5,"color":false}', FILE);
    expect(config).toEqual({ rules: "refused,wear", reboots: "5", color: false });
  });

  it.each([
    ['{"reboot":3}', "did you mean reboots?"],
    ["{", "is not JSON"],
    ["[]", "the whole has a wrong value"],
    ['{"msl":120}', '"msl" has a wrong value'],
    ['{"rules":["isn-reuse",7]}', '"rules'],
  ])("refuses %s and says where", (text, words) => {
    const { message, next, code } = refusal(() => parseConfig(text, FILE));
    expect(code).toBe("bad-config");
    expect(`${message} ${next}`).toContain(words);
    expect(message).toContain("isnkit.config.json");
  });
});

describe("did you mean", () => {
  it("finds what is a slip away, and nothing for what is not", () => {
    expect(nearest("chekc", ["check", "boards"])).toBe("check");
    expect(nearest("isn-resue", ["isn-reuse", "refused"])).toBe("isn-reuse");
    expect(nearest("zebra", ["check", "boards"])).toBeUndefined();
  });
});
