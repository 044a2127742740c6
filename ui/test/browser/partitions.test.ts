import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem(["partitioned.ts"]);
});
afterAll(() => system?.stop());

test("a backfill that failed is run again for what is missing, one that runs is paused and canceled", async () => {
  const { page, faults } = await system.open();
  await page.goto("/jobs/partitioned.ts/regional?tab=partitions");
  await page.getByText("2 partitions.").waitFor();
  await page.getByRole("button", { name: "Launch backfill" }).click();
  await page.waitForURL(/\/backfills\/[a-z]{8}$/);
  await page.getByText("Done with failures").waitFor();
  await page.getByRole("img", { name: "1 done, 1 failed" }).waitFor();
  const first = page.url();
  await page.getByRole("button", { name: "Run what is missing" }).click();
  await page.waitForURL((url) => url.pathname.startsWith("/backfills/") && url.href !== first);
  await page.getByText("again after").waitFor();
  await page.getByText("Done with failures").waitFor();
  await page.goto("/backfills?show=failed");
  await page.getByRole("link", { name: "regional" }).nth(1).waitFor();

  await page.goto("/jobs/partitioned.ts/slow_regional?tab=partitions");
  await page.getByRole("button", { name: "Launch backfill" }).click();
  await page.waitForURL(/\/backfills\/[a-z]{8}$/);
  await page.getByRole("img", { name: "2 in progress" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  await page.getByText("Paused").waitFor();
  await page.getByRole("button", { name: "Cancel backfill" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel backfill" }).click();
  await page.getByRole("img", { name: "2 canceled" }).waitFor();
  expect(faults).toEqual([]);
});

test("dynamic partitions are added, wiped and deleted on the page", async () => {
  const { page, faults } = await system.open();
  await page.goto("/assets/by_customer?tab=partitions");
  const key = page.getByRole("textbox", { name: "New partition of customers" });
  await key.fill("ada");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByRole("button", { name: "ada", exact: true }).waitFor();
  await key.fill("ada");
  await page.getByRole("button", { name: "Add" }).click();
  await page.getByText(/ada.*(already|exists)/i).waitFor();
  const reported = await fetch(`${system.url}/report_asset_materialization/by_customer?partition=ada`, {
    method: "POST",
  });
  expect(reported.status).toBe(200);
  await page.goto("/assets/by_customer?tab=partitions&partition=ada");
  await page.getByRole("button", { name: "Wipe" }).click();
  await page.getByText("Wipe partition ada of by_customer?").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Wipe" }).click();
  await page.getByText("Nothing happened to this asset yet").waitFor();
  await page.getByRole("button", { name: "Delete ada" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete ada" }).click();
  await page.getByText("No partitions yet").waitFor();
  expect(faults).toEqual([]);
});
