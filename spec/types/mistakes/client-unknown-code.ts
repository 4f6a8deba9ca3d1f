import { RemoteError } from 'ws-interlock/client'

export const isRefused = (error: unknown) =>
  // @mistake
  error instanceof RemoteError && error.code === 'FORBIDDEN'
