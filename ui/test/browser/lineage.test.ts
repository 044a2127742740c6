import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Page } from "playwright-core";
import { type System, startSystem } from "./system.ts";

let system: System;
beforeAll(async () => {
  system = await startSystem(["many.ts"]);
});
afterAll(() => system?.stop());

/**
 * Zooms in and drags as a person does until a node lies well on the screen, clear of the tools and the panel; its box.
 * It looks anew after each move, and again until what it sees stands still.
 */
async function bringNodeIntoView(page: Page): Promise<DOMRect> {
  const frame = await page.locator(".lineage").boundingBox();
  if (!frame) throw new Error("The lineage is not on the page.");
  const middle = { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 };
  let before = "";
  for (let look = 1; look <= 120; look++) {
    await page.waitForTimeout(200);
    const boxes = await page
      .locator(".lnode")
      .evaluateAll((nodes) => nodes.map((node) => node.getBoundingClientRect().toJSON() as DOMRect));
    const moving = JSON.stringify(boxes) !== before;
    before = JSON.stringify(boxes);
    if (moving) continue;
    const seen = boxes.find(
      (b) =>
        b.x > frame.x + 80 &&
        b.right < frame.x + frame.width - 400 &&
        b.y > frame.y + 40 &&
        b.bottom < frame.y + frame.height - 80,
    );
    if (seen) return seen;
    const [any] = boxes;
    if (any) {
      const reach = (way: number, size: number) => Math.max(-size / 3, Math.min(size / 3, way));
      await page.mouse.move(middle.x, middle.y);
      await page.mouse.down();
      await page.mouse.move(
        middle.x + reach(frame.x + frame.width / 3 - any.x, frame.width),
        middle.y + reach(middle.y - any.y, frame.height),
        { steps: 4 },
      );
      await page.mouse.up();
    } else if (look % 25 === 0) await page.getByRole("button", { name: "Fit all" }).click();
    else await page.getByRole("button", { name: "Zoom in" }).click();
  }
  throw new Error("No node came into view after 120 looks.");
}

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
  const seen = await bringNodeIntoView(page);
  expect(await page.locator(".lnode").count()).toBeLessThan(400);
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
