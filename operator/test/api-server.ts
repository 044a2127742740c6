/** A small HTTP server that answers as an API server does where a real one cannot be made to: a script of answers. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Scripted {
  server: string;
  /** Method and address of each request. */
  requests: string[];
  close(): Promise<void>;
}

/** Each request gets the next answer; the last one serves all that follow. */
export async function scripted(answers: Answer[]): Promise<Scripted> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    (answers.length > 1 ? answers.shift() : answers[0])?.(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    server: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(body));

export const failure = (code: number, reason: string, headers?: Record<string, string>): Answer =>
  json(code, { kind: "Status", code, reason, message: reason }, headers);

/** A watch: its events, and then it stays open, or ends. */
export const events =
  (list: unknown[], then: "stays" | "ends" | "breaks"): Answer =>
  (_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const text = list.map((event) => `${JSON.stringify(event)}\n`).join("");
    // In two halves, so that lines are put together again.
    response.write(text.slice(0, text.length / 2), () =>
      response.write(text.slice(text.length / 2), () => {
        if (then === "ends") response.end();
        if (then === "breaks") response.destroy();
      }),
    );
  };
