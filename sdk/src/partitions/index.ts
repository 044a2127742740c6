export {
  cronPartitions,
  type DynamicPartitions,
  dailyPartitions,
  dynamicName,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  PartitionsError,
  staticPartitions,
  type TimePartitionsOptions,
  weeklyPartitions,
} from "./constructors.ts";
export {
  type CustomMapping,
  customMapping,
  isCustom,
  mappingProblem,
  mappingTable,
  PartitionMappingError,
} from "./custom-mapping.ts";
export {
  comparePartitionKeys,
  hasPartitionKey,
  lastPartitionEndingAt,
  lastPartitionKey,
  PartitionKeyError,
  type PartitionsAt,
  partitionCount,
  partitionKeys,
  partitionKeysInRange,
  partitionTimeWindow,
} from "./keys.ts";
export {
  defaultMapping,
  downstreamPartitionKeys,
  type MappingOf,
  upstreamPartitionKeys,
} from "./mapping.ts";
export { dimensionsOf, joinKey, splitKey } from "./multi-key.ts";
export type { TimeWindowPartitions } from "./time-windows.ts";
