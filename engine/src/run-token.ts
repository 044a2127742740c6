/** The token of a run worker: it names one run and one attempt, and is good until it expires or the run ends. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface RunTokenClaims {
  runId: string;
  attempt: number;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

/** 30 days: longer than a run, and a token outlives neither its run nor its attempt, both of which the run API checks. */
export const RUN_TOKEN_LIFETIME_MS = 30 * 24 * 3600 * 1000;

/** `<claims>.<signature>`, both base64url; the signature is HMAC-SHA256 with the installation's secret. */
export function makeRunToken(secret: string, claims: RunTokenClaims): string {
  const body = Buffer.from(JSON.stringify([claims.runId, claims.attempt, claims.expiresAt])).toString(
    "base64url",
  );
  return `${body}.${sign(secret, body).toString("base64url")}`;
}

/** The claims, or null when the token was not made with this secret, was changed, or has expired. */
export function verifyRunToken(secret: string, token: string, now: number): RunTokenClaims | null {
  const [body, signature, ...rest] = token.split(".");
  if (!body || !signature || rest.length > 0) return null;
  const given = Buffer.from(signature, "base64url");
  const expected = sign(secret, body);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const [runId, attempt, expiresAt] = JSON.parse(Buffer.from(body, "base64url").toString()) as [
    string,
    number,
    number,
  ];
  return expiresAt > now ? { runId, attempt, expiresAt } : null;
}

function sign(secret: string, body: string): Buffer {
  return createHmac("sha256", secret).update(`dagster-operator run token\n${body}`).digest();
}
