/** The lineage graph of 10,000 assets in a real browser: when it can be used, and for how long it ever blocks the page. */
import { chromium, type Page } from "playwright-core";
import type { Line } from "../line.ts";
import { fixture, locationLoaded, startSystem } from "../system.ts";

const ASSETS = 10_000;
const WAIT_MS = 120_000;

/** Tasks of the page's main thread of 50 ms and more since it was asked last, the longest (ms); 0 = none. */
async function longestBlock(page: Page): Promise<number> {
  return page.evaluate(async () => {
    // An entry is handed over in a task after the one that it is about.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const tasks = (window as unknown as { longTasks: number[] }).longTasks.splice(0);
    return Math.max(0, ...tasks);
  });
}

export async function run(): Promise<Line[]> {
  const system = await startSystem(fixture("assets.ts"), { ASSETS: String(ASSETS) });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    await locationLoaded(system);
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
    await context.addInitScript(() => {
      const tasks: number[] = [];
      (window as unknown as { longTasks: number[] }).longTasks = tasks;
      new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) tasks.push(duration);
      }).observe({ type: "longtask", buffered: true });
    });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const start = performance.now();
    await page.goto(`${system.url}/lineage`);
    await page
      .getByRole("button", { name: /^Open group group_\d+,/ })
      .first()
      .waitFor();
    const usable = performance.now() - start;
    const opening = await longestBlock(page);

    const before = performance.now();
    await page.getByRole("button", { name: "Open all groups" }).click();
    await page.getByText("Laying out").waitFor({ state: "detached" });
    await page.locator(".lgroup.closed").first().waitFor({ state: "detached" });
    const all = performance.now() - before;
    const expanding = await longestBlock(page);

    const zoomIn = page.getByRole("button", { name: "Zoom in" });
    for (let i = 0; i < 24 && (await page.locator(".lnode").count()) === 0; i++) {
      await zoomIn.click();
      await page.waitForTimeout(200);
    }
    await page.mouse.move(720, 450);
    await page.mouse.down();
    for (let i = 0; i < 40; i++) await page.mouse.move(720 - i * 12, 450 - i * 6);
    await page.mouse.up();
    const moving = await longestBlock(page);

    const block = (what: string, ours: number): Line => ({
      name: `10,000 assets in the lineage graph, longest block while ${what}`,
      ours,
      goal: "≤ 200 ms",
      unit: "ms",
    });
    return [
      { name: "10,000 assets: from address to usable lineage graph", ours: usable / 1000, unit: "s" },
      { name: "10,000 assets: every group opened and laid out", ours: all / 1000, unit: "s" },
      block("it loads", opening),
      block("all groups open", expanding),
      block("zooming and dragging", moving),
    ];
  } finally {
    await browser.close();
    await system.close();
  }
}
