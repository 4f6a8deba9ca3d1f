import { later } from '../store/later.ts'

/** Tell the owner of a failure: see `owner.ts`, which is loaded with the first one. */
export const report: Owner['report'] = async (...given) => (await owner()).report(...given)

const owner = later(() => import('./owner.ts'))
type Owner = typeof import('./owner.ts')
