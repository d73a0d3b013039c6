import { randomUUID } from 'node:crypto'
import { MongoMemoryReplSet } from 'mongodb-memory-server-core'
import { findMongod } from '../../src/engine/finding/mongod.ts'
import { makeMemoryFolder } from '../../src/testing/memory-folder.ts'

const ROOT = { customRootName: 'root', customRootPwd: randomUUID() }

/** Starts a replica set of one member with a key file and access control. */
export async function startSecuredReplicaSet() {
  const { path, version } = await findMongod()
  const folder = await makeMemoryFolder()
  const replicaSet = await MongoMemoryReplSet.create({
    binary: { systemBinary: path, version },
    replSet: { count: 1, storageEngine: 'wiredTiger', auth: { enable: true, ...ROOT } },
    instanceOpts: [
      {
        // A password takes less time to check.
        args: ['--setParameter', 'scramSHA256IterationCount=5000', '--journalCommitInterval', '10'],
        ...(folder && { dbPath: folder.path }),
      },
    ],
  })
  const address = replicaSet.getUri().replace(/^mongodb:\/\/|\/.*$/g, '')
  return {
    /** The URI of a database for a user of `admin`, or for nobody. By default for the administrator. */
    uri(database: string, user: string | undefined = `root:${ROOT.customRootPwd}`): string {
      const name = user === '' ? '' : `${user}@`
      return `mongodb://${name}${address}/${database}?replicaSet=testset${name && '&authSource=admin'}`
    },
    async stop(): Promise<void> {
      await replicaSet.stop()
      await folder?.remove()
    },
  }
}
