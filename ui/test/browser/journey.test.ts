import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem(["definitions.ts"]);
});
afterAll(() => system?.stop());

test("a newcomer materializes everything and sees the run live, its events, its output and each kind of metadata", async () => {
  const { page, faults } = await system.open();
  await page.goto("/lineage");
  await page.getByRole("button", { name: /shop\/orders/ }).waitFor();
  await page.getByRole("button", { name: /shop\/revenue/ }).click();
  await page.getByRole("button", { name: "Materialize selected (1)" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Materialize all" }).click();
  await page.getByRole("combobox", { name: "Partition key" }).waitFor();
  await page.getByRole("button", { name: "Launch run" }).click();
  await page.waitForURL(/\/runs\/[0-9a-f-]{36}/);
  await page.getByText("Success", { exact: true }).first().waitFor();
  await page.getByRole("button", { name: "shop__orders: Success" }).waitFor();
  await page.getByRole("button", { name: /RUN_SUCCESS/ }).waitFor();

  await page.getByPlaceholder("Filter by text, step or type").fill("read 3");
  const line = page.getByRole("button", { name: /read 3 orders/ });
  await line.waitFor();
  await line.click();
  await page.waitForURL(/event=\d+/);
  const link = page.url();
  await page.goto(link);
  await page.getByRole("complementary", { name: "Event" }).getByText("read 3 orders").waitFor();

  await page.getByRole("link", { name: "stdout / stderr" }).click();
  await page.getByText("a line on stdout").waitFor();

  await page.goto("/assets/shop/orders");
  await page.getByRole("heading", { name: "Read" }).waitFor();
  expect(await page.evaluate(() => "hacked" in window)).toBe(false);
  await page.getByRole("cell", { name: "12.5", exact: true }).waitFor();
  await page.getByRole("link", { name: "Checks" }).click();
  await page.getByText("Passed").first().waitFor();
  await page.goto("/assets/shop/revenue");
  const width = await page.getByAltText("chart").evaluate(async (img: HTMLImageElement) => {
    await img.decode();
    return img.naturalWidth;
  });
  expect(width).toBeGreaterThan(0);
  await page.goto("/assets/shop/revenue?tab=plots");
  await page.getByRole("img", { name: /total over time: 1 value, last 30/ }).waitFor();
  expect(faults).toEqual([]);
});

test("config is checked in place, and a wrong one never starts", async () => {
  const { page, faults } = await system.open();
  await page.goto("/jobs/definitions.ts/hello?tab=launchpad");
  const editor = page.getByRole("textbox", { name: "Run config, YAML" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("ops:\n  greet:\n    config:\n      name: x\n");
  await page.getByText("1 error").waitFor();
  await page.getByText("ops › greet › config › name").waitFor();
  await page.locator(".cm-lintRange-error").first().waitFor();
  await page.getByRole("button", { name: "Launch run" }).click();
  await page.getByText("Nothing was started.").waitFor();
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText("ops:\n  greet:\n    config:\n      name: Ada\n      ");
  await page.keyboard.press("Control+Space");
  await page.locator(".cm-tooltip-autocomplete").getByText("times").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Config is valid").waitFor();
  await page.getByRole("button", { name: "Launch run" }).click();
  await page.waitForURL(/\/runs\//);
  await page.getByText("hello Ada 0").waitFor();
  expect(faults).toEqual([]);
});

test("a failed run shows the error with its stack and is re-executed; a running one is terminated", async () => {
  const { page, faults } = await system.open();
  await page.goto("/jobs/definitions.ts/broken?tab=launchpad");
  await page.getByRole("button", { name: "Launch run" }).click();
  await page.waitForURL(/\/runs\//);
  const alert = page.getByRole("alert");
  await alert
    .getByText(/the tank is empty/)
    .first()
    .waitFor();
  await alert.getByText(/definitions\.ts:/).waitFor();
  const first = page.url();
  await page.getByRole("button", { name: "Re-execute from failure" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/runs/") && url.href !== first);
  await page.getByText("again after").waitFor();

  await page.goto("/jobs/definitions.ts/slow?tab=launchpad");
  await page.getByRole("button", { name: "Launch run" }).click();
  await page.waitForURL(/\/runs\//);
  await page.getByRole("button", { name: "wait: Running" }).waitFor();
  await page.getByRole("button", { name: "Terminate" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Terminate" }).click();
  await page.getByText("Canceled", { exact: true }).first().waitFor();
  expect(faults).toEqual([]);
});

test("a range of partitions becomes a backfill, filters live in the URL, chosen runs are deleted", async () => {
  const { page, faults } = await system.open();
  await page.goto("/assets/by_region");
  await page.getByRole("button", { name: "Materialize" }).click();
  await page.getByText("Range", { exact: true }).click();
  await page.getByRole("combobox", { name: "First partition" }).click();
  await page.getByRole("option", { name: "north" }).click();
  await page.getByRole("button", { name: "Launch backfill of 2 partitions" }).click();
  await page.waitForURL(/\/backfills\/[a-z]{8}$/);
  await page.getByText("Done", { exact: true }).first().waitFor();
  await page.getByRole("img", { name: "2 done" }).first().waitFor();
  await page.getByRole("link", { name: "All, with filters" }).click();
  await page.waitForURL(/\/runs\?tag=/);
  await page.goto("/runs");
  await page.getByRole("button", { name: "partition: north" }).first().click();
  await page.waitForURL(/tag=/);
  await page.reload();
  await page
    .getByRole("row")
    .filter({ hasText: "partition: north" })
    .filter({ hasText: "Success" })
    .first()
    .waitFor();
  expect(await page.getByText("partition: south").count()).toBe(0);
  await page.goto("/assets/by_region?tab=partitions");
  await page.getByRole("img", { name: "2 materialized, 0 failed, 0 missing" }).waitFor();

  await page.goto(`/runs?tag=${encodeURIComponent('["dagster/partition=north"]')}`);
  await page
    .getByRole("checkbox", { name: /Choose run/ })
    .first()
    .click();
  await page.getByRole("button", { name: "Delete 1" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete 1" }).click();
  await page.getByText("No run passes these filters").waitFor();
  expect(faults).toEqual([]);
});

/** Presses the two keys until they lead there: the second counts for a second or so, which a busy machine may not manage. */
async function goTo(page: Page, key: string, path: string): Promise<void> {
  while (new URL(page.url()).pathname !== path) {
    await page.keyboard.press("g");
    await page.keyboard.press(key);
    await page.evaluate(() => new Promise(requestAnimationFrame));
  }
}

test("the keyboard goes everywhere", async () => {
  const { page, faults } = await system.open();
  await page.goto("/");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.keyboard.press("/");
  await page.getByRole("combobox", { name: "Search" }).fill("reven");
  await page.getByRole("option", { name: /shop\/revenue/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/assets\/shop\/revenue/);
  await goTo(page, "r", "/runs");
  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await goTo(page, "d", "/deployment");
  expect(faults).toEqual([]);
});

test("a schedule is switched on, and a sensor tested without launching anything", async () => {
  const { page, faults } = await system.open();
  await page.goto("/automation");
  await page.getByText("Every day at 02:00, Europe/Rome").waitFor();
  const toggle = page.getByRole("switch", { name: /^every_night is/ });
  await toggle.click({ force: true });
  await page.getByRole("switch", { name: "every_night is on" }).waitFor();
  await page.reload();
  await page.getByRole("switch", { name: "every_night is on" }).waitFor();
  await page.getByRole("link", { name: "inbox" }).click();
  await page.getByRole("button", { name: "Test" }).click();
  await page.getByRole("button", { name: "Evaluate" }).click();
  await page.getByText("Skipped: no new file").waitFor();
  expect(faults).toEqual([]);
});

test.each(["light", "dark"] as const)(
  "no page is wider than a phone, none is empty, in %s",
  async (colorScheme) => {
    const { page, faults } = await system.open({ viewport: { width: 390, height: 844 }, colorScheme });
    for (const path of [
      "/",
      "/assets",
      "/lineage",
      "/jobs",
      "/jobs/definitions.ts/hello",
      "/runs",
      "/backfills",
      "/automation",
      "/automation/definitions.ts/schedules/every_night",
      "/deployment",
      "/deployment/definitions.ts",
      "/assets/shop/orders",
      "/nowhere",
    ]) {
      await page.goto(path);
      await page.locator("main").getByText(/\w{3}/).first().waitFor();
      expect([
        path,
        await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth),
      ]).toEqual([path, true]);
      expect([
        path,
        await page.evaluate(() => document.documentElement.getAttribute("data-mantine-color-scheme")),
      ]).toEqual([path, colorScheme]);
    }
    expect(faults).toEqual([]);
  },
);
