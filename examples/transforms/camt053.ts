import type { FoundRecord, TextFile, TransformFunction } from 'daybook'
import { SaxesParser } from 'saxes'

/** The texts of one entry by their path within it, such as `Amt` and `NtryDtls/TxDtls/RltdPties/Cdtr/Nm`. */
type Entry = Record<string, string>

/** Finds the entries of camt.053, the account statement of ISO 20022, however long the file is. */
export async function* read(file: TextFile): AsyncGenerator<FoundRecord> {
  const parser = new SaxesParser()
  const path: string[] = []
  let found: FoundRecord[] = []
  let entry: { line: number; record: Entry } | undefined
  let account = ''
  const inEntry = () => path.slice(path.indexOf('Ntry') + 1).join('/')
  parser.on('opentag', ({ name, attributes }) => {
    const tag = name.replace(/^.*:/, '')
    path.push(tag)
    if (tag === 'Ntry') entry = { line: parser.line, record: { account } }
    if (tag === 'Amt' && entry && inEntry() === 'Amt') entry.record.currency = attributes.Ccy ?? ''
  })
  parser.on('text', (text) => {
    if (path.slice(-4).join('/') === 'Stmt/Acct/Id/IBAN') account = text
    else if (entry && text.trim() !== '') {
      const name = inEntry()
      entry.record[name] = (entry.record[name] ?? '') + text
    }
  })
  parser.on('closetag', () => {
    if (path.pop() !== 'Ntry' || !entry) return
    found.push(entry)
    entry = undefined
  })
  for await (const piece of file.text()) {
    parser.write(piece)
    yield* found
    found = []
  }
  parser.close()
}

export const transform: TransformFunction<Entry> = (entry) => {
  if ((entry['Sts/Cd'] ?? entry.Sts) !== 'BOOK') return null
  const { account = '', currency, Amt: amount = '', CdtDbtInd: direction } = entry
  const party = (role: string) => entry[`NtryDtls/TxDtls/RltdPties/${role}Acct/Id/IBAN`]
  const isOutgoing = direction === 'DBIT'
  const counterparty = party(isOutgoing ? 'Cdtr' : 'Dbtr') ?? 'WORLD'
  return {
    transferId: entry.AcctSvcrRef,
    from: isOutgoing ? account : counterparty,
    to: isOutgoing ? counterparty : account,
    amount,
    currency,
    reference: entry['NtryDtls/TxDtls/RmtInf/Ustrd'],
    effectiveAt: new Date(entry['ValDt/Dt'] ?? ''),
  }
}
