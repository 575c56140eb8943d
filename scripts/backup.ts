import { copyCommand, COPY_HELP, copyOut } from './copies/making.ts'

const command = copyCommand(
  'backup',
  'Copies the history, the keyring, the vault and all blobs into a directory. The documents are not in it: they are made again out of the history.',
)
  .addHelpText('after', COPY_HELP)
  .parse()

const { to, json } = command.opts<{ readonly to: string; readonly json?: true }>()

process.exitCode = await copyOut(to, json === true, { keys: true, vault: true })
