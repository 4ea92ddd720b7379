/** Events of the trail as what they were in Kafka: where, and with which value. */
export { countStored, type StoredPlace, type StoredRange, storedPlaces } from './places.ts'
export { eventsOfSeveralTopics, type StoredUpTo, storedUpTo, unstoredSince } from './positions.ts'
export { type StoredRecord, StoredValues } from './values.ts'
