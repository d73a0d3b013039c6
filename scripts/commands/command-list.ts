import { type Command, isInstalled } from '../context/command.ts'

/** Adds a command to the command line: its usage, what it does, and the file that has it. */
export type Register = <Options extends object>(
  usage: string,
  describe: string,
  load: () => Promise<Command<Options>>,
) => Promise<void>

/** Registers all commands in the order of the help. */
export async function listCommands(register: Register): Promise<void> {
  await register(
    'serve',
    'run the local database until Ctrl-C, for mongosh, Compass and other commands',
    async () => (await import('./serve.ts')).serveCommand,
  )
  await register(
    'migrate <action> [name]',
    'bring the database to the state that this version and your project need',
    async () => (await import('./migrate/migrate.ts')).migrateCommand,
  )
  await register(
    'seed',
    'add accounts to work with: the same ones each time, and only those that are missing',
    async () => (await import('./seed.ts')).seedCommand,
  )
  await register(
    'generate <file>',
    'write a batch of transfers between seeded accounts, to replay',
    async () => (await import('./generate.ts')).generateCommand,
  )
  await register(
    'replay [files..]',
    'post files of transfers: each line exactly once, even if it is run again',
    async () => (await import('./replay/replay.ts')).replayCommand,
  )
  await register(
    'formats try <file>',
    'show how the first lines of a file would be read, and propose a format file',
    async () => (await import('./formats.ts')).formatsCommand,
  )
  await register(
    'batches [name]',
    'list the replayed batches with their counts, or the refusals of one batch',
    async () => (await import('./batches.ts')).batchesCommand,
  )
  await register(
    'report [batch]',
    'write a page about a batch, an account or the books, to read in a browser',
    async () => (await import('./report.ts')).reportCommand,
  )
  await register(
    'verify',
    'prove that the books balance, or list what is wrong and exit with 1',
    async () => (await import('./verify.ts')).verifyCommand,
  )
  await register(
    'statement <account>',
    'list what an account received and sent, newest first',
    async () => (await import('./statement.ts')).statementCommand,
  )
  await register(
    'balances <account>',
    'list the balances of an account by day, week, month or year',
    async () => (await import('./balances.ts')).balancesCommand,
  )
  await register(
    'account <action> <account>',
    'open an account, show it, or change its status or its overdraft limit',
    async () => (await import('./account.ts')).accountCommand,
  )
  await register(
    'export',
    'write the transfers, or the accounts, with all that is needed to post them again',
    async () => (await import('./export.ts')).exportCommand,
  )
  await register(
    'transfer <from> <to> <amount>',
    'move money from one account to another',
    async () => (await import('./transfer.ts')).transferCommand,
  )
  await register(
    'hold <from> <to> <amount>',
    'reserve money of one account for another',
    async () => (await import('./hold.ts')).holdCommand,
  )
  await register(
    'capture <id> [amount]',
    'move the money of a hold, or a part of it',
    async () => (await import('./hold.ts')).captureCommand,
  )
  await register(
    'release <id>',
    'give back what is left of a hold',
    async () => (await import('./hold.ts')).releaseCommand,
  )
  await register(
    'holds [action]',
    'list holds, or mark those that have expired',
    async () => (await import('./holds.ts')).holdsCommand,
  )
  await register(
    'exchange <from> <to> <amount>',
    'exchange money of one currency for money of another, over position accounts',
    async () => (await import('./exchange.ts')).exchangeCommand,
  )
  await register(
    'group <id>',
    'show a group of transfers, and whether it was reversed',
    async () => (await import('./group.ts')).groupCommand,
  )
  await register(
    'reverse <id>',
    'reverse a transfer with a new one in the other direction, or all of a group; possible once',
    async () => (await import('./reverse.ts')).reverseCommand,
  )
  await register(
    'doctor',
    'look at Node.js, the packages, the database and its migrations, and say what to do about what is wrong',
    async () => (await import('./doctor/doctor.ts')).doctorCommand,
  )
  await register(
    'completion',
    'print the script that completes command lines in bash and zsh',
    async () => (await import('./completion/completion.ts')).completionCommand,
  )
  await register(
    'demo',
    'migrate, seed, replay, verify and show a statement, all on the local database',
    async () => (await import('./demo.ts')).demoCommand,
  )
  // An installed package has neither: bench compares with libraries that are not dependencies of the package, and soak is
  // for those who change Daybook.
  if (!isInstalled) {
    await register(
      'bench',
      'compare Daybook with alternatives on the same server, and prove each result',
      async () => (await import('./bench.ts')).benchCommand,
    )
    await register(
      'soak',
      'use the ledger while its servers, network and clients fail, and prove what callers were told',
      async () => (await import('./soak.ts')).soakCommand,
    )
  }
}
