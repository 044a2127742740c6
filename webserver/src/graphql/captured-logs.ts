/** stdout and stderr of steps. A log key is `[run id, "compute_logs", key]`, a cursor `<out offset>:<err offset>`. */

import { builder } from "./builder.ts";
import type { Context } from "./context.ts";

export interface CapturedLogsModel {
  logKey: string[];
  stdout: string | null;
  stderr: string | null;
  cursor: string;
}
export const CapturedLogs = builder.objectRef<CapturedLogsModel>("CapturedLogs").implement({
  fields: (t) => ({
    logKey: t.exposeStringList("logKey"),
    stdout: t.exposeString("stdout", { nullable: true }),
    stderr: t.exposeString("stderr", { nullable: true }),
    cursor: t.exposeString("cursor", { nullable: true }),
  }),
});
export const logKeyOf = (runId: string, key: string): string[] => [runId, "compute_logs", key];
const MAX_BYTES = 1024 * 1024;

/** Cuts a chunk before a character that is not whole yet, so that the next chunk starts with it. */
function wholeCharacters(data: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, data.length); back++) {
    const byte = data[data.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? data.subarray(0, data.length - back) : data;
  }
  return data;
}

export async function readLogs(
  ctx: Context,
  logKey: string[],
  cursor: string | null,
  limit: number | null,
): Promise<CapturedLogsModel> {
  const runId = logKey[0] ?? "";
  const key = logKey.at(-1) ?? "";
  const offsets = (cursor ?? "0:0").split(":").map((part) => Math.max(0, Number.parseInt(part, 10) || 0));
  const max = Math.min(Math.max(limit ?? MAX_BYTES, 4), MAX_BYTES);
  const read = async (stream: "out" | "err", offset: number) => {
    const { data, size } = await ctx.computeLog.read({ runId, logKey: key, stream }, offset, max);
    const whole = offset + data.length < size ? wholeCharacters(data) : data;
    return { text: size === 0 ? null : new TextDecoder().decode(whole), end: offset + whole.length };
  };
  const [out, err] = await Promise.all([read("out", offsets[0] ?? 0), read("err", offsets[1] ?? 0)]);
  return { logKey, stdout: out.text, stderr: err.text, cursor: `${out.end}:${err.end}` };
}

const CapturedLogsMetadata = builder
  .objectRef<{ out: string; err: string }>("CapturedLogsMetadata")
  .implement({
    fields: (t) => ({
      stdoutDownloadUrl: t.exposeString("out", { nullable: true }),
      stdoutLocation: t.string({ nullable: true, resolve: () => null }),
      stderrDownloadUrl: t.exposeString("err", { nullable: true }),
      stderrLocation: t.string({ nullable: true, resolve: () => null }),
    }),
  });
builder.queryFields((t) => ({
  capturedLogs: t.field({
    type: CapturedLogs,
    args: { logKey: t.arg.stringList({ required: true }), cursor: t.arg.string(), limit: t.arg.int() },
    resolve: (_root, args, ctx) => readLogs(ctx, args.logKey, args.cursor ?? null, args.limit ?? null),
  }),
  capturedLogsMetadata: t.field({
    type: CapturedLogsMetadata,
    args: { logKey: t.arg.stringList({ required: true }) },
    resolve: (_root, { logKey }) => {
      const path = `/logs/${encodeURIComponent(logKey[0] ?? "")}/${encodeURIComponent(logKey.at(-1) ?? "")}`;
      return { out: `${path}/out`, err: `${path}/err` };
    },
  }),
}));
