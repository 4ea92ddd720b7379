import { randomUUID } from 'node:crypto'
import { v7 } from 'uuid'
import { beforeAll, describe, expect, it } from 'vitest'
import type { IndexedChange, SearchDocument, SearchIndex, SearchOptions } from '../../consumers/indexer/index.ts'

/** An empty index with English texts. */
export interface SearchIndexUnderTest {
  readonly index: SearchIndex
}

const t0 = 1_780_000_000_000_000n

/** A document of an event at `t0` and some microseconds. */
export function printed(
  document: Partial<SearchDocument> & Pick<SearchDocument, 'text'>,
  after = 0n,
  event_id: string = v7()
): IndexedChange {
  return { id: randomUUID(), ...document, event_name: 'book.printed', event_id, occurred_at: t0 + after }
}

const gone = (id: string, after: bigint, event_id: string = v7()): IndexedChange => ({
  id,
  deleted: true,
  event_name: 'book.withdrawn',
  event_id,
  occurred_at: t0 + after
})

/** What every search index promises. */
export function searchIndexConformance(name: string, make: () => Promise<SearchIndexUnderTest>): void {
  describe(`${name} as a search index`, () => {
    let index: SearchIndex
    beforeAll(async () => {
      index = (await make()).index
    })
    const put = async (...changes: readonly IndexedChange[]) => {
      const refused = await index.putMany(changes)
      await index.refresh()
      expect(refused).toEqual(changes.map(() => undefined))
    }
    const found = async (text: string, options?: SearchOptions) =>
      (await index.search(text, options)).hits.map(hit => hit.text)

    it('finds documents by the stems of their words, the best first, and gives them back whole', async () => {
      const document = printed({
        title: 'Gardening',
        text: 'Photosynthesis for beginners',
        data: { author: 'Ada', pages: 3, free: true, series: null }
      })
      await put(
        document,
        printed({ text: 'Photosynthesis, photosynthesis and more photosynthesis' }),
        printed({ text: 'Cell division' })
      )
      expect(await found('photosynthesis')).toEqual([
        'Photosynthesis, photosynthesis and more photosynthesis',
        'Photosynthesis for beginners'
      ])
      expect((await index.search('beginner')).hits).toEqual([{ ...document, highlight: expect.any(Array) }])
      expect(await found('cells')).toEqual(['Cell division'])
      expect(await found('gardens')).toEqual(['Photosynthesis for beginners'])
      expect(await index.count()).toBe(3)
    })

    it('takes phrases, or, and words that must not be there; words of no weight do not matter', async () => {
      const texts = ['The red fox jumps', 'A fox, red with anger', 'Red pandas', 'Badgers sleep']
      await put(...texts.map(text => printed({ text })))
      expect(await found('"red fox"')).toEqual([texts[0]])
      expect((await found('the red fox')).sort()).toEqual([texts[1], texts[0]])
      expect((await found('panda or badger')).sort()).toEqual([texts[3], texts[2]])
      expect(await found('red -fox')).toEqual([texts[2]])
      expect((await found('red -"red fox"')).sort()).toEqual([texts[1], texts[2]])
      expect(await found('the')).toEqual([])
      for (const nothing of ['', ' ', '"', '-', `walrus' of "the sort`, 'or']) expect(await found(nothing)).toEqual([])
    })

    it('counts a hit in a title or a weighted text more', async () => {
      const documents = [
        printed({ title: 'About the ibis', text: 'Some bird of the river' }),
        printed({ text: [{ text: 'ibis', weight: 'B' }, { text: 'A bird of the river' }] }),
        printed({ text: [{ text: 'ibis', weight: 'C' }, { text: 'A bird of the lake' }] }),
        printed({ text: 'A bird of the sea, the ibis' })
      ]
      await put(...documents.toReversed())
      expect((await index.search('ibis')).hits.map(({ id }) => id)).toEqual(documents.map(({ id }) => id))
      expect((await index.search('ibis lake')).hits[0]?.text).toBe('ibis\nA bird of the lake')
    })

    it('shows where the words are, in a part of a long text', async () => {
      const filler = 'Many other words come before and after it, none of which is looked for here. '.repeat(20)
      await put(printed({ text: `${filler}Two <b>glaciers</b> & a glacier melt. ${filler}` }))
      const [hit] = (await index.search('glacier')).hits
      const marked = hit?.highlight.filter(({ match }) => match).map(({ text }) => text)
      expect(marked).toEqual(['glaciers', 'glacier'])
      expect(hit?.highlight.map(({ text }) => text).join('').length).toBeLessThan(600)
    })

    it('shows the beginning of the text where the title alone has the words', async () => {
      await put(printed({ title: 'Obsidian', text: 'A volcanic glass' }))
      const [hit] = (await index.search('obsidian')).hits
      expect(hit?.highlight).toEqual([{ text: 'A volcanic glass', match: false }])
    })

    it('finds words by their beginning where that is asked for', async () => {
      await put(
        printed({ text: 'Marmalade sandwiches' }),
        printed({ text: 'Marmots whistle' }),
        printed({ text: 'Whistling alone' })
      )
      expect(await found('marm')).toEqual([])
      expect((await found('marm', { prefix: true })).sort()).toEqual(['Marmalade sandwiches', 'Marmots whistle'])
      expect(await found('whistles marm', { prefix: true })).toEqual(['Marmots whistle'])
      expect(await found('sandwiches -marm', { prefix: true })).toEqual(['Marmalade sandwiches'])
      expect((await found('sandwich or whistl', { prefix: true })).sort()).toEqual([
        'Marmalade sandwiches',
        'Marmots whistle',
        'Whistling alone'
      ])
    })

    it('narrows a search to names of events and to values of data with their types', async () => {
      const of = (text: string, data: SearchDocument['data']) => printed({ text, ...(data && { data }) })
      await put(
        of('narwhal one', { shelf: '7', lent: false }),
        of('narwhal two', { shelf: 7, lent: true }),
        of('narwhal three', { shelf: null }),
        { ...of('narwhal four', { shelf: '7' }), event_name: 'book.lent' }
      )
      expect((await found('narwhal', { data: { shelf: '7' } })).sort()).toEqual(['narwhal four', 'narwhal one'])
      expect(await found('narwhal', { data: { shelf: 7 } })).toEqual(['narwhal two'])
      expect(await found('narwhal', { data: { shelf: null } })).toEqual(['narwhal three'])
      expect(await found('narwhal', { data: { shelf: '7', lent: false } })).toEqual(['narwhal one'])
      expect(await found('narwhal', { eventNames: ['book.lent'] })).toEqual(['narwhal four'])
      expect(await found('narwhal', { eventNames: [] })).toEqual([])
    })

    it('gives every hit on one page and no more, equally good ones by time and id', async () => {
      const documents = Array.from({ length: 25 }, (_, at) => printed({ text: 'quokka' }, BigInt(at >> 1)))
      await put(...documents)
      const ids: string[] = []
      for (let after: string | undefined, pages = 1; ; pages += 1) {
        const { hits, next } = await index.search('quokka', { limit: 4, ...(after && { after }) })
        ids.push(...hits.map(({ id }) => id))
        if (next === undefined) {
          expect(pages).toBe(7)
          break
        }
        after = next
      }
      const inOrder = documents.toSorted((one, other) =>
        one.occurred_at === other.occurred_at
          ? one.id < other.id
            ? -1
            : 1
          : one.occurred_at > other.occurred_at
            ? -1
            : 1
      )
      expect(ids).toEqual(inOrder.map(({ id }) => id))
      await expect(index.search('quokka', { after: 'something' })).rejects.toMatchObject({ option: 'after' })
      await expect(index.search('quokka', { limit: 0 })).rejects.toMatchObject({ option: 'limit' })
    })

    it('keeps the document of the latest event, in whatever order and however often they come', async () => {
      const id = randomUUID()
      const before = await index.count()
      const newest = printed({ id, text: 'Quantum tunnels' }, 9n)
      const oldest = printed({ id, text: 'Quantum (older)' }, 1n)
      await put(printed({ id, text: 'Quantum (draft)' }, 8n))
      await put(newest)
      await put(newest, oldest)
      await put(oldest)
      expect(await index.count()).toBe(before + 1)
      expect(await found('quantum')).toEqual(['Quantum tunnels'])
    })

    it('of events of the same time keeps the one with the greatest id, also of many, alone and in one call', async () => {
      const id = randomUUID()
      const ids = Array.from({ length: 40 }, () => v7()).sort()
      const all = ids.map((event_id, at) => printed({ id, text: `synchronous ${at}` }, 5n, event_id))
      const [second, first, ...others] = all
      await put(...[first, second].filter(each => each !== undefined))
      expect(await found('synchronous')).toEqual(['synchronous 1'])
      for (const change of others) await index.putMany([change])
      await put(...all)
      expect(await found('synchronous')).toEqual(['synchronous 39'])
      // An earlier time stays an earlier one, and a later one later.
      await put(printed({ id, text: 'synchronous before' }, 4n))
      expect(await found('synchronous')).toEqual(['synchronous 39'])
      await put(printed({ id, text: 'synchronous after' }, 6n))
      expect(await found('synchronous')).toEqual(['synchronous after'])
    })

    it('agrees on the latest of many writers at once', async () => {
      const id = randomUUID()
      const ids = Array.from({ length: 12 }, () => v7()).sort()
      const changes = ids.map((event_id, at) => printed({ id, text: `parallel ${at}` }, 2n, event_id))
      await Promise.all(changes.map(async change => expect(await index.putMany([change])).toEqual([undefined])))
      await index.refresh()
      expect(await found('parallel')).toEqual(['parallel 11'])
    })

    it('takes documents out, and no older event brings them back', async () => {
      const id = randomUUID()
      const before = await index.count()
      await put(printed({ id, text: 'Ephemeral' }, 1n))
      await put(gone(id, 3n))
      await put(printed({ id, text: 'Ephemeral, late' }, 2n))
      expect(await found('ephemeral')).toEqual([])
      expect(await index.count()).toBe(before)
      await put(printed({ id, text: 'Ephemeral again' }, 4n))
      expect(await found('ephemeral')).toEqual(['Ephemeral again'])
      // The end can come first.
      const other = randomUUID()
      await put(gone(other, 3n))
      await put(printed({ id: other, text: 'Ephemeral other' }, 2n))
      expect(await found('ephemeral')).toEqual(['Ephemeral again'])
    })

    it('removes ends of documents that are old, and nothing else', async () => {
      const [ended, again] = [randomUUID(), randomUUID()]
      await put(printed({ text: 'Perennial' }), gone(ended, 1n), gone(again, 1n))
      await put(printed({ id: again, text: 'Perennial again' }, 2n))
      const before = await index.count()
      expect(await index.removeEnds?.(60 * 24 * 3_600_000)).toBe(0)
      // All are older than the future, also those of other tests.
      expect(await index.removeEnds?.(-60_000)).toBeGreaterThan(0)
      await index.refresh()
      expect(await index.removeEnds?.(-60_000)).toBe(0)
      expect(await index.count()).toBe(before)
      expect((await found('perennial')).toSorted()).toEqual(['Perennial', 'Perennial again'])
      // A later event is taken as that of any new document.
      await put(printed({ id: ended, text: 'Perennial, a second time' }, 3n))
      expect(await found('second time')).toHaveLength(1)
    })

    it('refuses documents that no index takes, each alone', async () => {
      const good = printed({ text: 'Impeccable' })
      const changes = [
        { ...good, id: '' },
        { ...good, id: 'x'.repeat(513) },
        { ...good, id: 'ü'.repeat(256) },
        { ...good, text: 7 } as unknown as IndexedChange,
        { ...good, data: { list: [] } } as unknown as IndexedChange
      ]
      const refused = await index.putMany(changes)
      expect(refused.map(error => (error as { code?: string } | undefined)?.code)).toEqual([
        'DOCUMENT_INVALID',
        'DOCUMENT_INVALID',
        undefined,
        'DOCUMENT_INVALID',
        'DOCUMENT_INVALID'
      ])
      await index.refresh()
      expect(await found('impeccable')).toEqual(['Impeccable'])
      expect(await index.putMany([])).toEqual([])
    })

    it('takes times up to the year 9999, and characters of all kinds', async () => {
      const last = 253_402_300_799_999_999n - t0
      const document = printed({ id: 'Ω/"\\?#%20 𝄞', text: 'Perpetual "motion" \\ 𝄞 <&>' }, last)
      await put(document)
      await put(printed({ id: document.id, text: 'Perpetual (older)' }, last - 1n))
      expect((await index.search('perpetual')).hits).toMatchObject([{ ...document, data: {} }])
    })
  })
}
