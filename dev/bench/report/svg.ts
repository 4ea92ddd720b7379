import { whole } from '../../tools/index.ts'
import type { Summary } from './results.ts'
import type { Spread } from './statistics.ts'

const width = 920
const labelWidth = 350
const barHeight = 16
const rowHeight = 24
const gap = 46
const top = 30

const colours: Record<Summary['kind'], string> = {
  ours: '#1f7a5c',
  peer: '#c8643c',
  limit: '#7d8794',
  naive: '#b8a05a'
}
const parts = { client: '#2f5d8a', postgres: '#86a9c9', broker: '#cfdbe6' } as const

interface Bar {
  readonly label: string
  readonly segments: readonly { readonly value: number; readonly colour: string }[]
  /** Drawn as a line over the bar. */
  readonly spread?: Spread
  readonly text: string
}

interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
}

/** Rows a second, processor time and memory of all contenders, as bars: an SVG document. */
export function plot(summaries: readonly Summary[]): string {
  const megabytes = (value: number) => whole(value / 2 ** 20)
  const panels: Panel[] = [
    {
      title: 'Rows a second, median of all turns (line: least to most). More is better.',
      bars: summaries.map(({ label, kind, rowsPerSecond }) => ({
        label,
        segments: [{ value: rowsPerSecond.median, colour: colours[kind] }],
        spread: rowsPerSecond,
        text: whole(rowsPerSecond.median)
      }))
    },
    {
      title: 'Processor seconds per million rows: its own (dark), Postgres (light), broker (lightest). Less is better.',
      bars: summaries
        .filter(({ kind }) => kind !== 'naive')
        .map(({ label, client, postgres, broker }) => ({
          label,
          segments: [
            { value: client.median, colour: parts.client },
            { value: postgres.median, colour: parts.postgres },
            { value: broker.median, colour: parts.broker }
          ],
          text: `${client.median.toFixed(1)} + ${postgres.median.toFixed(1)} + ${broker.median.toFixed(1)}`
        }))
    },
    {
      title: 'Peak memory of its own processes, MB. Less is better.',
      bars: summaries.map(({ label, kind, peakMemory }) => ({
        label,
        segments: [{ value: peakMemory.median, colour: colours[kind] }],
        text: megabytes(peakMemory.median)
      }))
    }
  ]
  let y = top
  const drawn = panels.map(panel => {
    const text = drawPanel(panel, y)
    y += panel.bars.length * rowHeight + gap
    return text
  })
  const height = y - gap + 20
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">`,
    '<title>Rows a second, processor time and memory of the sink and its peers</title>',
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...drawn,
    '</svg>\n'
  ].join('\n')
}

function drawPanel({ title, bars }: Panel, y: number): string {
  const room = width - labelWidth - 150
  const most = Math.max(...bars.map(({ segments, spread }) => Math.max(sum(segments), spread?.max ?? 0)))
  const scale = most > 0 ? room / most : 0
  const px = (value: number) => (value * scale).toFixed(1)
  const lines = [`<text x="10" y="${y}" font-weight="bold" font-size="13">${escapeXml(title)}</text>`]
  bars.forEach(({ label, segments, spread, text }, index) => {
    const barTop = y + 10 + index * rowHeight
    const middle = barTop + barHeight / 2
    lines.push(`<text x="${labelWidth - 8}" y="${middle + 4}" text-anchor="end">${escapeXml(label)}</text>`)
    let from = 0
    for (const { value, colour } of segments) {
      lines.push(
        `<rect x="${(labelWidth + from * scale).toFixed(1)}" y="${barTop}" width="${px(value)}" height="${barHeight}" fill="${colour}"/>`
      )
      from += value
    }
    if (spread) {
      const [low, high] = [spread.min, spread.max].map(value => (labelWidth + value * scale).toFixed(1))
      lines.push(`<path d="M${low} ${middle}H${high}M${low} ${middle - 4}v8M${high} ${middle - 4}v8" stroke="#222"/>`)
    }
    const end = labelWidth + Math.max(from, spread?.max ?? 0) * scale + 8
    lines.push(`<text x="${end.toFixed(1)}" y="${middle + 4}">${escapeXml(text)}</text>`)
  })
  return lines.join('\n')
}

const sum = (segments: Bar['segments']): number => segments.reduce((total, { value }) => total + value, 0)

const escapeXml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
