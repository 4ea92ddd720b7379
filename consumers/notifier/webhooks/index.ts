/** Webhooks as Standard Webhooks has them: which targets are called, what is signed, and the call itself. */
export { webhookBody } from './body.ts'
export { keysOf, SecretBox } from './secret-box.ts'
export { type WebhookAnswer, type WebhookOptions, WebhookSender } from './sender.ts'
export { keyOfSecret, newSecret, signedHeaders } from './signature.ts'
export { networksOf, type TargetRules, targetCheck } from './target.ts'
