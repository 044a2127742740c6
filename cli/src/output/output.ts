/** Where a command writes: text for people on a terminal, plain lines elsewhere, JSON for scripts. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Format = "text" | "json";
export type Style = Parameters<typeof styleText>[0];

export interface Output {
  format: Format;
  /** A person watches stdout: lines may be redrawn. */
  live: boolean;
  /** Text on stdout, nothing with JSON. */
  line(text?: string): void;
  /** A note for a person on stderr, in either format. */
  note(text: string): void;
  /** The one JSON document of the command; nothing with text. */
  document(value: unknown): void;
  /** One line of a JSON stream (NDJSON); nothing with text. */
  record(value: unknown): void;
  style(style: Style, text: string): string;
  /** Columns, padded; a long last column is cut to the terminal's width. */
  table(head: string[], rows: string[][]): void;
  /** Replaces the lines drawn by the last call, on a terminal; elsewhere nothing. */
  redraw(lines: string[]): void;
}

export function createOutput(format: Format, stdout: NodeJS.WriteStream = process.stdout): Output {
  const text = format === "text";
  const live = text && stdout.isTTY === true && process.env.TERM !== "dumb";
  const colored = live && !process.env.NO_COLOR;
  const style: Output["style"] = (how, what) =>
    colored ? styleText(how, what, { validateStream: false }) : what;
  let drawn = 0;
  const clear = () => (drawn > 0 ? `\x1b[${drawn}A\x1b[J` : "");
  const write = (line: string) => {
    stdout.write(`${clear()}${line}\n`);
    drawn = 0;
  };
  return {
    format,
    live,
    style,
    line: (line = "") => {
      if (text) write(line);
    },
    note: (note) => {
      process.stderr.write(`${note}\n`);
    },
    document: (value) => {
      if (!text) stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    record: (value) => {
      if (!text) stdout.write(`${JSON.stringify(value)}\n`);
    },
    table: (head, rows) => {
      if (text)
        for (const line of columns(head, rows, live ? stdout.columns || 100 : null, style)) write(line);
    },
    redraw: (lines) => {
      if (!live) return;
      const width = stdout.columns || 100;
      const height = Math.max(1, (stdout.rows || 24) - 1);
      const shown = lines.slice(-height).map((line) => cut(line, width));
      stdout.write(clear() + shown.map((line) => `${line}\n`).join(""));
      drawn = shown.length;
    },
  };
}

function columns(head: string[], rows: string[][], width: number | null, style: Output["style"]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, index) => Math.max(...all.map((row) => length(row[index] ?? ""))));
  return all.map((row, index) => {
    const line = row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + " ".repeat((widths[column] ?? 0) - length(cell) + 2),
      )
      .join("");
    const shown = width === null ? line : cut(line, width);
    return index === 0 ? style("dim", shown) : shown;
  });
}

const length = (text: string) => stripVTControlCharacters(text).length;

/** Cuts plain text; a styled line that is too long loses its styles rather than its end marker. */
function cut(line: string, width: number): string {
  if (length(line) <= width) return line;
  return `${stripVTControlCharacters(line).slice(0, Math.max(1, width - 1))}…`;
}
