import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, inject, test } from 'vitest'
import type { LedgerDefinition } from '../../src/index.ts'
import { booksOf, makeFile } from '../support/batch.ts'
import { daybook as runDaybook } from '../support/command-line.ts'
import { useDatabase } from '../support/database.ts'
import { makeFolder } from '../support/temporary-folder.ts'

const definition = {
  fields: {
    account: {
      branch: { type: 'String', enum: ['NORTH', 'SOUTH'] },
      openedOn: 'Date',
      vip: 'Boolean',
      note: 'String',
      factor: 'Decimal128',
      score: 'Number',
    },
    transfer: {
      tenantId: { type: 'Int32', compare: true, required: true },
      share: 'Decimal128',
      dueOn: 'Date',
      purpose: { type: 'String' },
    },
  },
} as const satisfies LedgerDefinition

const { connection, Account, Transfer } = useDatabase({ ledger: definition })

const uriOf = () => inject('mongodbUri').replace(/\/(\?|$)/, `/${connection.name}$1`)

let ledger: string
beforeEach(async () => {
  ledger = join(await makeFolder(), 'ledger.json')
  await writeFile(ledger, JSON.stringify(definition))
})

/** Runs a command with the definition in a file, and returns what it printed. It must end with this exit code. */
const daybook = async (parameters: readonly string[], expected = 0): Promise<string> => {
  const { exitCode, stdout, stderr } = await runDaybook(uriOf(), [
    ...parameters,
    '--ledger',
    ledger,
  ])
  expect({ exitCode, stderr }).toEqual({ exitCode: expected, stderr: expect.any(String) as string })
  return expected === 0 ? stdout : stdout + stderr
}

const ACCOUNTS = `{"accountId":"A","holder":"Ada","currency":"USD","openingBalance":"100","branch":"NORTH","openedOn":"2020-05-17","vip":true,"note":"  x, y ","factor":"0.0000001","score":1e-7,"metadata":{"level":2}}
{"accountId":"B","holder":"Bob","currency":"USD","branch":"SOUTH"}
`

const seedAccounts = async () => {
  await daybook(['seed', '--file', await makeFile('accounts.jsonl', ACCOUNTS)])
}

describe('own fields in files of accounts', () => {
  test('are read from JSON and from the columns of a table, and may be the text that the options have', async () => {
    await seedAccounts()
    const [ada] = await Account.find().lean()
    const values = {
      branch: 'NORTH',
      openedOn: new Date('2020-05-17'),
      vip: true,
      metadata: { level: 2 },
    }
    expect(ada).toMatchObject(values)
    const table = `accountId;holder;currency;branch;seit;vip;metadata\nC;Cem;EUR;NORTH;17.05.2020;true;"{""level"":2}"\n`
    const file = await makeFile('konten.csv', table)
    const parameters = ['seed', '--file', file, '--delimiter', ';']
    const refused = await daybook([...parameters, '--fields', 'openedOn={seit}'], 4)
    expect(refused).toContain('line 2: openedOn: the date "17.05.2020"')
    await daybook([...parameters, '--fields', 'openedOn=2020-05-17'])
    expect(await Account.findById('C').lean()).toMatchObject(values)
  })

  test.each([
    ['{"branch":"EAST"}', 'line 1: branch "EAST" is not one of "NORTH", "SOUTH"'],
    ['{"vip":"yes"}', 'line 1: vip "yes" is not true or false'],
    ['{"brnch":"NORTH"}', 'line 1: unknown field "brnch": expected accountId,'],
  ])('are refused as %s, with their place', async (values, message) => {
    const account = { accountId: 'A', holder: 'Ada', currency: 'USD', ...JSON.parse(values) }
    const file = await makeFile('accounts.jsonl', `${JSON.stringify(account)}\n`)
    expect(await daybook(['seed', '--file', file], 4)).toContain(message)
  })
})

describe('own fields in files of transfers', () => {
  beforeEach(seedAccounts)

  test('are columns with their names, or texts of the options, in the spelling of the file', async () => {
    const table =
      'id;from;to;amount;share;purpose;Mandant;Termin;Art\n1;A;B;5;1,50;rent;7;17.05.2026;x\n2;A;B;1;;;8;;y\n'
    const file = await makeFile('transfers.csv', table)
    const options = ['--delimiter', ';', '--decimal', ',', '--date-format', 'dd.MM.yyyy', '--keep']
    const fields = ['--fields', 'tenantId={Mandant},dueOn={Termin}']
    await daybook(['replay', file, ...options, ...fields, '--dry-run'])
    expect(await Transfer.countDocuments()).toBe(0)
    await daybook(['replay', file, ...options, ...fields])
    const [first, second] = await Transfer.find().sort({ _id: 1 }).lean()
    expect(first).toMatchObject({
      tenantId: 7,
      dueOn: new Date('2026-05-17'),
      purpose: 'rent',
      metadata: { Mandant: '7', Termin: '17.05.2026', Art: 'x' },
    })
    expect(JSON.stringify(first)).toContain('"share":{"$numberDecimal":"1.5"}')
    expect(first).not.toHaveProperty('reference')
    expect(Object.keys(second ?? {})).not.toContain('share')
  })

  test('are refused line by line, and the file if the options name a field that the ledger does not have', async () => {
    const file = await makeFile(
      't.csv',
      'id,from,to,amount,tenantId\n1,A,B,1,7\n2,A,B,1,x\n3,A,B,1,\n',
    )
    const unknown = await daybook(['replay', file, '--fields', 'tenant={tenantId}'], 64)
    expect(unknown).toContain(
      '--fields names "tenant", which is not a field of the ledger’s own: use one of tenantId',
    )
    await daybook(['replay', file], 5)
    const batch = await daybook(['batches', 't.csv'])
    expect(batch).toContain('tenantId "x" is not a whole number of 32 bits')
    expect(batch).toContain('tenantId is missing: expected a whole number of 32 bits')
  })

  test('are keys of JSON, also of what a transform passes on', async () => {
    const file = await makeFile(
      't.jsonl',
      '{"id":"1","from":"A","to":"B","amount":1,"tenantId":7,"share":0.25}\n',
    )
    const transform = await makeFile(
      't.mjs',
      'export const transform = (record, { request }) => ({ ...request, purpose: "x" })',
    )
    await daybook(['replay', file, '--transform', transform])
    expect(await Transfer.findById('1').lean()).toMatchObject({ tenantId: 7, purpose: 'x' })
  })
})

describe('own fields of accounts that a file opens', () => {
  test('are texts of the options, and those that are required must be there', async () => {
    const required = { branch: { type: 'String', required: true }, openedOn: 'Date' }
    const { transfer } = definition.fields
    const text = JSON.stringify({ fields: { account: required, transfer } })
    const other = await makeFile('ledger.json', text)
    const posted = await makeFile('t2.csv', 'id,from,to,amount,tenantId,Filiale\n1,A,B,5,7,NORTH\n')
    const [accountTexts, limit] = [
      'fields.branch={Filiale},fields.openedOn=2020-05-17',
      'from.overdraftLimit=9',
    ]
    const open = ['--currency', 'USD', '--open-missing', `${accountTexts},${limit}`]
    const formats = ['formats', 'try', posted, '--ledger', other]
    expect((await runDaybook('', formats)).stdout).toMatch(/reference +tenantId\n.* 7\n/)
    const unknown = ['replay', posted, '--open-missing', 'fields.brunch=x', '--ledger', other]
    expect(await runDaybook(uriOf(), unknown)).toMatchObject({ exitCode: 64 })
    const withoutFields = ['replay', posted, '--currency', 'USD', '--open-missing', limit]
    await runDaybook(uriOf(), [...withoutFields, '--as', 'first', '--ledger', other])
    expect(await daybook(['batches', 'first'])).toContain('cannot be opened: branch is missing')
    await runDaybook(uriOf(), ['replay', posted, ...open, '--ledger', other])
    const values = { branch: 'NORTH', openedOn: new Date('2020-05-17') }
    expect(await Account.find().lean()).toMatchObject([values, values])
  })
})

describe('own fields on the command line', () => {
  beforeEach(seedAccounts)

  test('are given with --fields, and shown by account, transfer and statement', async () => {
    await daybook([
      'account',
      'open',
      'C',
      '--holder',
      'C',
      '--currency',
      'USD',
      '--fields',
      'branch=SOUTH,vip=false',
    ])
    const shown = await daybook(['account', 'show', 'C'])
    expect(shown).toMatch(/branch +SOUTH/)
    expect(shown).toMatch(/vip +false/)
    expect(await daybook(['account', 'show', 'A'])).toMatch(/factor +0\.0000001\n/)
    expect(await daybook(['account', 'show', 'A'])).toMatch(/metadata level +2/)
    const transfer = ['transfer', 'A', 'B', '1', '--id', 'T1']
    expect(await daybook(transfer, 4)).toContain('INVALID_FIELD')
    expect(await daybook([...transfer, '--fields', 'tenant=7'], 64)).toContain(
      '--fields names tenant, but',
    )
    const fields = ['--fields', 'tenantId=7,share=0.00000010,dueOn=2026-05-17']
    expect(await daybook([...transfer, ...fields, '--json'])).toContain('"share":"0.0000001"')
    const table = await daybook(['statement', 'A'])
    expect(table).toMatch(
      /balance +tenantId +share +dueOn +purpose +reference\n.* 7 +0\.0000001 +2026-05-17T00:00:00\.000Z\n?$/,
    )
    expect(await daybook(['statement', 'A', '--csv'])).toContain(
      ',7,0.0000001,2026-05-17T00:00:00.000Z,',
    )
    const [entry] = JSON.parse(await daybook(['statement', 'A', '--json'])) as unknown[]
    expect(entry).toMatchObject({
      tenantId: 7,
      share: '0.0000001',
      dueOn: '2026-05-17T00:00:00.000Z',
    })
  })
})

describe('own fields in an export', () => {
  test.each(['csv', 'jsonl'])('come back by a restore from %s', async (format) => {
    await seedAccounts()
    const values = {
      tenantId: 7,
      share: '0.0000001',
      dueOn: new Date('2026-05-17'),
      purpose: ' "x", y ',
    }
    const request = { transferId: 'T1', from: 'A', to: 'B', amount: '1', ...values }
    await Account.transfer(request)
    await Account.transfer({ ...request, transferId: 'T2', share: undefined } as never)
    await Transfer.reverse('T1')
    const before = await booksOf(connection)
    const folder = await makeFolder()
    const [accounts, transfers] = [join(folder, `a.${format}`), join(folder, `t.${format}`)]
    await daybook(['export', '--output', transfers])
    await daybook(['export', '--accounts', '--output', accounts])
    for (const name of ['accounts', 'transfers']) await connection.collection(name).deleteMany({})
    await daybook(['seed', '--file', accounts])
    await daybook(['replay', transfers, '--restore'])
    const after = await booksOf(connection)
    expect(after.accounts).toEqual(before.accounts)
    const withoutBatch = (transfer: object) => ({ ...transfer, batch: undefined })
    expect(after.transfers.map(withoutBatch as never)).toEqual(
      before.transfers.map(withoutBatch as never),
    )
    expect(await daybook(['verify'])).toContain('the books balance')
  })
})

describe('a definition that gets other fields later', () => {
  test('is pending in migrate status --check until migrate up has brought the validators up to date', async () => {
    await daybook(['migrate', 'up'])
    await daybook(['migrate', 'status', '--check'])
    const { account, transfer } = definition.fields
    const fields = { account, transfer: { ...transfer, score: 'Number' } }
    await writeFile(ledger, JSON.stringify({ fields }))
    expect(await daybook(['migrate', 'status', '--check'], 2)).toContain(
      'the validators of transfers are not up to date: daybook migrate up updates them',
    )
    expect(await daybook(['verify'], 1)).toContain('has another validator')
    await daybook(['migrate', 'up'])
    await daybook(['migrate', 'status', '--check'])
    expect(await daybook(['verify'])).toContain('the books balance')
  })

  test('has its index from the migration of docs/own-fields.md', async () => {
    const page = await readFile(new URL('../../docs/own-fields.md', import.meta.url), 'utf8')
    const [migration = ''] = /import type \{ MigrationParameters[\s\S]*?(?=```)/.exec(page) ?? []
    const folder = await makeFolder()
    await writeFile(join(folder, '20260101000000-index-tenants.ts'), migration)
    await daybook(['migrate', 'up', '--migrations', folder])
    const plan = await Transfer.find({ tenantId: 7 } as never)
      .sort({ postedAt: -1 })
      .explain()
    expect(JSON.stringify(plan)).toContain('"indexName":"tenantId_1_postedAt_-1"')
    expect(await daybook(['verify'])).toContain('the books balance')
    await daybook(['migrate', 'down', '--migrations', folder, '--force'])
    expect(Object.keys(await Transfer.collection.indexInformation())).not.toContain(
      'tenantId_1_postedAt_-1',
    )
  })

  test('makes verify report values of another type', async () => {
    await seedAccounts()
    const options = { bypassDocumentValidation: true }
    await Account.collection.updateOne({ _id: 'A' } as never, { $set: { vip: 'yes' } }, options)
    expect(await daybook(['verify'], 1)).toContain(
      'account A has the vip "yes" (string), which is not of the type Boolean',
    )
  })
})
