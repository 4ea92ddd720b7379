/** Which offsets of a partition are done: the lowest open one is its position, and what is committed. */
export { AssignedPartition, type Hold } from './assigned-partition.ts'
export { CurrentAssignment } from './assignment.ts'
export { OffsetCommits, rewindMark, rewindOf } from './offset-commits.ts'
export { ShortLivedMap } from './short-lived-map.ts'
