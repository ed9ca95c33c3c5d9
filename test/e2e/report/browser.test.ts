/** The HTML report in a real browser: drawn, quiet, harmless, and usable without a mouse. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { checkReport } from "../../../host/check/views/check-report.ts";
import { parseRun } from "../../../host/cli/run-file.ts";
import { reportHtml } from "../../../host/report/report-html.ts";
import type { Report } from "../../../host/report/report-model.ts";
import { describeBrowser, launchChromium, openReport, pixelsOf } from "../../support/browser.ts";
import { FIXTURES } from "../../support/captures.ts";
import { isnkit } from "../../support/command.ts";
import { hostile, PAYLOADS } from "../../support/hostile-report.ts";

/** Colours of the light theme, as page.css has them. */
const BLUE = [0x00, 0x72, 0xb2] as const;
const DENSITY = [0x0b, 0x5c, 0xad] as const;
const BREACH = [0xc0, 0x26, 0x00] as const;
const VERMILION = [0xd5, 0x5e, 0x00] as const;

async function html(...words: string[]): Promise<string> {
  const { out, err } = await isnkit([...words, "--format", "html"]);
  expect(err).toBe("");
  return out;
}

describeBrowser("the HTML report", () => {
  let browser: Browser;
  let failing: string;
  let passing: string;
  let simulated: string;
  let captured: string;
  let failingRun: Report;

  beforeAll(async () => {
    browser = await launchChromium();
    const bad = ["check", "--board", "sim:fixed-plus-ticks", "--reboots", "100", "--seed", "1"];
    failing = await html(...bad);
    passing = await html("check", "--reboots", "1000", "--seed", "1");
    simulated = await html("simulate", "--reboots", "2000", "--seed", "1");
    captured = await html(
      "analyze",
      `${FIXTURES}g1_pool1025-1034_random_isn_wrap_120s_ignore.pcap`,
    );
    const saved = await parseRun((await isnkit([...bad, "--format", "json"])).out, "run");
    if (saved.kind !== "check") throw new Error("not a check");
    failingRun = checkReport(saved.run);
  });

  afterAll(async () => {
    await browser?.close();
  });

  it("opens from a file without a complaint, and asks the network for nothing", async () => {
    for (const report of [passing, failing, simulated, captured]) {
      const { complaints, requests, close } = await openReport(browser, report);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([]);
      await close();
    }
  });

  it("says the verdict first", async () => {
    const good = await openReport(browser, passing);
    expect(await good.page.locator("h1").textContent()).toMatch(/^Over 1,000 reboots and [\d,]+ c/);
    expect(await good.page.locator(".verdict .word").textContent()).toBe("Pass");
    expect(await good.page.locator("#failures").textContent()).toContain("No failures.");
    await good.close();
    const bad = await openReport(browser, failing);
    expect(await bad.page.locator("h1").textContent()).toMatch(/rules are broken over 100 reboots/);
    expect(await bad.page.locator("#failures article").count()).toBeGreaterThan(2);
    await bad.close();
  });

  it("names the cause of a capture's trouble first, with the filter that shows its packets", async () => {
    const { page, close } = await openReport(browser, captured);
    expect(await page.locator("h1").textContent()).toContain("uses only 10 ports (1025-1034)");
    const ids = await page.locator("main > section").evaluateAll((all) => all.map(({ id }) => id));
    expect(ids.slice(0, 4)).toEqual(["verdict", "failures", "rules", "activity"]);
    expect(await page.locator("#failures .command code").first().textContent()).toMatch(
      /^tshark -r \S+ -Y 'ip\.addr == 10\.77\.0\.2/,
    );
    await close();
  });

  it("draws every plot in its own colours", async () => {
    const cases = [
      [failing, "#timeline canvas", BLUE],
      [failing, "#timeline canvas", BREACH],
      [failing, "#phase-density canvas", DENSITY],
      [failing, "#port-ring canvas", DENSITY],
      [failing, "#port-ring canvas", VERMILION],
      [failing, "#wear-plot canvas", BLUE],
      [passing, "#phase-cloud canvas", DENSITY],
      [simulated, "#timeline canvas", BLUE],
      [simulated, "#timeline canvas", [0xd7, 0xeb, 0xf7]],
      [simulated, "#phase-density canvas", DENSITY],
      [captured, "#activity-plot canvas", BLUE],
      [captured, "#activity-plot canvas", VERMILION],
    ] as const;
    for (const [report, selector, color] of cases) {
      const { page, close } = await openReport(browser, report);
      const { matching, painted } = await pixelsOf(page, selector, color);
      expect(painted, selector).toBeGreaterThan(500);
      expect(matching, `${selector} ${color}`).toBeGreaterThan(8);
      await close();
    }
  });

  it("says of diagnoses that they were found or not, and that no rule holds", async () => {
    const { page, close } = await openReport(browser, captured);
    const words = await page.locator("#rules tbody .status").allTextContents();
    expect(words.filter((word) => !/not found|found|seen|not judged/.test(word))).toEqual([]);
    expect(words.filter((word) => /^.?found/.test(word)).length).toBeGreaterThan(0);
    expect(await page.locator("#rules").textContent()).not.toContain("Holds when");
    await close();
  });

  it("runs nothing that a device, a capture or a file name brings", async () => {
    const report = hostile({
      ...failingRun,
      tables: [{ title: "t", columns: ["a"], rows: [["b"]], more: 1 }],
      notes: ["n"],
    });
    const { page, complaints, requests, close } = await openReport(
      browser,
      reportHtml(report, PAYLOADS[0]),
    );
    expect(complaints).toEqual([]);
    expect(requests).toEqual([]);
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    expect(await page.locator("img, svg, iframe, style:not(head style)").count()).toBe(0);
    expect(await page.locator("main").textContent()).toContain(PAYLOADS[1]);
    // Whatever is drawn and read out holds the payloads, too.
    for (const tab of await page.getByRole("tab").all()) await tab.click();
    await page.locator("#timeline .plot").first().press("ArrowRight");
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    await close();
  });

  it("would not run a script even if one got into the page", async () => {
    const { page, close } = await openReport(browser, failing);
    await page.evaluate(() => {
      const script = document.createElement("script");
      script.textContent = "window.hacked = 1";
      document.body.append(script);
      document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.hacked = 1'>");
    });
    expect(await page.evaluate(() => "hacked" in window)).toBe(false);
    await close();
  });

  it("filters rules and findings from the keyboard", async () => {
    const { page, close } = await openReport(browser, failing);
    await page.keyboard.press("/");
    expect(await focused(page)).toBe("filter");
    await page.keyboard.type("port-reuse");
    expect(await page.locator("#rules tbody tr:visible").count()).toBe(1);
    expect(await page.locator("#failures article:visible").count()).toBe(0);
    expect(await page.locator("#filter-count").textContent()).toMatch(/^\d+ of \d+ shown$/);
    await page.keyboard.press("Escape");
    expect(await page.locator("#rules tbody tr:visible").count()).toBe(13);
    await page.keyboard.type("isn-backward");
    expect(await page.locator("#failures article:visible").count()).toBeGreaterThan(0);
    await close();
  });

  it("moves through tables and tabs with the arrow keys, and jumps to the verdict", async () => {
    const { page, close } = await openReport(browser, failing);
    await page.keyboard.press("Tab");
    expect(await page.locator(":focus").textContent()).toBe("Skip to the verdict");
    const rows = page.locator("#rules tbody tr");
    await rows.first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowDown");
    expect(await page.locator(":focus").textContent()).toContain("isn-window");
    await page.keyboard.press("End");
    expect(await page.locator(":focus").textContent()).toContain("wear");
    const tab = page.getByRole("tab", { name: "by connection" });
    await tab.focus();
    await page.keyboard.press("ArrowRight");
    expect(await page.locator(":focus").textContent()).toBe("raw ISNs");
    expect(await page.locator(":focus").getAttribute("aria-selected")).toBe("true");
    const plot = page.locator("#timeline .plot");
    await page.locator("#timeline canvas").waitFor();
    await plot.press("ArrowRight");
    expect(await page.locator("#timeline .readout").textContent()).toMatch(/boot \d+: .*ISN \d+/);
    await close();
  });

  it("shows how the memory's sectors wear", async () => {
    const { page, close } = await openReport(browser, passing);
    const sectors = page.locator("#wear .sector");
    expect(await sectors.count()).toBe(4);
    expect(await sectors.first().textContent()).toMatch(/^sector 0\d+ erases$/);
    await close();
  });

  it("shows settings a line each, without JSON, and long lists folded", async () => {
    const { page, close } = await openReport(browser, simulated);
    const table = page.locator("#settings table");
    expect(await table.textContent()).not.toMatch(/[{}[\]"]/);
    const row = table.locator("tr", { hasText: "faults.bit-rot" });
    expect(await row.locator("td").first().textContent()).toContain("fault: bit rot");
    expect(await row.locator("td").last().textContent()).toBe("2 % of boots");
    const storage = table.locator("tr", { hasText: "storage" }).first();
    expect(await storage.locator("details[open]").count()).toBe(0);
    await storage.locator("summary").click();
    expect(await storage.locator("li:visible").first().textContent()).toMatch(/^kind nor, /);
    for (const one of await table.locator("tr").all()) {
      // A narrow column of text grows tall: that is what the table is for.
      if (!(await one.locator("details[open]").count()))
        expect((await one.boundingBox())?.height).toBeLessThan(100);
    }
    await close();
  });

  it("turns the cloud of steps with the arrow keys", async () => {
    const { page, close } = await openReport(browser, passing);
    const canvas = page.locator("#phase-cloud canvas");
    const picture = () => canvas.evaluate((one) => (one as HTMLCanvasElement).toDataURL());
    const before = await picture();
    await canvas.press("ArrowLeft");
    expect(await picture()).not.toBe(before);
    await close();
  });

  it("opens on paper what is folded on the screen, in light colours", async () => {
    const { page, close } = await openReport(browser, failing, { colorScheme: "dark" });
    expect(await page.locator("details:not([open])").count()).toBeGreaterThan(0);
    await page.emulateMedia({ media: "print" });
    await page.waitForFunction(() => document.querySelector("details:not([open])") === null);
    expect(await page.locator("nav").isVisible()).toBe(false);
    expect(await backgroundOf(page)).toBe("rgb(255, 255, 255)");
    const { matching } = await pixelsOf(page, "#wear-plot canvas", BLUE);
    expect(matching).toBeGreaterThan(8);
    await page.emulateMedia({ media: "screen" });
    await page.waitForFunction(() => document.querySelector("details:not([open])") !== null);
    await close();
  });

  it("has text that can be read in light and in dark", async () => {
    for (const report of [passing, failing, captured]) {
      for (const colorScheme of ["light", "dark"] as const) {
        const { page, close } = await openReport(browser, report, { colorScheme });
        expect(await faintTexts(page), colorScheme).toEqual([]);
        await close();
      }
    }
  });

  it("changes its colours at the press of a button, plots included", async () => {
    const { page, close } = await openReport(browser, passing, { colorScheme: "light" });
    const light = await backgroundOf(page);
    await page.getByRole("button", { name: "Dark colours" }).click();
    expect(await backgroundOf(page)).not.toBe(light);
    const { matching } = await pixelsOf(page, "#wear-plot canvas", [0x58, 0xb4, 0xec]);
    expect(matching).toBeGreaterThan(8);
    expect(await page.getByRole("button", { name: "Light colours" }).count()).toBe(1);
    await close();
  });

  it("fits a phone without scrolling sideways", async () => {
    for (const report of [passing, failing, simulated, captured]) {
      const viewport = { width: 390, height: 844 };
      const { page, close } = await openReport(browser, report, { viewport });
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      expect(width).toBe(390);
      await close();
    }
  });

  it("names everything that can be focused, and every plot", async () => {
    for (const report of [failing, simulated, captured]) {
      const { page, close } = await openReport(browser, report);
      expect(await unnamed(page)).toEqual([]);
      await close();
    }
  });

  it("copies the line that shows a finding again", async () => {
    const { page, close } = await openReport(browser, failing, {
      permissions: ["clipboard-read", "clipboard-write"],
    });
    await page.locator("#failures .copy").first().click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(
      /^isnkit check --board sim:fixed-plus-ticks --reboots \d+ --seed 1 --rules isn-reuse$/,
    );
    await close();
  });
});

function focused(page: Page): Promise<string | undefined> {
  return page.evaluate(() => document.activeElement?.id);
}

function backgroundOf(page: Page): Promise<string> {
  return page.evaluate(() => getComputedStyle(document.body).backgroundColor);
}

/** Texts whose contrast to their ground is below 4.5 to 1 (WCAG 2.2, 1.4.3). */
function faintTexts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const numbers = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
    const light = (color: readonly number[]) => {
      const [r = 0, g = 0, b = 0] = color.slice(0, 3).map((part) => {
        const share = part / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const groundOf = (element: Element | null): number[] => {
      for (let one = element; one !== null; one = one.parentElement) {
        const color = numbers(getComputedStyle(one).backgroundColor);
        if (color.length === 3 || (color[3] ?? 0) > 0.99) return color;
      }
      return [255, 255, 255];
    };
    const found: string[] = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      const text = (node.textContent ?? "").trim();
      if (element === null || text === "" || element.closest("script, noscript, .unseen")) continue;
      const a = light(numbers(getComputedStyle(element).color));
      const b = light(groundOf(element));
      const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      if (contrast < 4.5) found.push(`${contrast.toFixed(2)} ${text.slice(0, 40)}`);
    }
    return [...new Set(found)];
  });
}

/** What a screen reader would meet without a name. */
function unnamed(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const all = [
      ...document.querySelectorAll(
        "button, a, input, canvas[role], [role=img], [role=region], nav",
      ),
    ];
    return all
      .filter((element) => {
        const label = element.getAttribute("aria-label") ?? element.textContent ?? "";
        const own = element.id === "" ? null : document.querySelector(`label[for="${element.id}"]`);
        return label.trim() === "" && own === null;
      })
      .map((element) => element.outerHTML.slice(0, 120));
  });
}
