/** A real headless Chromium that opens reports from files, with the network cut off. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { describe } from "vitest";

const CHROMIUM = "/usr/bin/chromium";
const requireAll = process.env.ISNKIT_REQUIRE_ALL === "1";

/** `describe`, or a skip that says in one line what is missing; a failure where nothing may be. */
export function describeBrowser(name: string, body: () => void): void {
  if (existsSync(CHROMIUM) || requireAll) {
    describe(name, body);
    return;
  }
  console.warn(`left out: ${name} (missing ${CHROMIUM}; apt-get install chromium)`);
  describe.skip(name, body);
}

export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

export interface OpenedReport {
  readonly page: Page;
  /** Messages of the console that are errors or warnings, and exceptions: none is wanted. */
  readonly complaints: string[];
  /** Addresses that the page asked for, itself aside. */
  readonly requests: string[];
  close(): Promise<void>;
}

/** Opens the HTML from a file of its own, without a network, and waits until its plots are drawn. */
export async function openReport(
  browser: Browser,
  html: string,
  options: BrowserContextOptions = {},
): Promise<OpenedReport> {
  const folder = await mkdtemp(join(tmpdir(), "isnkit-report-"));
  const file = join(folder, "report.html");
  await writeFile(file, html);
  const address = pathToFileURL(file).href;
  const context = await browser.newContext({
    viewport: { width: 1280, height: 900 },
    ...options,
    offline: true,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (request.url() !== address) requests.push(request.url());
  });
  await page.goto(address);
  await page.locator("footer").waitFor();
  // Plots are drawn in the frame after the page is built.
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  return {
    page,
    complaints,
    requests,
    close: async () => {
      await context.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** How many pixels of a canvas have (nearly) this colour, and how many are not empty. */
export function pixelsOf(page: Page, selector: string, color: readonly [number, number, number]) {
  return page.evaluate(
    ([where, [red, green, blue]]) => {
      const canvas = document.querySelector(where);
      if (!(canvas instanceof HTMLCanvasElement)) throw new Error(`${where} is no canvas`);
      const context = canvas.getContext("2d");
      if (context === null) throw new Error("no context");
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let [matching, painted] = [0, 0];
      for (let i = 0; i < data.length; i += 4) {
        if (data[i + 3] === 0) continue;
        painted++;
        const off =
          Math.abs((data[i] ?? 0) - red) +
          Math.abs((data[i + 1] ?? 0) - green) +
          Math.abs((data[i + 2] ?? 0) - blue);
        if (off < 40 && (data[i + 3] ?? 0) > 200) matching++;
      }
      return { matching, painted, all: data.length / 4 };
    },
    [selector, color] as const,
  );
}
