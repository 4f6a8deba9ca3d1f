export { later } from '../store/later.ts'
