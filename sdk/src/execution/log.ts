/** Writes a LOG_MESSAGE of the step to the run's event log; `fields` are searchable and shown beside the line. */
export type LogMethod = (message: unknown, fields?: Record<string, unknown>) => void;
export interface Log {
  debug: LogMethod;
  info: LogMethod;
  warn: LogMethod;
  warning: LogMethod;
  error: LogMethod;
  critical: LogMethod;
}

export type LogLevel = "DEBUG" | "INFO" | "WARNING" | "ERROR" | "CRITICAL";

const text = (value: unknown) =>
  typeof value === "string"
    ? value
    : value instanceof Error
      ? (value.stack ?? value.message)
      : (JSON.stringify(value) ?? String(value));

export function makeLog(
  write: (level: LogLevel, message: string, fields: Record<string, unknown> | undefined) => void,
): Log {
  const at =
    (level: LogLevel): LogMethod =>
    (message, fields) =>
      write(level, text(message), fields);
  const warn = at("WARNING");
  return {
    debug: at("DEBUG"),
    info: at("INFO"),
    warn,
    warning: warn,
    error: at("ERROR"),
    critical: at("CRITICAL"),
  };
}
