export {
  cronPartitions,
  type DynamicPartitions,
  dailyPartitions,
  dynamicName,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from "./constructors.ts";
export {
  type CustomMapping,
  customMapping,
  isCustom,
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
  upstreamPartitionKeys,
} from "./mapping.ts";
export { dimensionsOf, joinKey, splitKey } from "./multi-key.ts";
