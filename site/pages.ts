import {
  copyFileSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, extname, join, relative } from 'node:path/posix'
import { SECTIONS } from './sidebar.ts'

const TITLES = new Map(SECTIONS.flatMap(({ pages }) => Object.entries(pages)))

/** This document becomes a page for each command. */
const COMMANDS = 'docs/command-reference.md'

const ABOUT_EXAMPLES =
  'The examples of all commands run one after another, on [these books](command-reference.md#the-books-of-the-examples).'

const PICTURES = new Set(['.png', '.svg'])

/** The page of a document or an example, from the folder of pages. */
export function pageOf(path: string): string {
  if (path === 'README.md') return 'overview.md'
  if (path === 'seeds/README.md') return 'seeds.md'
  if (path.startsWith('examples/')) return `${path.replace(/\/$/, '')}.md`
  return path.replace(/^docs\//, '').toLowerCase()
}

/**
 * Writes the pages of the site into the folder `pages`: the project's documents, a page for each command, and each
 * example that they name. Their links lead to pages in place of files. The folder's `api` is left, which typedoc
 * writes. Returns the names of the commands.
 */
export function writePages(
  project: string,
  pages: string,
  drawFlowchart: (source: string) => string,
): string[] {
  const write = (page: string, text: string): void => {
    mkdirSync(dirname(join(pages, page)), { recursive: true })
    writeFileSync(join(pages, page), text)
  }
  const examples = new Set<string>()

  /** The link from a page to what is at a path of the project. */
  const linkTo = (page: string, target: string): string => {
    const to = (place: string): string => {
      const path = relative(dirname(page), place)
      return path.startsWith('.') ? path : `./${path}`
    }
    if (PICTURES.has(extname(target))) {
      mkdirSync(dirname(join(pages, target)), { recursive: true })
      copyFileSync(join(project, target), join(pages, target))
      return to(target)
    }
    if (target.startsWith('examples/')) examples.add(target)
    else if (!TITLES.has(target)) throw new Error(`a document names ${target}, which has no page`)
    return to(pageOf(target))
  }

  /** The text of a page from that of a document. A link whose text is a path gets the title of its page. */
  const pageText = (page: string, document: string, text: string): string => {
    const linked = outsideCode(text, (part) =>
      part.replaceAll(
        /(?:\[([^[\]]*))?\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)/g,
        (_, name: string | undefined, path: string, anchor = '') => {
          const target = join(dirname(document), path)
          const shown = /\.md$|^README$/.test(name ?? '') ? (TITLES.get(target) ?? name) : name
          return `${shown === undefined ? '' : `[${shown}`}](${linkTo(page, target)}${anchor})`
        },
      ),
    )
    return (
      linked
        .replaceAll(/^```mermaid\n([^]*?)^```$/gm, (_, chart: string) => drawFlowchart(chart))
        // A block that is a file has a tab with its name.
        .replaceAll(
          /^```(\w+) ([\w./-]+)\n([^]*?)^```$/gm,
          '::: code-group\n```$1 [$2]\n$3```\n:::',
        )
    )
  }

  /** Writes a page for each command, and one with what is common to them and their list. */
  const writeCommands = (text: string): string[] => {
    const [start = '', ...sections] = text.split(/^## /m)
    const names = sections.map((section) => section.slice(0, section.indexOf('\n')))
    const list = sections.map((section, index) => {
      const page = commandPage(names[index] ?? '')
      write(page, pageText(page, COMMANDS, `# daybook ${section}\n${ABOUT_EXAMPLES}\n`))
      const [, purpose = ''] = /^```\n\n(.+)$/m.exec(section) ?? []
      return `- [${names[index]}](./${page}): ${purpose.charAt(0).toLowerCase()}${purpose.slice(1)}`
    })
    const [about = '', books = ''] = start.split(/^(?=### )/m)
    const page = pageOf(COMMANDS)
    const parts = [about, books.slice(1)].map((part) => pageText(page, COMMANDS, part))
    write(page, parts.join(`${list.join('\n')}\n\n`))
    return names
  }

  let commands: string[] = []
  for (const document of TITLES.keys()) {
    const text = readFileSync(join(project, document), 'utf8')
    if (document === COMMANDS) commands = writeCommands(text)
    else write(pageOf(document), pageText(pageOf(document), document, text))
  }
  for (const example of examples) write(pageOf(example), examplePage(project, example))
  copyFileSync(join(project, 'site/index.md'), join(pages, 'index.md'))
  return commands
}

/** The page of a command. */
export const commandPage = (name: string): string => `commands/${name.replaceAll(' ', '-')}.md`

/** Changes a text of Markdown, but not its blocks of code. */
function outsideCode(text: string, change: (part: string) => string): string {
  return text
    .split(/^(```[^]*?^```$)/m)
    .map((part, index) => (index % 2 === 0 ? change(part) : part))
    .join('')
}

/** A page with the code of an example, or of each file of a folder. */
function examplePage(project: string, path: string): string {
  const place = join(project, path)
  if (!statSync(place).isDirectory()) return `# ${path}\n\n${codeBlock(place)}`
  const files = readdirSync(place).map((file) => `## ${file}\n\n${codeBlock(join(place, file))}`)
  return `# ${path.replace(/\/$/, '')}\n\n${files.join('\n')}`
}

function codeBlock(file: string): string {
  const language = extname(file).slice(1)
  return `\`\`\`${['ts', 'csv', 'xml'].includes(language) ? language : 'text'}\n${readFileSync(file, 'utf8').trimEnd()}\n\`\`\`\n`
}
