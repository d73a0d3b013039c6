/** The pages of the site in the order of its sidebar: each document of the project, with its name there. */
export const SECTIONS: readonly { text: string; pages: Readonly<Record<string, string>> }[] = [
  {
    text: 'Start here',
    pages: {
      'README.md': 'Overview',
      'docs/why.md': 'Why and when to use it',
      'docs/concepts.md': 'Concepts and words',
      'docs/recipes.md': 'Recipes',
      'docs/troubleshooting.md': 'Troubleshooting',
    },
  },
  {
    text: 'In your program',
    pages: {
      'docs/code.md': 'Use from code',
      'docs/projects.md': 'CommonJS, TypeScript, Nest, Next',
      'docs/testing.md': 'Test with vitest, jest, node:test',
      'docs/http.md': 'Answer refusals over HTTP',
      'docs/groups.md': 'Groups and exchanges',
      'docs/holds.md': 'Holds',
      'docs/program.md': 'Names of your own',
      'docs/own-fields.md': 'Fields of your own',
      'docs/plugins.md': 'Mongoose plugins',
    },
  },
  {
    text: 'On the command line',
    pages: {
      'docs/commands.md': 'Use the command line',
      'docs/seed.md': 'Seed a database',
      'docs/replay.md': 'Replay a bank’s file',
      'docs/report.md': 'Reports',
      'docs/export.md': 'Export and restore',
      'docs/migrations.md': 'Migrate, or adopt a database',
    },
  },
  {
    text: 'In production',
    pages: {
      'docs/servers.md': 'Run on a replica set or Atlas',
      'docs/rights.md': 'Rights',
      'docs/verify.md': 'Verify the books',
      'docs/scaling.md': 'Beyond one machine',
      'SECURITY.md': 'Security',
    },
  },
  {
    text: 'Reference',
    pages: {
      'docs/command-reference.md': 'Commands',
      'docs/records.md': 'Records',
      'docs/refusals.md': 'Refusals',
      'docs/files.md': 'Files of transfers',
      'docs/mongod.md': 'Where mongod comes from',
      'seeds/README.md': 'Seed data',
    },
  },
  {
    text: 'Project',
    pages: {
      'CHANGELOG.md': 'Changelog',
      'ARCHITECTURE.md': 'Architecture',
      'CONTRIBUTING.md': 'Contributing',
    },
  },
]
