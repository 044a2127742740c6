/** A step runs a program of another language, which reports logs, metadata, a data version and a check over Dagster Pipes. */
import { fileURLToPath } from "node:url";
import { asset, pipesSubprocess } from "@dagster-operator/sdk";

export const model = asset(
  "pipes/model",
  { checks: { small_loss: {} }, resources: { pipes: pipesSubprocess } },
  async (context) => {
    const { customMessages } = await context.resources.pipes.run({
      // Node stands for any language here, as every machine that runs this has it; with Python: ["python", "train.py"].
      command: [process.execPath, fileURLToPath(new URL("pipes-program.mjs", import.meta.url))],
      context,
      extras: { epochs: 3 },
    });
    context.log.info(`it told ${JSON.stringify(customMessages)}`);
  },
);
