import * as v from 'valibot'
import { authorizer, ws } from '../ws.ts'

const Member = v.object({ principalId: v.string(), tenant: v.string(), admin: v.boolean() })
const auth = authorizer(Member, ({ unauthorized }) => unauthorized())

ws()
  .authorizer(auth.context)
  // @mistake
  .on('promote', ({ authorizer }) => authorizer.amdin)
