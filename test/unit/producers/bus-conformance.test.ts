import { createBus, memoryStore } from '../../../producers/bus/index.ts'
import { catalogue } from '../../../schemas/catalogue/index.ts'
import { publisherConformance } from '../../conformance/publisher.ts'

publisherConformance('the in-process bus', async () => {
  const store = memoryStore()
  return {
    publisher: createBus({ catalogue, store }),
    stored: async eventName => store.envelopes.filter(envelope => envelope.event_name === eventName)
  }
})
