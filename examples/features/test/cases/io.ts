import { expect } from "@jest/globals";
import type { Case } from "../case.ts";

export default [
  {
    title: "a program of another language over Dagster Pipes",
    assets: 'key:"pipes/model"',
    look: (ran) => {
      expect(ran.of("LOG_MESSAGE").map(({ level, message }) => [level, message])).toEqual([
        ["WARNING", "training for 3 epochs"],
        ["INFO", 'it told [{"weights":12}]'],
      ]);
      expect(ran.of("ASSET_MATERIALIZATION")).toMatchObject([
        { dataVersion: "v1", metadata: { loss: { type: "float", value: 0.5 } } },
      ]);
      expect(ran.of("ASSET_CHECK_EVALUATION")).toMatchObject([{ check: "small_loss", passed: true }]);
    },
  },
  {
    title: "an input with an IO manager of its own",
    assets: 'key:"shelf/unpacked"',
    look: (ran) => {
      expect(ran.said).toEqual(["3 boxes from A7"]);
      expect(ran.of("LOADED_INPUT")).toMatchObject([{ input: "boxes", ioManager: "deliveries" }]);
    },
  },
] satisfies Case[];
