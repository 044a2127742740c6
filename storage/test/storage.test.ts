import { storageContract } from "@dagster-operator/engine/testing";
import { describe } from "@jest/globals";
import { pgliteSubject, postgresSubject } from "./subject.ts";

// The first test of each waits for its database to start.

describe("PGlite", () => storageContract(pgliteSubject()));
describe("Postgres", () => storageContract(postgresSubject()));
