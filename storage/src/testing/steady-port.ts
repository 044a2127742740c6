import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A free port of the loopback, below those that the system gives to connections: a server that stops for a while has it again,
 * where any connection of the machine might have taken another.
 */
export async function steadyPort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const probe = createServer();
    const free = await new Promise<boolean>((resolve) => {
      probe.once("error", () => resolve(false));
      probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
    });
    if (free) return port;
  }
}
