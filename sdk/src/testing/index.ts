/** For tests of what users add to the system; `@dagster-operator/sdk` has `materialize` and `executeInProcess`. */
export {
  type ContractCase,
  type ContractRow,
  contractWriter,
  type IoManagerSubject,
  ioManagerContract,
} from "./io-manager-contract.ts";
