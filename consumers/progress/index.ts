/** Which offsets of a partition are done: the lowest open one is its position. */
export { AssignedPartition } from './assigned-partition.ts'
export { CurrentAssignment } from './assignment.ts'
