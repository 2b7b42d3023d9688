export {
  type AccessOptions,
  type AccessSettings,
  checkAccess,
  openAccess,
  type RegistryAccess,
} from './access.js'
export { type Certificate, type CertificateFiles, watchCertificate } from './certificate.js'
export { tokenPath } from './signed-gate.js'
export type { TokenEndpoint } from './token/endpoint.js'
