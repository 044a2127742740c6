import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem(["partitioned.ts"]);
});
afterAll(() => system?.stop());

test("a pool is given slots, paused, and given its default limit again", async () => {
  const { page, faults } = await system.open();
  await page.goto("/deployment");
  await page.getByRole("link", { name: "Concurrency" }).click();
  await page.getByText("No pools").waitFor();
  await page.getByRole("textbox", { name: "Pool" }).fill("database");
  await page.getByRole("textbox", { name: "Slots" }).fill("2");
  await page.getByRole("button", { name: "Set limit" }).click();
  const pool = page.getByRole("article", { name: "database" });
  await pool.getByText("0 of 2 in use").waitFor();
  await pool.getByRole("button", { name: "Pause" }).click();
  await pool.getByText("Paused").waitFor();
  await pool.getByRole("button", { name: "Use default limit" }).click();
  await page.getByText("No pools").waitFor();
  expect(faults).toEqual([]);
});
