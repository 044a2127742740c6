import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem(["many.ts"]);
});
afterAll(() => system?.stop());

test("ten thousand assets start as groups, open into their nodes, and mount only what is on the screen", async () => {
  const { page, faults } = await system.open();
  page.setDefaultTimeout(90_000);
  await page.goto("/lineage");
  await page.getByText("10,001 of 10,001 assets").waitFor();
  await page.getByRole("button", { name: /Open group group_7,/ }).waitFor();
  expect(await page.locator(".lnode").count()).toBe(0);
  await page.getByRole("button", { name: "Open all groups" }).click();
  await page.getByText("Laying out").waitFor({ state: "detached" });
  await page.locator(".lgroup.closed").first().waitFor({ state: "detached" });
  // From afar all are painted; close by only some are mounted.
  expect(await page.locator(".lnode").count()).toBe(0);
  const zoomIn = page.getByRole("button", { name: "Zoom in" });
  for (let i = 0; i < 24 && (await page.locator(".lnode").count()) === 0; i++) {
    await zoomIn.click();
    await page.waitForTimeout(200);
  }
  const mounted = await page.locator(".lnode").count();
  expect(mounted).toBeGreaterThan(0);
  expect(mounted).toBeLessThan(400);
  const frame = await page.locator(".lineage").boundingBox();
  const boxes = await page
    .locator(".lnode")
    .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().toJSON() as DOMRect));
  const seen = boxes.find(
    (b) =>
      frame &&
      b.x > frame.x + 80 &&
      b.right < frame.x + frame.width - 400 &&
      b.y > frame.y + 40 &&
      b.bottom < frame.y + frame.height - 80,
  );
  if (!seen) throw new Error("No node is on the screen.");
  await page.mouse.click(seen.x + seen.width / 2, seen.y + seen.height / 2);
  await page.getByRole("complementary", { name: "Selection" }).waitFor();
  expect(faults).toEqual([]);
});

test("the selection syntax narrows ten thousand to a few, as a link", async () => {
  const { page, faults } = await system.open();
  page.setDefaultTimeout(90_000);
  await page.goto(`/lineage?select=${encodeURIComponent("1+many_50")}`);
  await page.getByText("2 of 10,001 assets").waitFor();
  await page.getByRole("button", { name: /^many_50,/ }).waitFor();
  expect(faults).toEqual([]);
});
