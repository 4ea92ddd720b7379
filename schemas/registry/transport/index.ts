/** How requests get to a registry: addresses, TLS, logins, limits, and the words for what fails. */
export { type Answer, RegistryHttp } from './http.ts'
