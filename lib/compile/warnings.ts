import type { Warning } from '../types/options.ts'
import type { Parts } from './parts.ts'

/** Say what can be seen in the chain. */
export const warnAtBuild = ({ onConnect, authorizer }: Parts, warn: (warning: Warning) => void): void => {
  if (onConnect || authorizer) return
  warn({
    code: 'OPEN_DOOR',
    message: 'Anybody can connect: there is no .onConnect() and no .authorizer().',
    fix: 'Declare one of them, or say that it is meant: .onConnect(() => accept()).',
  })
}
