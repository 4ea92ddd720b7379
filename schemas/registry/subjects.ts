import { strings } from './answers.ts'
import type { Answer, RegistryHttp } from './transport/index.ts'

/** The subjects of a registry. */
export interface SubjectList {
  readonly names: readonly string[]
  /** False where the registry has more, and gives them in no way. */
  readonly isComplete: boolean
  /** How many questions it took. */
  readonly questions: number
}

/** What Confluent's registry and newer ones of Apicurio give in one answer; Apicurio 3.0 gives no more in any way. */
const pageSize = 1_000
const nativePageSize = 5_000
const maxListBytes = 16 * 1024 * 1024
const maxPages = 200

/**
 * Lists all subjects, page by page. Apicurio before 3.1 knows no pages in the API that it shares with Confluent's and
 * gives the first 1,000 each time: then its own API is asked, which is next to it.
 * @param expect makes an error of an answer that is no list
 */
export async function listSubjects(
  http: RegistryHttp,
  expect: (answer: Answer) => readonly string[]
): Promise<SubjectList> {
  const names = new Set<string>()
  let questions = 0
  const listed = (isComplete: boolean) => ({ names: [...names], isComplete, questions })
  for (let page = 0; page < maxPages; page += 1) {
    const path = `/subjects?offset=${names.size}&limit=${pageSize}`
    questions += 1
    const found = expect(await http.get(path, maxListBytes))
    const before = names.size
    for (const name of found) names.add(name)
    const added = names.size - before
    if (found.length < pageSize) return listed(true)
    // The same again: it does not know pages. One that gave more than asked for gave all it has.
    if (added === 0) break
    if (page === 0 && found.length > pageSize && !isApicurio(http)) return listed(true)
  }
  if (!isApicurio(http)) return listed(names.size !== pageSize)
  const native = await listArtifacts(http)
  if (!native) return listed(false)
  for (const name of native) names.add(name)
  questions += Math.ceil(native.length / nativePageSize)
  return listed(true)
}

const compatPath = /\/apis\/ccompat\/v\d+$/
const isApicurio = (http: RegistryHttp): boolean => compatPath.test(http.address)

/** Undefined where Apicurio's own API is not to be had, because a proxy does not let it through perhaps. */
async function listArtifacts(http: RegistryHttp): Promise<readonly string[] | undefined> {
  const names: string[] = []
  for (let page = 0; page < maxPages; page += 1) {
    const query = `groupId=default&limit=${nativePageSize}&offset=${page * nativePageSize}&orderby=artifactId`
    const answer = await http.get(`/../../registry/v3/search/artifacts?${query}`, maxListBytes).catch(() => undefined)
    const body = answer?.status === 200 && answer.body
    const { artifacts, count } = (body || {}) as { artifacts?: readonly { artifactId?: unknown }[]; count?: unknown }
    const found = Array.isArray(artifacts) ? strings(artifacts.map(({ artifactId }) => artifactId)) : undefined
    if (!found || typeof count !== 'number') return undefined
    names.push(...found)
    if (names.length >= count || found.length === 0) return names
  }
  return undefined
}
