import { memoryStore } from '../../../producers/bus/index.ts'
import { eventStoreConformance } from '../../conformance/event-store.ts'

const store = memoryStore()
eventStoreConformance('memory', {
  store,
  stored: async ids => store.envelopes.filter(({ id }) => ids.includes(id))
})
