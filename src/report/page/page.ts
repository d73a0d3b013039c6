import type { Report } from '../report.ts'
import { accountSections } from './account-page.ts'
import { batchSections } from './batch-page.ts'
import { booksSections } from './books-page.ts'
import { Html, html } from './html.ts'
import { PAGE_START } from '../report-file.ts'
import { moment } from './parts.ts'
import type { Sections } from './sections.ts'
import { STYLE } from './style.ts'

export async function reportPage(report: Report): Promise<string> {
  const { title, about, content } = await sectionsOf(report)
  const kind = { batch: 'Batch', account: 'Account', books: 'Books' }[report.kind]
  return html`${new Html(PAGE_START)}
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${kind}: ${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<header><p class="kind">${kind} · Daybook report</p><h1>${title}</h1><p class="about">${about}</p></header>
${content}
<footer>Made ${moment(report.madeAt)} UTC from the database ${report.database}. All times are UTC. Amounts of different currencies are never added. Charts are rounded; tables are exact.</footer>
</main>
</body>
</html>
`.text
}

function sectionsOf(report: Report): Promise<Sections> {
  switch (report.kind) {
    case 'batch':
      return batchSections(report)
    case 'account':
      return accountSections(report)
    case 'books':
      return booksSections(report)
  }
}
