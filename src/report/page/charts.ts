import type * as PlotLibrary from '@observablehq/plot'
import { Html, html, shortened } from './html.ts'

/** A chart, and the table with the same numbers, exact. */
export interface Chart {
  readonly title: string
  readonly description: string
  readonly table: Html
  /** What to draw. `narrow` is for a phone. */
  readonly draw: (plot: typeof PlotLibrary, size: { narrow: boolean }) => PlotLibrary.PlotOptions
  readonly height?: number
  readonly legend?: readonly (readonly [className: string, label: string])[]
}

/** A chart, or only its table if it would have a single bar. */
export const figureOf = async (chart: Chart, id: string, bars: number): Promise<Html> =>
  bars > 1
    ? await figure(chart, id)
    : html`<h3>${chart.title}</h3>
        ${chart.table}`

/**
 * Draws a chart as SVG for a desk and for a phone, of which the page shows one. Both have the title and the description for
 * screen readers. Numbers in a chart are rounded to what can be seen.
 */
export async function figure(
  { title, description, table, draw, height = 240, legend = [] }: Chart,
  id: string,
): Promise<Html> {
  const svgs: Html[] = []
  for (const [size, width] of [
    ['desk', 940],
    ['phone', 350],
  ] as const) {
    svgs.push(
      await drawn(
        { id: `${id}-${size}`, className: size, title, description, width, height },
        draw,
      ),
    )
  }
  return html`<figure>
    <figcaption>${title}</figcaption>
    ${
      legend.length > 0 &&
      html`<p class="legend">
        ${legend.map(([className, label]) => html`<span class="${className}">${label}</span>`)}
      </p>`
    }${svgs}
    <details>
      <summary>The numbers of this chart</summary>
      ${table}
    </details>
  </figure> `
}

interface Frame {
  readonly id: string
  readonly className: string
  readonly title: string
  readonly description: string
  readonly width: number
  readonly height: number
}

async function drawn(
  { id, className, title, description, width, height }: Frame,
  draw: Chart['draw'],
): Promise<Html> {
  const [plot, { parseHTML }] = await Promise.all([
    import('@observablehq/plot'),
    import('linkedom'),
  ])
  const { document } = parseHTML('<!doctype html><html><body></body></html>')
  const narrow = className === 'phone'
  const svg = plot.plot({
    document,
    width,
    height,
    marginLeft: 52,
    marginTop: 16,
    marginRight: 12,
    className: 'chart',
    ...draw(plot, { narrow }),
  }) as unknown as SvgElement
  svg.querySelector('style')?.remove()
  svg.setAttribute('class', `chart ${className}`)
  svg.setAttribute('font-size', '12')
  svg.setAttribute('role', 'img')
  svg.setAttribute('aria-labelledby', `${id}-title ${id}-description`)
  for (const group of svg.querySelectorAll('[aria-label]')) group.removeAttribute('aria-label')
  const text = (name: string, suffix: string, content: string) => {
    const element = document.createElementNS(
      'http://www.w3.org/2000/svg',
      name,
    ) as unknown as SvgElement
    element.setAttribute('id', `${id}-${suffix}`)
    element.textContent = shortened(content)
    return element
  }
  svg.prepend(text('title', 'title', title), text('desc', 'description', description))
  return new Html(svg.outerHTML)
}

/** What is used of an element of the document without a browser. */
interface SvgElement {
  textContent: string
  readonly outerHTML: string
  remove(): void
  prepend(...elements: SvgElement[]): void
  setAttribute(name: string, value: string): void
  removeAttribute(name: string): void
  querySelector(selector: string): SvgElement | null
  querySelectorAll(selector: string): Iterable<SvgElement>
}

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 2 })

/** A number on an axis, as short as it can be: `1.2M`. */
export const shortNumber = (value: number): string => compact.format(value).replace('-', '−')

/** The axis of values, from zero. */
export const valueAxis = {
  label: null,
  grid: true,
  ticks: 4,
  nice: true,
  tickFormat: shortNumber,
} as const

/** Bars of periods, from and to a date each. `height` names the number that they show. */
export const periodBars = <Height extends string>(
  plot: typeof PlotLibrary,
  periods: readonly ({ readonly from: Date; readonly to: Date } & Readonly<
    Record<Height, number>
  >)[],
  { height, fill }: { height: Height; fill: string },
) => plot.rectY(periods, { x1: 'from', x2: 'to', y: height, fill, insetLeft: 1 })

/** The axis of time in UTC. */
export const timeAxis = (narrow: boolean) =>
  ({ type: 'utc', label: null, ticks: narrow ? 4 : 8 }) as const
