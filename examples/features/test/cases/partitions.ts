import { expect } from "@jest/globals";
import type { Case } from "../case.ts";

export default [
  {
    title: "a run of one partition names it in its materialization",
    assets: "visits",
    partition: "2026-01-25",
    look: (ran) =>
      expect(ran.of("ASSET_MATERIALIZATION").map(({ partition }) => partition)).toEqual(["2026-01-25"]),
  },
] satisfies Case[];
