import { expect, it } from 'vitest'
import { Addresses } from '../../../../schemas/registry/transport/addresses.ts'

const all = ['http://a', 'http://b', 'http://c']

it('asks in the order that was configured, each once', () => {
  expect(new Addresses(all).order(0)).toEqual(all)
  expect(new Addresses(['http://a', 'http://a']).order(0)).toEqual(['http://a'])
})

it('asks the one first that answered last', () => {
  const addresses = new Addresses(all)
  addresses.reached('http://b')
  expect(addresses.order(0)).toEqual(['http://b', 'http://a', 'http://c'])
})

it('asks one that failed last, for 30 s', () => {
  const addresses = new Addresses(all)
  addresses.failed('http://a', 1_000)
  expect(addresses.order(1_000)).toEqual(['http://b', 'http://c', 'http://a'])
  expect(addresses.order(30_999)).toEqual(['http://b', 'http://c', 'http://a'])
  expect(addresses.order(31_000)).toEqual(all)
})

it('asks all of them when all have failed', () => {
  const addresses = new Addresses(all)
  for (const address of all) addresses.failed(address, 0)
  expect(addresses.order(1)).toEqual(all)
})

it('forgets a failure with the next answer', () => {
  const addresses = new Addresses(all)
  addresses.reached('http://a')
  addresses.failed('http://a', 0)
  expect(addresses.order(1)).toEqual(['http://b', 'http://c', 'http://a'])
  addresses.reached('http://a')
  expect(addresses.order(2)).toEqual(all)
})
