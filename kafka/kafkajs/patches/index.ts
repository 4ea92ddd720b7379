/** What kafkajs 2.2.4 does differently than eventtrail needs, one file for each; docs/kafka-client.md lists them. */
export { generationIn } from './generation.ts'
export { fetchingRaw, notFetching } from './raw-fetches.ts'
export { tryingOthers } from './seeds.ts'

import { limitAnswers } from './answer-limit.ts'
import { gatherInPlace } from './answers-in-place.ts'
import { beatWhileFetching } from './beat-while-fetching.ts'
import { startConnectionsEmpty } from './fresh-connections.ts'
import { nameGenerations } from './generation.ts'
import { allowManyTopics } from './many-topics.ts'
import { joinWithoutLeaders } from './no-leader.ts'
import type { Patch } from './patch.ts'
import { quietTimers } from './quiet-timers.ts'
import { allowRawFetches } from './raw-fetches.ts'
import { nameRefusedCoordinators } from './refused-coordinator.ts'
import { tryOtherBrokers } from './seeds.ts'
import { keepShortSessions } from './short-sessions.ts'
import { measureSteadily } from './steady-clock.ts'
import { endStoppedRunners } from './stopped-runner.ts'

/** All patches, by the names of their files. Some wrap the same function: they are applied in this order. */
export const patches: Readonly<Record<string, Patch>> = {
  'quiet-timers': quietTimers,
  'raw-fetches': allowRawFetches,
  'many-topics': allowManyTopics,
  'no-leader': joinWithoutLeaders,
  'refused-coordinator': nameRefusedCoordinators,
  'beat-while-fetching': beatWhileFetching,
  'stopped-runner': endStoppedRunners,
  'fresh-connections': startConnectionsEmpty,
  'answers-in-place': gatherInPlace,
  'answer-limit': limitAnswers,
  'steady-clock': measureSteadily,
  seeds: tryOtherBrokers,
  'short-sessions': keepShortSessions,
  generation: nameGenerations
}

export function applyPatches(): void {
  for (const each of Object.values(patches)) each.apply()
}
