import { expect, test } from "vitest";
import { addTotals, noTotals, type Totals } from "../../../host/simulate/totals.ts";

/** What the cases of these indices leave, each with first numbers of its own. */
function totalsOf(...cases: number[]): Totals {
  const totals = noTotals();
  totals.counts.cases = cases.length;
  totals.firstNumbers = cases.map((index) => [index, 10 * index, 10 * index + 1] as const);
  return totals;
}

test.each([[[0, 1, 2]], [[2, 1, 0]], [[1, 2, 0]], [[0, 2, 1]]])(
  "totals are in order of the cases, added up as %o",
  (order) => {
    const chunks = [totalsOf(0, 1), totalsOf(), totalsOf(2, 3)];
    const sum = noTotals();
    for (const chunk of order) addTotals(sum, chunks[chunk] ?? noTotals());
    expect(sum.firstNumbers).toEqual(totalsOf(0, 1, 2, 3).firstNumbers);
    expect(sum.counts.cases).toBe(4);
  },
);
