/** Questions to the trail: what may be asked, as SQL and in memory. Pure: asks no server. */
export { type Condition, operators, parseCondition } from './condition.ts'
export { cursorOf, readCursor } from './cursor.ts'
export { lineSql } from './line-sql.ts'
export { matcherOf } from './matcher.ts'
export { checkedQuestion, type Question } from './question.ts'
export { type FoundRow, mostFound, type QuestionStatement, questionSql, readsWholeTrail } from './question-sql.ts'
