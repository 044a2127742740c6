import { z } from "zod";
import { resource } from "./object.ts";

export const SensorSpec = z.strictObject({
  /** Name of the CodeLocation whose code defines the sensor. */
  codeLocation: z.string().min(1),
  /** Name in the code where it cannot be a Kubernetes name. Default: this object's name, - and _ taken as one. */
  sensor: z.string().min(1).optional(),
  suspend: z.boolean().optional(),
  /** Seconds; default: what the code says. */
  minimumInterval: z.number().positive().optional(),
});
export type SensorSpec = z.infer<typeof SensorSpec>;
export const SensorResource = resource("Sensor", SensorSpec);
