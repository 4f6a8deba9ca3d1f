import { type InstancesOptions, instances } from './instances/instances.ts'
import type { Runner } from './runner.ts'

/** Run a file in instances of its own, as Lambda does. They start at once. */
export const isolated = (options: InstancesOptions): Runner => {
  const { start, invoke, kill, close } = instances(options)
  // Where it fails, so does each invocation, which says why.
  start().catch(() => {})
  return {
    keepsTime: true,
    run: async (event, context, fate) => {
      const { clock } = options
      let death: unknown
      const die = () => kill(context.awsRequestId) && fate?.died()
      try {
        return await invoke(event, context, () => {
          if (fate) death = clock.setTimeout(die, fate.ms)
        })
      } finally {
        clock.clearTimeout(death)
      }
    },
    close,
  }
}
