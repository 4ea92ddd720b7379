import { test } from 'vitest'
import { checkHandled } from '../../support/schemas/handled.ts'
import { settings } from '../harness/settings.ts'

// Without a server: the bytes are those that go over the wire, and the rows those that go to Postgres.
test('what is published is what is handled and stored, for any schema', { timeout: 1_800_000 }, () => {
  checkHandled(settings.times(20_000))
})
