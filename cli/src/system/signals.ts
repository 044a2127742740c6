/** Ctrl-C: the first asks to stop, the second does not wait any more. */

/** A terminal's Ctrl-C may reach us twice at once: from it, and through the launcher that runs us. */
const SAME_KEYPRESS_MS = 200;

/** Calls `stop` on the first SIGINT, SIGTERM, SIGHUP or the end of the launcher, and `force` on the next. Returns the way to undo it. */
export function onStop(stop: () => void, force: () => void): () => void {
  let first: number | null = null;
  const handle = () => {
    const now = Date.now();
    if (first === null) {
      first = now;
      stop();
    } else if (now - first > SAME_KEYPRESS_MS) force();
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, handle);
  // Started through bin/dagsterctl.js on an older Node: its end closes the channel.
  process.on("disconnect", handle);
  process.channel?.unref();
  // It may have ended before we listened.
  if (process.connected === false) handle();
  return () => {
    for (const signal of signals) process.off(signal, handle);
    process.off("disconnect", handle);
  };
}
