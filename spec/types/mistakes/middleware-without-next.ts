import type { Middleware } from '../ws.ts'

// @mistake
export const withUser: Middleware<{ user: string }> = async (_, next) => {
  await next({ user: 'Ann' })
}
