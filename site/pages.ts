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

const DOCUMENTS: readonly string[] = SECTIONS.flatMap(({ pages }) => Object.keys(pages))

const PICTURES = new Set(['.png', '.svg'])

/** The page of a document or an example, from the folder of pages. */
export function pageOf(path: string): string {
  if (path === 'README.md') return 'overview.md'
  if (path === 'seeds/README.md') return 'seeds.md'
  if (path.startsWith('examples/')) return `${path.replace(/\/$/, '')}.md`
  return path.replace(/^docs\//, '').toLowerCase()
}

/**
 * Writes the pages of the site into the folder `pages`: the project's documents, and each example that they name.
 * Their links lead to pages in place of files. The folder's `api` is left, which typedoc writes.
 */
export function writePages(project: string, pages: string): void {
  const write = (page: string, text: string): void => {
    mkdirSync(dirname(join(pages, page)), { recursive: true })
    writeFileSync(join(pages, page), text)
  }
  const examples = new Set<string>()

  const linkTo = (from: string, path: string): string => {
    const target = join(dirname(from), path)
    if (PICTURES.has(extname(target))) {
      mkdirSync(dirname(join(pages, target)), { recursive: true })
      copyFileSync(join(project, target), join(pages, target))
      return `./${relative(dirname(pageOf(from)), target)}`
    }
    if (target.startsWith('examples/')) examples.add(target)
    else if (!DOCUMENTS.includes(target))
      throw new Error(`${from} names ${path}, which has no page`)
    return `./${relative(dirname(pageOf(from)), pageOf(target))}`
  }

  for (const document of DOCUMENTS) {
    const text = readFileSync(join(project, document), 'utf8')
    const linked = outsideCode(text, (part) =>
      part.replaceAll(
        /\]\((?!\w+:|#)([^)\s#]+)(#[^)\s]*)?\)/g,
        (_, path: string, anchor = '') => `](${linkTo(document, path)}${anchor})`,
      ),
    )
    write(pageOf(document), linked.replaceAll('```mermaid', '```text'))
  }
  for (const example of examples) write(pageOf(example), examplePage(project, example))
  copyFileSync(join(project, 'site/index.md'), join(pages, 'index.md'))
}

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
