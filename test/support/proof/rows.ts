import type { ProofRow } from '../../../proof/index.ts'

/** The row that the vectors are made of. */
export const vectorRow: ProofRow = {
  id: '0199d6a0-0000-7000-8000-000000000001',
  aggregateId: '0199d6a0-0000-7000-8000-0000000000aa',
  occurredAt: 1_790_000_000_000_000n,
  eventName: 'badge.awarded',
  payload:
    '{"reason": "Ten quizzes", "badge_id": "0199d6a0-0000-7000-8000-0000000000aa", "awarded_to": "0199d6a0-0000-7000-8000-0000000000bb"}',
  schemaVersion: 1,
  source: 'badges',
  actor: 'user:7f0c',
  traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  partition: 0,
  offset: 4711n
}
