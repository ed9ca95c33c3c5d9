/** The HTML report in a real browser: drawn, quiet, without a network. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeBrowser, launchChromium, openReport, pixelsOf } from "../support/browser.ts";
import { isnkit } from "../support/command.ts";

/** Series colours of the light theme, as page.css has them. */
const BLUE = [0x00, 0x72, 0xb2] as const;
const DENSITY = [0x0b, 0x5c, 0xad] as const;
const BREACH = [0xc0, 0x26, 0x00] as const;

describeBrowser("the HTML report of a check", () => {
  let browser: Browser;
  let failing: string;
  let passing: string;

  beforeAll(async () => {
    browser = await launchChromium();
    const run = ["check", "--seed", "1", "--format", "html"];
    failing = (await isnkit([...run, "--board", "sim:fixed-plus-ticks", "--reboots", "100"])).out;
    passing = (await isnkit([...run, "--reboots", "300"])).out;
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("opens from a file without a complaint, and asks the network for nothing", async () => {
    for (const html of [passing, failing]) {
      const { complaints, requests, close } = await openReport(browser, html);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([]);
      await close();
    }
  });

  it("says the verdict first", async () => {
    const good = await openReport(browser, passing);
    expect(await good.page.locator("h1").textContent()).toMatch(/^Over 300 reboots and \d+ conn/);
    expect(await good.page.locator(".verdict .word").textContent()).toBe("Pass");
    expect(await good.page.locator("#failures").textContent()).toContain("No failures.");
    await good.close();
    const bad = await openReport(browser, failing);
    expect(await bad.page.locator("h1").textContent()).toMatch(/rules are broken over 100 reboots/);
    expect(await bad.page.locator("#failures article").count()).toBeGreaterThan(2);
    await bad.close();
  });

  it("draws every plot in its own colours", async () => {
    const { page, close } = await openReport(browser, failing);
    const plots = [
      ["#timeline canvas", BLUE],
      ["#timeline canvas", BREACH],
      ["#phase-density canvas", DENSITY],
      ["#phase-cloud canvas", DENSITY],
      ["#port-ring canvas", DENSITY],
      ["#wear-plot canvas", BLUE],
    ] as const;
    for (const [selector, color] of plots) {
      const { matching, painted } = await pixelsOf(page, selector, color);
      expect(painted, selector).toBeGreaterThan(500);
      expect(matching, `${selector} ${color}`).toBeGreaterThan(8);
    }
    await close();
  });
});
