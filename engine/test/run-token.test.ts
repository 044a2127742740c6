import { describe, expect, test } from "@jest/globals";
import { makeRunToken, verifyRunToken } from "../src/run-token.ts";

const claims = { runId: "5b1f", attempt: 2, expiresAt: 1000 };

describe("a run token", () => {
  test("names its run, its attempt and its end", () => {
    expect(verifyRunToken("secret", makeRunToken("secret", claims), 999)).toEqual(claims);
  });

  test("is nothing once it has expired, with another secret, or changed in any place", () => {
    const token = makeRunToken("secret", claims);
    expect(verifyRunToken("secret", token, 1000)).toBeNull();
    expect(verifyRunToken("other", token, 0)).toBeNull();
    const forged = Buffer.from(JSON.stringify(["5b1f", 3, 9e15])).toString("base64url");
    expect(verifyRunToken("secret", `${forged}.${token.split(".")[1]}`, 0)).toBeNull();
    for (const other of ["", ".", "a.b", `${token}.x`, `${token}x`, token.slice(0, -2)]) {
      expect(verifyRunToken("secret", other, 0)).toBeNull();
    }
  });
});
