import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { commandPage, pageOf, writePages } from '../pages.ts'
import { SECTIONS } from '../sidebar.ts'
import { drawFlowchart } from './flowchart.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const pages = fileURLToPath(new URL('../pages', import.meta.url))

const commands = writePages(project, pages, drawFlowchart)

const linkTo = (page: string): string => `/${page.replace(/\.md$/, '')}`

const itemOf = ([path, text]: [path: string, text: string]): DefaultTheme.SidebarItem => ({
  text,
  link: linkTo(pageOf(path)),
  ...(path === 'docs/command-reference.md' && {
    collapsed: true,
    items: commands.map((name) => ({ text: name, link: linkTo(commandPage(name)) })),
  }),
})

const documents: DefaultTheme.SidebarItem[] = SECTIONS.map((section) => ({
  text: section.text,
  items: Object.entries(section.pages).map(itemOf),
}))

const api = JSON.parse(
  readFileSync(`${pages}/api/typedoc-sidebar.json`, 'utf8'),
) as DefaultTheme.SidebarItem[]

/** An open book. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#5672cd" d="M1 2h5l2 1.5L10 2h5v11h-5l-2 1.5L6 13H1z"/><path stroke="#fff" d="M8 4v9M3 5h3M3 8h3M10 5h3M10 8h3"/></svg>'

export default defineConfig({
  title: 'Daybook',
  description: 'Bank accounts and transfers on MongoDB, for TypeScript',
  head: [
    ['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }],
    // Names of options stay on one line.
    ['style', {}, '.vp-doc td:first-child code { white-space: nowrap }'],
  ],
  srcDir: 'pages',
  outDir: 'dist',
  markdown: {
    // As on GitHub, so that links to headings work there and here.
    anchor: {
      slugify: (heading) =>
        heading
          .toLowerCase()
          .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
          .replaceAll(' ', '-'),
    },
  },
  // The index of the search.
  vite: { build: { chunkSizeWarningLimit: 2000 } },
  themeConfig: {
    search: { provider: 'local' },
    outline: [2, 3],
    nav: [
      { text: 'Docs', link: '/overview' },
      { text: 'Commands', link: '/command-reference' },
      { text: 'Refusals', link: '/refusals' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: { '/': documents, '/api/': api },
    docFooter: { prev: 'Previous', next: 'Next' },
  },
})
