import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type DefaultTheme, defineConfig } from 'vitepress'
import { pageOf, writePages } from '../pages.ts'
import { SECTIONS } from '../sidebar.ts'

const project = fileURLToPath(new URL('../..', import.meta.url))
const pages = fileURLToPath(new URL('../pages', import.meta.url))

writePages(project, pages)

const linkTo = (path: string): string => `/${pageOf(path).replace(/\.md$/, '')}`

const documents: DefaultTheme.SidebarItem[] = SECTIONS.map((section) => ({
  text: section.text,
  items: Object.entries(section.pages).map(([path, text]) => ({ text, link: linkTo(path) })),
}))

const api = JSON.parse(
  readFileSync(`${pages}/api/typedoc-sidebar.json`, 'utf8'),
) as DefaultTheme.SidebarItem[]

export default defineConfig({
  title: 'Daybook',
  description: 'Bank accounts and transfers on MongoDB, for TypeScript',
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
      { text: 'Commands', link: '/commands' },
      { text: 'Refusals', link: '/refusals' },
      { text: 'API', link: '/api/' },
    ],
    sidebar: { '/': documents, '/api/': [{ text: 'Docs', link: '/overview' }, ...api] },
    docFooter: { prev: 'Before', next: 'Next' },
  },
})
