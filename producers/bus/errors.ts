import { PublishError } from '../errors.ts'

/**
 * An event was not published in process, or a bus is closed. A {@link PublishError} with the same codes, so that the
 * error handling of a service is the same with a bus and with Kafka.
 */
export class BusError extends PublishError {}
