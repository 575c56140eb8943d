import { copyCommand, COPY_HELP, copyOut } from './copies/making.ts'

const command = copyCommand('export', 'Copies the history, and the keyring that opens it, into a directory.')
  .option('--without-keys', 'only the history: whoever gets it can check it, and never open what is sealed')
  .addHelpText('after', COPY_HELP)
  .parse()

const { to, withoutKeys, json } = command.opts<{
  readonly to: string
  readonly withoutKeys?: true
  readonly json?: true
}>()

process.exitCode = await copyOut(to, json === true, { keys: withoutKeys !== true, vault: false })
