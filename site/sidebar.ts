/** The pages of the site in the order of its sidebar: each document of the project, with its name there. */
export const SECTIONS: readonly { text: string; pages: Readonly<Record<string, string>> }[] = [
  {
    text: 'Start here',
    pages: {
      'README.md': 'Overview',
      'docs/code.md': 'Use from code',
      'docs/commands.md': 'Use the command line',
      'docs/program.md': 'Give it a place in your program',
      'docs/troubleshooting.md': 'Troubleshooting',
    },
  },
  {
    text: 'Guides',
    pages: {
      'docs/seed.md': 'Seed a database',
      'docs/replay.md': 'Replay a bank’s file',
      'docs/testing.md': 'Test with vitest, jest, node:test',
      'docs/projects.md': 'CommonJS, TypeScript, Nest, Next',
      'docs/http.md': 'Answer refusals over HTTP',
      'docs/own-fields.md': 'Add fields of your own',
      'docs/plugins.md': 'Mongoose plugins',
      'docs/migrations.md': 'Migrate, or adopt a database',
      'docs/export.md': 'Export and restore',
      'docs/servers.md': 'Run on a replica set or Atlas',
      'docs/mongod.md': 'Where mongod comes from',
    },
  },
  {
    text: 'Reference',
    pages: {
      'docs/command-reference.md': 'Commands',
      'docs/records.md': 'Records',
      'docs/refusals.md': 'Refusals',
      'docs/files.md': 'Files of transfers',
      'docs/rights.md': 'Rights',
      'seeds/README.md': 'Seed data',
    },
  },
  {
    text: 'Explanation',
    pages: {
      'docs/holds.md': 'Holds',
      'docs/groups.md': 'Groups and exchanges',
      'docs/verify.md': 'Verify',
      'docs/scaling.md': 'Beyond one machine',
      'docs/report.md': 'Reports',
    },
  },
  {
    text: 'Project',
    pages: {
      'CHANGELOG.md': 'Changelog',
      'SECURITY.md': 'Security',
      'ARCHITECTURE.md': 'Architecture',
      'CONTRIBUTING.md': 'Contributing',
    },
  },
]
