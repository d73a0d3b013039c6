import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'

const read = (name: string) => readFile(new URL(`../../${name}`, import.meta.url), 'utf8')

test.each(['transfer.ts', 'vitest.test.ts', 'node-test.ts'])(
  'README shows examples/%s as it is',
  async (name) => {
    expect(await read('README.md')).toContain(`\`\`\`ts\n${await read(`examples/${name}`)}\`\`\``)
  },
)
