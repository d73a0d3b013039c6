import { Graph, layout } from '@dagrejs/dagre'

/** In pixels. */
const LINE = 18
const PADDING = 12
/** The widths of a bold letter of 13 px, and of a plain one of 12 px. */
const [BOLD, PLAIN] = [7.4, 6.6]

interface Box {
  readonly lines: readonly string[]
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * Draws a flowchart of Mermaid as SVG, in the colours of the page: nodes such as `id["name<br>explanation"]`, and
 * arrows such as `a --> b`. GitHub draws the same text by itself.
 */
export function drawFlowchart(source: string): string {
  const graph = new Graph({ multigraph: false })
  graph.setGraph({ rankdir: 'TB', nodesep: 8, ranksep: 34, marginx: 4, marginy: 4 })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const [, id = '', label = ''] of source.matchAll(/(\w+)\["([^"]+)"\]/g)) {
    const lines = label.split('<br>').flatMap((line, index) => (index === 0 ? [line] : wrap(line)))
    const widths = lines.map(({ length }, index) => length * (index === 0 ? BOLD : PLAIN))
    const width = Math.max(...widths) + PADDING
    graph.setNode(id, { lines, width, height: lines.length * LINE + PADDING })
  }
  for (const [, from = '', to = ''] of source.matchAll(/^ *(\w+)(?:\[.*?\])? --> (\w+)/gm)) {
    graph.setEdge(from, to)
  }
  layout(graph)

  const { width, height } = graph.graph() as { width: number; height: number }
  const boxes = graph.nodes().map((id) => drawBox(graph.node(id) as unknown as Box))
  const arrows = graph.edges().map((edge) => {
    const { points } = graph.edge(edge) as unknown as { points: { x: number; y: number }[] }
    const path = points.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="var(--vp-c-text-3)" marker-end="url(#arrow)"/>`
  })
  const arrow =
    '<marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z" fill="var(--vp-c-text-3)"/></marker>'
  return `<div style="overflow-x:auto"><svg role="img" aria-label="A diagram of what the text around it describes" viewBox="0 0 ${Math.ceil(width)} ${Math.ceil(height)}" style="min-width:600px;width:100%"><defs>${arrow}</defs>${arrows.join('')}${boxes.join('')}</svg></div>`
}

/** Breaks an explanation into lines of at most 17 letters. */
const wrap = (text: string): string[] => text.match(/\S.{0,16}(?= |$)/g) ?? []

function drawBox({ lines, x, y, width, height }: Box): string {
  const texts = lines.map((line, index) => {
    const place = y - height / 2 + PADDING / 2 + (index + 0.72) * LINE
    const look =
      index === 0
        ? 'font-size="13" font-weight="600" fill="var(--vp-c-text-1)"'
        : 'font-size="12" fill="var(--vp-c-text-2)"'
    return `<text x="${x.toFixed(1)}" y="${place.toFixed(1)}" text-anchor="middle" ${look}>${line}</text>`
  })
  return `<rect x="${(x - width / 2).toFixed(1)}" y="${(y - height / 2).toFixed(1)}" width="${width.toFixed(1)}" height="${height}" rx="6" fill="var(--vp-c-bg-soft)" stroke="var(--vp-c-divider)"/>${texts.join('')}`
}
