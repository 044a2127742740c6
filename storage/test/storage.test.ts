import { storageContract } from "@dagster-operator/engine/testing";
import { describe, jest } from "@jest/globals";
import { pgliteSubject, postgresSubject } from "./subject.ts";

// The first test of each waits for its database to start.
jest.setTimeout(60_000);

describe("PGlite", () => storageContract(pgliteSubject()));
describe("Postgres", () => storageContract(postgresSubject()));
