import { describe, expect, it } from "vitest";
import { LN_ALPHA } from "../../../host/check/chance.ts";
import { ISN_PREDICTORS } from "../../../host/check/isn-predictors.ts";
import { IsnSequence } from "../../../host/check/isn-sequence.ts";
import { linearFeedback, NAMED_GENERATORS } from "../../../host/check/known-generators.ts";
import { GENERATORS, type Generator } from "../../support/generators.ts";
import { openAt, tupleTo } from "../../support/sample-streams.ts";

/** `count` connections at uneven times, and the ISN that came next. */
function connections({ start }: Generator, count: number, seed = 20_251) {
  const next = start(seed);
  const sequence = new IsnSequence();
  let timeMs = 0;
  const step = (i: number) => {
    timeMs += 400 + ((i * 7919) % 1300);
    return next(timeMs);
  };
  for (let i = 0; i < count; i++) {
    const isn = step(i);
    const tuple = tupleTo(20_000 + ((i * 7919) % 9973));
    sequence.add(openAt(0, timeMs * 1000, tuple, isn));
  }
  return { block: sequence.block, coming: step(count) };
}

function verdictOf(generator: Generator, count: number, seed?: number) {
  const { block } = connections(generator, count, seed);
  return ISN_PREDICTORS.map((predict) => predict(block)).find(
    ({ lnChance }) => lnChance < LN_ALPHA,
  );
}

const generator = (name: string): Generator => {
  const found = GENERATORS.find((one) => one.name === name);
  if (!found) throw new Error(name);
  return found;
};

describe("generators that are known by name", () => {
  it.each([
    ["minstd, factor 16807", 3, "minstd with the factor 16807"],
    ["minstd, factor 48271", 3, "minstd with the factor 48271"],
    ["MSVC rand(), two halves", 4, "15-bit rand() of MSVC"],
    ["LFSR of 16 bits, two outputs", 35, "a shift register of 16 bits"],
    ["xorshift32", 67, "a shift register of 32 bits"],
  ])("%s shows in %i ISNs, with the next one", (name, count, words) => {
    const { block, coming } = connections(generator(name), count);
    const found = verdictOf(generator(name), count);
    expect(found?.how).toContain(words);
    expect(found?.how).toContain(`the next one is ${coming}`);
    expect(block.isns).toHaveLength(count);
    const less = connections(generator(name), count - (count > 4 ? 3 : 1)).block;
    const named = [...NAMED_GENERATORS, linearFeedback].map((one) => one(less).lnChance);
    expect(Math.min(...named)).toBeGreaterThan(LN_ALPHA);
  });

  it("picoTCP shows in a handful, by the time between them", () => {
    expect(verdictOf(generator("picoTCP"), 6)?.how).toContain("CVE-2020-27635");
  });

  it.each(["keyed hash and clock (RFC 6528)", "random numbers"])(
    "%s is never named: none of 3,000 devices",
    (name) => {
      let named = 0;
      for (let seed = 1; seed <= 3000; seed++) {
        const { block } = connections(generator(name), 3 + (seed % 14), seed * 7919);
        for (const one of [...NAMED_GENERATORS, linearFeedback]) {
          if (one(block).lnChance < LN_ALPHA) named += 1;
        }
      }
      expect(named).toBe(0);
    },
  );

  it("docs/generators.md is what they give", async () => {
    const counts = [4, 8, 16, 64, 128];
    const rows = GENERATORS.map((one) => {
      const cells = counts.map((count) => {
        const found = verdictOf(one, count);
        if (!found) return "–";
        const isNamed = /minstd|MSVC|picoTCP|shift register/.test(found.how);
        return isNamed ? "named" : "predictable";
      });
      return `| ${one.name} | ${cells.join(" | ")} |`;
    });
    const page = [
      "# Generators against verdicts",
      "",
      "What `isn-predictable` says of each generator after so many ISNs: *named* gives the generator and the next",
      "ISN, *predictable* what gives it away, – is nothing. The last two are good. Each test is wrong of a good",
      "device with a chance below 10^-15; of 6,000 good devices in the tests none was named. The page is made by",
      "`npx vitest run test/unit/check/known-generators.test.ts -u`, and each run of the tests compares it.",
      "",
      `| generator | ${counts.join(" | ")} |`,
      `| --- | ${counts.map(() => "---").join(" | ")} |`,
      ...rows,
      "",
    ];
    await expect(page.join("\n")).toMatchFileSnapshot("../../../docs/generators.md");
  });
});
