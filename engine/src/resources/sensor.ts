import { z } from "zod";
import { resource } from "./object.ts";

export const SensorSpec = z.strictObject({
  codeLocation: z.string().min(1).describe("Name of the CodeLocation whose code defines the sensor."),
  sensor: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Name in the code where it cannot be a Kubernetes name. Default: this object's name, - and _ taken as one.",
    ),
  suspend: z.boolean().optional().describe("Stops it. Default: what the code says."),
  minimumInterval: z.number().positive().optional().describe("Seconds; default: what the code says."),
});
export type SensorSpec = z.infer<typeof SensorSpec>;
export const SensorResource = resource("Sensor", SensorSpec);
